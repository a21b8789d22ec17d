# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.fma import Fma
from hdl.formats import parse_format
from tests.hdl.simulate import settle


def fma(formats, **options):
    return Fma(*(parse_format(name) for name in formats.split()), **options)


def evaluate(unit, a, b, c, *outputs):
    return settle(unit, [{"in_valid": 1, "a": a, "b": b, "c": c}], *(outputs or ("y",)))[0]


def test_worked_e4m3_sum():
    # 1.5 * 2.5 - 4 = -0.25: 0x3C * 0x42 + 0xC8.
    assert evaluate(fma("e4m3 e4m3 e4m3 e4m3"), 0x3C, 0x42, 0xC8) == (0xA8,)


def test_single_rounding():
    # fp16: (1 + 2^-10)^2 - (1 + 2^-9) = 2^-20 exactly; rounding the product first would give 0.
    one_ulp_above_one, c = 0x3C01, 0xBC02
    unit = fma("fp16 fp16 fp16 fp16", flags=True)
    assert evaluate(unit, one_ulp_above_one, one_ulp_above_one, c, "y", "flags") == (0x0010, 0)


def test_mixed_formats():
    # int4 -8 times E2M1 0.5 plus 0.25 in fp32 = -3.75 in bf16.
    assert evaluate(fma("int4 e2m1 fp32 bf16"), 0x8, 0x1, 0x3E800000) == (0xC070,)


def test_integers_wrap_or_saturate():
    # -128 * -128 + 32767 = 49151 = -16385 modulo 2^16.
    assert evaluate(fma("int8 int8 int16 int16"), 0x80, 0x80, 0x7FFF) == (0xBFFF,)
    saturating = fma("int8 int8 int16 int16", overflow="saturate", flags=True)
    assert evaluate(saturating, 0x80, 0x80, 0x7FFF, "y", "flags") == (0x7FFF, 8)


def test_stochastic_rounding_carries_or_not():
    # 1.5 * 2.5 - 3.25 = 0.5 is exact; 1.125 * 1.125 = 1 + 2 ulp + 1/8 ulp goes up with 7 of 8.
    unit = fma("e4m3 e4m3 e4m3 e4m3", rounding="stochastic", random_bits=3)

    def rounded(a, b, c, word):
        row = {"in_valid": 1, "a": a, "b": b, "c": c, "rnd": word}
        return settle(unit, [row], "y")[0][0]

    assert [rounded(0x3C, 0x42, 0xC5, word) for word in range(8)] == [0x30] * 8
    assert [rounded(0x39, 0x39, 0x00, word) for word in range(8)] == [0x3A] * 7 + [0x3B]
    assert [rounded(0x39, 0xB9, 0x00, word) for word in range(8)] == [0xBA] * 7 + [0xBB]
    # 2^-9 * 2^-3 is an eighth of the smallest number; what is cut off keeps its sign.
    assert [rounded(0x01, 0xA0, 0x00, word) for word in range(8)] == [0x80] * 7 + [0x81]


def test_invalid_operations():
    unit = fma("e5m2 e5m2 e5m2 e5m2", flags=True)
    infinity, minus_infinity, nan = 0x7C, 0xFC, 0x7E
    assert evaluate(unit, infinity, 0, 0x3C, "y", "flags") == (nan, 8)
    assert evaluate(unit, infinity, 0x3C, minus_infinity, "y", "flags") == (nan, 8)
    assert evaluate(unit, infinity, 0, nan, "y", "flags") == (nan, 8)
    assert evaluate(unit, 0x3C, 0x3C, nan, "y", "flags") == (nan, 0)
    assert evaluate(unit, 0x3C, 0x3C, 0x7D, "y", "flags") == (nan, 8)


@pytest.mark.parametrize(
    ("formats", "options", "message"),
    [
        (
            "int32 int33 int32 int32",
            {},
            "operand format int33 has 33 bits, more than 32",
        ),
        ("e4m3 ue4m3 fp32 fp32", {}, "format ue4m3 has no sign: it is for scales, not for terms"),
        (
            "e4m3 e4m3 fp32 fp32",
            {"rounding": "up"},
            "rounding = 'up' is not one of rne, rtz, rup, rdn, rna",
        ),
        ("e4m3 e4m3 fp32 fp32", {"stages": -1}, "stages = -1 is not in 0..64"),
        (
            "e4m3 e4m3 fp32 fp32",
            {"overflow": "wrap"},
            "overflow = 'wrap' needs an integer result, not fp32",
        ),
        (
            "int8 int8 int32 int32",
            {"overflow": "ieee"},
            "overflow = 'ieee' needs a float result, not int32",
        ),
        (
            "e4m3 int8 int32 int32",
            {"overflow": "wrap"},
            "overflow = 'wrap' needs integer operands only; use 'saturate'",
        ),
    ],
)
def test_what_cannot_be_built(formats, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fma(formats, **options)
