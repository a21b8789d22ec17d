"""Limits and steps of sums, by hand."""

from cosim.coverage.sum_bins import SumBins
from cosim.coverage.sum_range import SumRange, precision_of, scaled
from gen.config import resolve


def range_of(words):
    (config,) = resolve(words.split())
    return SumRange(SumBins(config.unit, config.params_dict()))


def test_sums_count_the_lowest_bit_of_any_term():
    found = range_of("dot a=e2m1 b=e2m1 lanes=2 y=fp16 c=fp16")
    # Subnormals of E2M1 are 1/2, those of fp16 2^-24.
    assert (found.lowest, found.addend_weight) == (-24, 0)
    assert found.products == (-72 << 24, 72 << 24)
    assert found.bounds(1)[1] == (72 + 65504) << 24


def test_an_accumulator_grows_with_the_cycles():
    found = range_of("dot a=int4 b=uint2 lanes=3 y=int12 accumulate=true")
    assert found.has_cycles
    assert found.bounds(1) == (-72, 63)
    assert found.bounds(64) == (-72 * 64, 63 * 64)


def test_a_sum_lies_no_farther_from_an_addend_than_products_reach():
    found = range_of("fma a=int2 b=int2 c=e5m2 y=fp16")
    bounds = found.bounds(1)
    # In units of 2^-16: addends are 40960 and 49152, products -2 to 4.
    apart = 45000 << 16
    assert not found.is_possible(apart, apart + 1, bounds, 4 << 16)
    near = (40960 + 4) << 16
    assert found.is_possible(near, near, bounds, 4 << 16)


def test_helpers_round_up_and_count_bits():
    assert (scaled(5, 2), scaled(5, -1), scaled(-5, -1)) == (20, 3, -2)
    assert (precision_of("e4m3"), precision_of("int5")) == (4, 5)
