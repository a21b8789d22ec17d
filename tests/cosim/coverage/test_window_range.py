"""Bits of sums in a window, by hand and against all there are."""

from itertools import product

import pytest

from cosim.coverage.sum_bins import SumBins
from cosim.coverage.window_range import Terms, WindowRange
from gen.config import resolve
from hdl.formats import FloatFormat


def range_of(words):
    (config,) = resolve(words.split())
    return WindowRange.of(SumBins(config.unit, config.params_dict()))


def test_products_have_exponents_places_and_a_largest_significand():
    e2m1, e3m2 = FloatFormat(2, 1, 1, "none"), FloatFormat(3, 2, 3, "none")
    products = Terms.of(3, [e2m1, e3m2])
    assert (products.count, products.least, products.greatest) == (3, -2, 6)
    assert (products.fraction_bits, products.largest) == (3, 3 * 7)
    # 21/8 * 2^6, in units of 2^-5.
    assert products.bound(6, -5) == products.bound(9, -5) == 21 << 8
    assert products.bound(-3, -5) == 0


def test_a_low_bit_needs_a_small_term():
    found = range_of("dot a=fp16 b=e4m3 lanes=2 y=fp32 align=window fraction_bits=22")
    # A sum of 4 or more with E = 0 takes both products, and neither has a bit below 2^-13.
    assert found.keeps(1, 2)
    assert found.keeps((1 << 15) + 1, -13)
    assert not found.keeps((1 << 24) + 1, -22)


def test_an_addend_alone_leads_no_higher_than_its_exponent():
    found = range_of("dot a=e4m3 b=e5m2 lanes=4 y=bf16 align=window fraction_bits=8 c=bf16")
    assert found.keeps((1 << 8) + 1, 100)
    assert not found.keeps((1 << 9) + 1, 100)


@pytest.mark.parametrize("fraction_bits", [1, 2, 4])
def test_every_sum_of_small_products_is_kept(fraction_bits):
    words = f"dot a=e2m1 b=e2m0 lanes=3 y=fp16 align=window fraction_bits={fraction_bits}"
    found = range_of(words)
    # Significands in units of the last place, and exponents; (1, 0) of E2M1 is its subnormal.
    e2m1 = [(0, 0), (1, 0), *product((2, 3), range(3))]
    e2m0 = [(0, 0), *product((1,), range(3))]
    products = {(j * k, e + f) for (j, e), (k, f) in product(e2m1, e2m0)}
    for terms in product(products, repeat=3):
        largest = max((e for k, e in terms if k), default=0)
        lowest = largest - fraction_bits
        # A product counts halves: 2^(e - 1).
        total = sum(int(k * 2.0 ** (e - 1 - lowest)) for k, e in terms)
        assert total == 0 or found.keeps(total, lowest), terms
