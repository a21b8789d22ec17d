"""The three ways to an exact sum give the same codes and flags."""

import numpy as np
import pytest

from cosim.golden import sum_of_products
from cosim.golden.codec import as_format
from cosim.golden.rounding import Target
from cosim.golden.sum_of_products import NO_TERM, SumOfProducts
from cosim.stimuli.sum_of_products import SumStimuli


@pytest.mark.parametrize("overflow", ["ieee", "saturate"])
@pytest.mark.parametrize("rounding", ["rne", "rdn"])
@pytest.mark.parametrize(
    "formats_and_lanes",
    [
        ("e4m3", "e4m3", "fp16", "fp16", 1),
        ("e4m3", "e2m1", "e3m2", "fp32", 5),
        ("int8", "e3m2", "int16", "e5m2", 3),
        ("uint8", "int8", "fp16", "bf16", 16),
    ],
    ids=["fp8", "fp8-fp4-dot", "mixed-dot", "integer-dot"],
)
def test_int64_two_words_and_limbs_agree(monkeypatch, formats_and_lanes, rounding, overflow):
    a, b, c, y, lanes = formats_and_lanes
    target = Target(as_format(y), rounding, overflow, "ieee", integers=False)
    compute = SumOfProducts(as_format(a), as_format(b), as_format(c), lanes, target)
    terms = SumStimuli(a, b, c, y, lanes).random(20_000, np.random.default_rng(8))
    assert terms.c is not None
    fixed = compute(*terms)
    # No sum fits into int64 as a whole, then no products either.
    monkeypatch.setattr(sum_of_products, "WORD_BITS", 0)
    two_words = compute(*terms)
    monkeypatch.setattr(sum_of_products, "_STICKY_BITS", 0)
    limbs = compute(*terms)
    for other in (two_words, limbs):
        np.testing.assert_array_equal(fixed[0], other[0])
        np.testing.assert_array_equal(fixed[1], other[1])


@pytest.mark.parametrize("subnormals", ["ieee", "flush"])
@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize(
    "formats_and_lanes",
    [
        ("e4m3", "e4m3", "e4m3", 1),
        ("e4m3", None, "fp32", 4),
        ("e5m2", "fp16", "e4m3fnuz", 2),
        ("e3m2", "e2m1", "ue4m3", 1),
        ("bf16", "fp32", "bf16", 2),
        ("int8", "int16", "int16", 4),
    ],
    ids=["fp8", "wide", "nan-for-zero", "unsigned", "too wide for float64", "integers"],
)
def test_codes_without_flags_are_the_same(monkeypatch, formats_and_lanes, rounding, subnormals):
    a, c, y, lanes = formats_and_lanes
    target = Target(as_format(y), rounding, "saturate", subnormals, integers=False)
    addend = None if c is None else as_format(c)
    compute = SumOfProducts(as_format(a), as_format(a), addend, lanes, target)
    terms = SumStimuli(a, a, c, y, lanes).random(5_000, np.random.default_rng(4))
    expected, _ = compute(*terms)
    np.testing.assert_array_equal(compute.codes(*terms), expected)
    monkeypatch.setattr(sum_of_products, "_MANY", 1)
    np.testing.assert_array_equal(compute.codes(*terms), expected)


def test_blocks_leave_no_seams():
    e5m2, fp16 = as_format("e5m2"), as_format("fp16")
    target = Target(fp16, "rne", "ieee", "ieee", integers=False)
    rows = 2 * sum_of_products._BLOCK + 1
    terms = SumStimuli("e5m2", "e5m2", "fp16", "fp16", 1).random(rows, np.random.default_rng(9))
    assert terms.c is not None
    compute = SumOfProducts(e5m2, e5m2, fp16, 1, target)
    codes, flags = compute(*terms)
    for at in (0, 1, sum_of_products._BLOCK - 1, sum_of_products._BLOCK, rows - 1):
        alone = compute(terms.a[at:][:1], terms.b[at:][:1], terms.c[at:][:1])
        assert (codes[at], flags[at]) == (alone[0][0], alone[1][0])


def test_trace_tells_how_results_came_about():
    target = Target(as_format("int8"), "rne", "saturate", "ieee", integers=False)
    e4m3 = as_format("e4m3")
    compute = SumOfProducts(e4m3, e4m3, e4m3, 1, target)
    # 1.125 * 2 + 0.25 = 2.5; 448 * 448; NaN; 1 * 1 - 1.
    a = np.array([[0x39], [0x7E], [0x7F], [0x38]], np.uint8)
    b = np.array([[0x40], [0x7E], [0x38], [0x38]], np.uint8)
    c = np.array([0x28, 0, 0, 0xB8], np.uint8)
    trace = compute.trace(a, b, c)
    codes, flags = compute(a, b, c)
    np.testing.assert_array_equal(trace.codes, codes)
    np.testing.assert_array_equal(trace.flags, flags)
    assert trace.codes.tolist() == [2, 127, 0, 0]
    assert trace.is_special.tolist() == [False, False, True, False]
    assert trace.fraction[:2].tolist() == [2, 0]
    assert trace.largest[[0, 1, 3]].tolist() == [1, 16, 0]
    value = trace.sum.value * 2.0**trace.sum.exponent
    assert value[[0, 1, 3]].tolist() == [2.5, 448.0**2, 0.0]


def test_trace_of_zeros_has_no_largest_term():
    target = Target(as_format("uint64"), "rne", "wrap", "ieee", integers=True)
    uint8 = as_format("uint8")
    compute = SumOfProducts(uint8, uint8, target.fmt, 1, target)
    zeros = np.zeros((3, 1), np.uint8)
    addends = np.array([0, 1, (1 << 64) - 1], np.uint64)
    largest = compute.trace(zeros, zeros, addends).largest
    assert largest[0] < NO_TERM
    assert largest[1:].tolist() == [0, 63]
