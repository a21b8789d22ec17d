import pytest

from hdl.formats import (
    FloatFormat,
    FormatError,
    IntFormat,
    parse_format,
)


@pytest.mark.parametrize(
    ("name", "bits", "bias", "max_code", "max_exponent"),
    [
        # Bias and largest finite number from the OCP FP8 and MX 1.0 specifications.
        ("e4m3", 8, 7, 0x7E, 8),
        ("e5m2", 8, 15, 0x7B, 15),
        ("e2m3", 6, 1, 0x1F, 2),
        ("e3m2", 6, 3, 0x1F, 4),
        ("e2m1", 4, 1, 0x7, 2),
        # IEEE 754-2019, table 3.5.
        ("fp16", 16, 15, 0x7BFF, 15),
        ("fp32", 32, 127, 0x7F7FFFFF, 127),
        ("bf16", 16, 127, 0x7F7F, 127),
        # ml_dtypes: the fnuz formats use the top binade.
        ("e4m3fnuz", 8, 8, 0x7F, 7),
        ("e5m2fnuz", 8, 16, 0x7F, 15),
        ("e4m3b11fnuz", 8, 11, 0x7F, 4),
        ("e3m4", 8, 3, 0x6F, 3),
    ],
)
def test_published_constants(name, bits, bias, max_code, max_exponent):
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    assert (fmt.bits, fmt.bias, fmt.max_code, fmt.max_exponent) == (
        bits,
        bias,
        max_code,
        max_exponent,
    )


@pytest.mark.parametrize(
    ("name", "nan"),
    [("e4m3", 0x7F), ("e5m2", 0x7E), ("fp16", 0x7E00), ("fp32", 0x7FC00000), ("e4m3fnuz", 0x80)],
)
def test_canonical_nan(name, nan):
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    assert fmt.nan_code == nan


@pytest.mark.parametrize(
    "name", ["e3m3", "e2m5", "e8m13ieee", "e5m0", "e1m2", "e3m4fnuz", "e4m4b9", "int3", "uint1"]
)
def test_parameterised_names_are_canonical(name):
    assert parse_format(name).name == name


@pytest.mark.parametrize(
    ("name", "alias"), [("e5m10ieee", "fp16"), ("e4m3fn", "e4m3"), ("FLOAT8_E5M2", "e5m2")]
)
def test_other_spellings(name, alias):
    assert parse_format(name).name == alias


def test_integer_ranges():
    assert (IntFormat(8).min_value, IntFormat(8).max_value) == (-128, 127)
    assert (IntFormat(4, signed=False).min_value, IntFormat(4, signed=False).max_value) == (0, 15)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("e4m9x", "unknown format 'e4m9x'; nearest: "),
        ("int1", "int1: an integer format has 2 to 64 bits"),
        ("e12m3", "e12m3: a float format has 1 to 11 exponent bits"),
        ("e8m30", "e8m30: a float format has at most 32 bits, this one 39"),
        ("e5m0ieee", "e5m0ieee: IEEE specials need 2 exponent bits and 1 mantissa bit"),
        ("e1m0fn", "e1m0fn: leaves no code for a number but zero"),
    ],
)
def test_what_is_no_format(name, message):
    with pytest.raises(FormatError) as error:
        parse_format(name)
    assert str(error.value).startswith(message)


def test_a_format_without_specials_has_no_nan_code():
    fmt = parse_format("e2m1")
    assert isinstance(fmt, FloatFormat)
    with pytest.raises(FormatError, match=r"^e2m1 has no NaN$"):
        _ = fmt.nan_code
    with pytest.raises(FormatError, match=r"^e2m1 has no infinity$"):
        _ = fmt.inf_code
