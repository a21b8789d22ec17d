import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.block_terms import elements, kinds_of
from cosim.golden.codec import Operand
from cosim.golden.rounding import Target
from hdl.formats import FloatFormat, parse_format


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "int5", "sm5", "q2.6", "e2m1"])
def test_every_element_is_what_it_decodes_to(name):
    fmt = parse_format(name)
    codes = np.arange(1 << fmt.bits).astype(np.uint8)
    found = elements(codes, fmt)
    values = decode(codes, fmt).astype(float)
    assert np.array_equal(found.is_nan, np.isnan(values))
    assert np.array_equal(found.is_inf, np.isinf(values))
    finite = np.isfinite(values)
    numbers = np.ldexp(found.significand.astype(float), found.exponent)
    assert np.array_equal(numbers[finite], values[finite])
    assert np.array_equal(
        found.is_negative[finite & (values != 0)], values[finite & (values != 0)] < 0
    )


def test_kinds_of_sums_and_their_addends():
    fmt, fp16 = parse_format("e5m2"), parse_format("fp16")
    assert isinstance(fp16, FloatFormat)
    one, zero, inf = 0x3C, 0x00, 0x7C
    a = np.array([[one, inf], [zero, inf], [zero | 0x80, 0x80], [inf | 0x80, one]], np.uint8)
    b = np.array([[one, one], [one, zero], [one, one], [one, one]], np.uint8)
    nan_scale = np.array([False, False, False, True])
    kinds = kinds_of(elements(a, fmt), elements(b, fmt), nan_scale)
    assert kinds.plus_inf.tolist() == [True, False, False, False] or kinds.is_nan[1]
    assert kinds.is_nan.tolist() == [False, True, False, True]
    assert kinds.all_negative.tolist() == [False, False, True, False]
    rows = np.array([0, 2])
    addend = Operand(np.array([0xFC00, 0x8000], np.uint16), fp16)
    chosen = kinds.of(rows, addend)
    target = Target(fp16, "rne", "ieee", "ieee", integers=False)
    codes = np.array([0x3C00, 0], np.uint16)
    chosen.put_into(codes, codes == 0, target, target.nan_code)
    # Infinity less infinity, and three negative zeros.
    assert codes.tolist() == [0x7E00, 0x8000]
