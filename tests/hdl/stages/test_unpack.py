from fractions import Fraction

import pytest

from hdl.formats import FloatFormat, parse_format
from hdl.stages.unpack import Unpack
from tests.hdl.simulate import settle

FIELDS = ("sign", "exponent", "significand", "is_zero", "is_inf", "is_nan", "is_invalid")


def fields(name, code, *, flush=False):
    unpack = Unpack(parse_format(name), flush=flush)
    return dict(zip(FIELDS, settle(unpack, [{"code": code}], *FIELDS)[0], strict=True))


def value(name, code):
    """Value of one finite code, straight from the definition of the format."""
    fmt = parse_format(name)
    if not isinstance(fmt, FloatFormat):
        return code - (1 << fmt.bits) if fmt.is_signed and code >> (fmt.bits - 1) else code
    mantissa = Fraction(code & ((1 << fmt.mantissa_bits) - 1), 1 << fmt.mantissa_bits)
    exponent = (code & fmt.magnitude_mask) >> fmt.mantissa_bits
    magnitude = (1 + mantissa if exponent else mantissa) * Fraction(2) ** (
        max(exponent, 1) - fmt.bias
    )
    return -magnitude if code & fmt.sign_mask else magnitude


@pytest.mark.parametrize(
    "name",
    ["e4m3", "e5m2", "e3m4", "e2m1", "e4m3fnuz", "e3m0", "e1m2", "int4", "uint5", "e2m2ieee"],
)
def test_fields_are_worth_the_code(name):
    unpack = Unpack(parse_format(name))
    codes = range(1 << unpack.fmt.bits)
    for code, row in zip(
        codes, settle(unpack, [{"code": code} for code in codes], *FIELDS), strict=True
    ):
        field = dict(zip(FIELDS, row, strict=True))
        if field["is_nan"] or field["is_inf"]:
            continue
        weight = Fraction(2) ** (field["exponent"] + unpack.range.offset)
        magnitude = field["significand"] * weight
        assert (-magnitude if field["sign"] else magnitude) == value(name, code)
        assert field["is_zero"] == (magnitude == 0)


@pytest.mark.parametrize(
    ("name", "infinities", "nans"),
    [
        # OCP FP8: E4M3 has one NaN of each sign, E5M2 follows IEEE 754.
        ("e4m3", set(), {0x7F, 0xFF}),
        ("e5m2", {0x7C, 0xFC}, {0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF}),
        ("e4m3fnuz", set(), {0x80}),
        ("e2m1", set(), set()),
        ("int4", set(), set()),
    ],
)
def test_specials(name, infinities, nans):
    unpack = Unpack(parse_format(name))
    codes = range(1 << unpack.fmt.bits)
    rows = settle(unpack, [{"code": code} for code in codes], "is_inf", "is_nan")
    assert {code for code in codes if rows[code][0]} == infinities
    assert {code for code in codes if rows[code][1]} == nans


def test_signaling_nans_have_a_clear_quiet_bit():
    assert fields("e5m2", 0x7D)["is_invalid"] == 1
    assert fields("e5m2", 0x7E)["is_invalid"] == 0
    assert fields("e4m3", 0x7F)["is_invalid"] == 0


def test_flush_takes_subnormals_for_zeros_of_their_sign():
    flushed = fields("e4m3", 0x87, flush=True)
    assert (flushed["sign"], flushed["significand"], flushed["is_zero"]) == (1, 0, 1)
    kept = fields("e4m3", 0x08, flush=True)
    assert (kept["significand"], kept["is_zero"]) == (8, 0)
