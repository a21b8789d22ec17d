from itertools import product

import pytest

from hdl.formats import parse_format
from hdl.stages.terms import operand_range, product_range
from hdl.stages.window import CutTerm, LargestExponent, fraction_bits, window_of
from tests.hdl.simulate import settle


def test_a_window_spans_the_exponents_of_all_terms():
    # FP16 products are 2^-28 to 2^30, FP32 addends 2^-126 to 2^127: 254 exponents.
    window = window_of(23, sticky=False, exponents=[(-28, 30), (-126, 127)])
    assert (window.least, window.highest, window.bits) == (-126, 127, 8)
    assert (window.kept, window.term_bits, window.floor) == (23, 25, None)
    # BF16 products go down to 2^-252, below the least that counts.
    window = window_of(24, sticky=True, exponents=[(-252, 254)])
    assert (window.least, window.min_exponent, window.bits, window.kept) == (-252, -126, 9, 27)


def test_all_but_one_bit_of_each_factor_are_fraction():
    fp16 = operand_range(parse_format("fp16"))
    assert fraction_bits(fp16, 1) == 10
    assert fraction_bits(product_range(fp16, fp16), 2) == 20


@pytest.mark.parametrize("kind", ["serial", "tree"])
@pytest.mark.parametrize("low", [-10, -130], ids=["no floor", "floor"])
def test_absent_terms_do_not_count(low, kind):
    window = window_of(4, sticky=False, exponents=[(low + 3, low + 6), (low, low + 7)])
    # Codes count from one below the least exponent, as those of the formats do.
    unit = LargestExponent(window, (low + 2, 3), (low - 1, 4), adder="ripple", kind=kind)
    rows = list(product(range(1, 5), (0, 1), range(1, 9), (0, 1)))
    operands = [
        {"products": p, "any_product": any_p, "addend": c, "any_addend": any_c}
        for p, any_p, c, any_c in rows
    ]
    for row, (found,) in zip(rows, settle(unit, operands, "largest"), strict=True):
        p, any_p, c, any_c = row
        exponents = [low + 2 + p] * any_p + [low - 1 + c] * any_c
        assert found + window.least == max([window.min_exponent, *exponents])


@pytest.mark.parametrize("sticky", [False, True], ids=["truncated", "sticky"])
@pytest.mark.parametrize("kept", [2, 4, 9])
def test_every_distance(kept, sticky):
    # A product of 3-bit significands: 4 fraction bits.
    window = window_of(kept, sticky=sticky, exponents=[(0, 31)])
    unit = CutTerm(window, 6, 4, 5)
    rows = list(product(range(32), (0, 1, 0b000111, 0b100000, 0b110001, 0b111111)))
    operands = [{"largest": 31, "code": 31 - d, "significand": s} for d, s in rows]
    for (distance, significand), (cut,) in zip(rows, settle(unit, operands, "cut"), strict=True):
        exact = significand << (window.kept + 10)
        kept_bits = exact >> (4 + 10 + distance)
        lost = kept_bits << (4 + 10 + distance) != exact
        assert cut == kept_bits | (sticky and lost)
