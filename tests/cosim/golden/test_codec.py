"""Decoding and encoding against ml_dtypes, gfloat, numpy and exact rationals."""

import re
from fractions import Fraction

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest

from cosim.golden.codec import (
    INFINITE,
    NAN,
    NEGATIVE,
    SIGNALING,
    ZERO,
    Operand,
    as_codes,
    as_format,
    code_dtype,
    decode,
    encode,
)
from hdl.formats import FloatFormat, Format, FormatError, IntFormat, parse_format
from tests.cosim.golden.oracle import Oracle, Term, term_of

ML_DTYPES = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}

GFLOAT = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e2m3": gfloat.formats.format_info_ocp_e2m3,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
}

GFLOAT_ROUNDINGS = {
    "rne": gfloat.RoundMode.TiesToEven,
    "rna": gfloat.RoundMode.TiesToAway,
    "rtz": gfloat.RoundMode.TowardZero,
    "rup": gfloat.RoundMode.TowardPositive,
    "rdn": gfloat.RoundMode.TowardNegative,
}


def all_codes(fmt: Format) -> np.ndarray:
    return np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits))


def values_and_between(name: str) -> np.ndarray:
    """All values, the midpoints of neighbours, and float32's next ones around both."""
    values = decode(all_codes(parse_format(name)), name)
    values = np.unique(values[np.isfinite(values)])
    top = 2 * values[-1] - values[-2]
    values = np.concatenate([[-2 * top, -top], values, [top, 2 * top]])
    with np.errstate(over="ignore"):
        points = np.concatenate([values, (values[1:] + values[:-1]) / 2]).astype(np.float32)
    infinity = np.float32(np.inf)
    return np.concatenate(
        [points, np.nextafter(points, infinity), np.nextafter(points, -infinity), [-0.0]]
    ).astype(np.float32)


@pytest.mark.parametrize("name", ML_DTYPES)
def test_decoding_every_code_agrees_with_ml_dtypes(name):
    codes = all_codes(parse_format(name))
    with np.errstate(invalid="ignore"):
        expected = codes.view(ML_DTYPES[name]).astype(np.float64)
    values = decode(codes, name)
    np.testing.assert_array_equal(values, expected)
    finite = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(values[finite]), np.signbit(expected[finite]))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_encoding_values_midpoints_and_their_neighbours_agrees_with_ml_dtypes(name):
    points = values_and_between(name)
    with np.errstate(over="ignore"):
        expected = points.astype(ML_DTYPES[name]).view(code_dtype(parse_format(name).bits))
    codes = encode(points, name)
    is_nan = np.isnan(decode(expected, name))
    np.testing.assert_array_equal(codes[~is_nan], expected[~is_nan])
    assert np.isnan(decode(codes[is_nan], name)).all()


@pytest.mark.parametrize("rounding", GFLOAT_ROUNDINGS)
@pytest.mark.parametrize("name", GFLOAT)
def test_encoding_agrees_with_gfloat(name, rounding):
    points = values_and_between(name)
    codes = encode(points, name, rounding=rounding, overflow="saturate")
    for point, value in zip(points.tolist(), decode(codes, name).tolist(), strict=True):
        expected = gfloat.round_float(GFLOAT[name], point, GFLOAT_ROUNDINGS[rounding], sat=True)
        assert value == expected, point


def test_encoding_and_decoding_fp32_agrees_with_numpy():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 1 << 32, 100_000, dtype=np.uint32)
    singles = codes.view(np.float32)
    finite = np.isfinite(singles)
    np.testing.assert_array_equal(decode(codes, "fp32")[finite], singles[finite])
    np.testing.assert_array_equal(encode(singles[finite], "fp32"), codes[finite])
    doubles = decode(codes, "fp32")[finite] * (1 + rng.random(finite.sum()) * 2.0**-22)
    with np.errstate(over="ignore"):
        expected = doubles.astype(np.float32).view(np.uint32)
    np.testing.assert_array_equal(encode(doubles, "fp32"), expected)


@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize(
    "name",
    ["e5m0", "e3m0fn", "e5m0fnuz", "e1m2", "e2m1ieee", "e4m3b30fn", "e8m13", "int5", "uint3"],
)
def test_encoding_any_format_agrees_with_exact_rationals(name, rounding):
    rng = np.random.default_rng(2)
    fmt = parse_format(name)
    scale = decode(rng.integers(0, 1 << fmt.bits, 800), name).astype(np.float64)
    points = np.nan_to_num(scale, posinf=1.0, neginf=1.0) * rng.choice([1, 1.25, 1.5, 1.1], 800)
    for overflow in ("saturate",) if isinstance(fmt, IntFormat) else ("ieee", "saturate"):
        oracle = Oracle(fmt, rounding, overflow)
        codes = encode(points, name, rounding=rounding, overflow=overflow)
        for point, code in zip(points.tolist(), codes.tolist(), strict=True):
            sign = bool(np.signbit(point))
            assert code == oracle([Term(sign, Fraction(abs(point)))])[0], point


def test_encoding_infinities_nan_and_zeros():
    values = [np.inf, -np.inf, np.nan, 0.0, -0.0]
    assert encode(values, "e5m2").tolist() == [0x7C, 0xFC, 0x7E, 0x00, 0x80]
    assert encode(values, "e5m2", overflow="saturate").tolist() == [0x7B, 0xFB, 0x7E, 0x00, 0x80]
    assert encode(values, "e4m3").tolist() == [0x7F, 0x7F, 0x7F, 0x00, 0x80]
    assert encode(values, "e4m3fnuz").tolist() == [0x80, 0x80, 0x80, 0x00, 0x00]
    assert encode(values, "e2m1").tolist() == [0x7, 0xF, 0x7, 0x0, 0x8]
    assert encode(values, "int8").tolist() == [0x7F, 0x80, 0, 0, 0]
    assert encode(values, "uint8").tolist() == [0xFF, 0, 0, 0, 0]


def test_encoding_negative_values_without_a_sign_gives_zero():
    assert encode([-1.0, -np.inf, -1e9, -0.0, 2.0], "ue4m3").tolist() == [0, 0, 0, 0, 0x40]


def test_encoding_flushes_what_is_subnormal_after_rounding():
    # The smallest normal number of E4M3 is 2^-6, its ulp 2^-9: 0.96875 * 2^-6 rounds up to it.
    values = np.array([0.875, 0.96875, 1.0, -0.875]) / 64
    assert encode(values, "e4m3").tolist() == [0x07, 0x08, 0x08, 0x87]
    assert encode(values, "e4m3", subnormals="flush").tolist() == [0x00, 0x08, 0x08, 0x80]


def test_encoding_integers_of_all_sizes():
    limits = [0, 1, -1, (1 << 63) - 1, -(1 << 63), 300, -300]
    assert encode(limits, "int64").tolist() == [value % (1 << 64) for value in limits]
    assert encode(limits, "int8").tolist() == [0, 1, 0xFF, 0x7F, 0x80, 0x7F, 0x80]
    assert encode(limits, "int8", overflow="wrap").tolist() == [v % 256 for v in limits]
    unsigned = np.array([(1 << 64) - 1, 1 << 63, 7], dtype=np.uint64)
    assert encode(unsigned, "uint64").tolist() == unsigned.tolist()
    assert encode(unsigned, "int64").tolist() == [(1 << 63) - 1, (1 << 63) - 1, 7]
    # 2^64 - 1 and 2^63 in fp32: exponent fields 127 + 64 and 127 + 63.
    assert encode(unsigned[:2], "fp32").tolist() == [191 << 23, 190 << 23]
    # 2^24 + 1 is a tie that goes down to even; one more than a tie at 2^60 goes up.
    assert encode([(1 << 24) + 1], "fp32").tolist() == [151 << 23]
    assert encode([(1 << 60) + (1 << 36) + 1], "fp32").tolist() == [(187 << 23) + 1]


@pytest.mark.parametrize("name", ["e4m3", "e3m4", "e2m1", "e5m2fnuz", "fp16", "int4", "uint5"])
def test_traits_of_every_code(name):
    fmt = parse_format(name)
    codes = all_codes(fmt)
    operand = Operand(codes, as_format(fmt))
    special = operand.is_special()
    specials = [] if special is None else codes[special].tolist()
    assert specials == [c for c in codes.tolist() if term_of(c, fmt).magnitude in ("inf", "nan")]
    for code, kinds in zip(codes.tolist(), operand.traits(), strict=True):
        term = term_of(code, fmt)
        assert bool(kinds & ZERO) == (term.magnitude == 0)
        assert bool(kinds & INFINITE) == (term.magnitude == "inf")
        assert bool(kinds & NAN) == (term.magnitude == "nan")
        assert bool(kinds & SIGNALING) == term.signaling
        assert bool(kinds & NEGATIVE) == term.negative


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("name", ["e4m3", "e5m0", "bf16", "fp32", "int7", "int20", "uint32"])
def test_unpacked_and_fixed_point_values(name, flush):
    fmt = as_format(name)
    corners = [0, 1, 1 << (fmt.bits - 1)]
    if isinstance(fmt, FloatFormat):
        corners += [fmt.max_code, (1 << fmt.mantissa_bits) - 1]
    rng = np.random.default_rng(3)
    codes = np.append(rng.integers(0, 1 << fmt.bits, 200), corners).astype(code_dtype(fmt.bits))
    operand = Operand(codes, fmt, flush)
    exact = []
    for code in codes.tolist():
        magnitude = term_of(code, fmt, flush).magnitude
        sign = -1 if term_of(code, fmt).negative else 1
        exact.append(sign * magnitude if isinstance(magnitude, Fraction) else Fraction(0))
    significand, exponent = operand.unpack()
    unpacked = zip(significand.tolist(), exponent.tolist(), strict=True)
    assert [m * Fraction(2) ** e for m, e in unpacked] == exact
    lowest, largest = operand.span
    assert all(abs(value) <= largest * Fraction(2) ** lowest for value in exact)
    if largest.bit_length() < 60:
        fixed = operand.fixed_point(lowest - 2).tolist()
        assert [value * Fraction(2) ** (lowest - 2) for value in fixed] == exact


def test_codes_that_do_not_fit():
    assert as_codes([1, 15], parse_format("e2m1")).dtype == np.uint8
    with pytest.raises(ValueError, match=r"^codes of e2m1 are 0 to 15, not 1 to 16$"):
        as_codes([1, 16], parse_format("e2m1"))
    with pytest.raises(ValueError, match=r"^codes of int8 are 0 to 255, not -1 to 3$"):
        as_codes(np.array([-1, 3]), parse_format("int8"))
    with pytest.raises(ValueError, match=r"^codes of int8 are integers, not float64$"):
        as_codes([0.5], parse_format("int8"))
    assert as_codes([], parse_format("fp16")).dtype == np.uint16


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"^values to encode are integers or floats, not complex"):
        encode([1j], "int8")
    message = "rounding = 'up': for int8 it is rne or rtz or rup or rdn or rna"
    with pytest.raises(ValueError, match=f"^{message}$"):
        encode([1], "int8", rounding="up")
    message = "overflow = 'wrap': for e4m3 it is ieee or saturate"
    with pytest.raises(ValueError, match=f"^{message}$"):
        encode([1], "e4m3", overflow="wrap")
    message = "overflow = 'wrap': only where all operands are integers"
    with pytest.raises(ValueError, match=f"^{message}$"):
        encode([1.0], "int8", overflow="wrap")

    class Posit(Format):
        kind = "posit"

        @property
        def name(self) -> str:
            return "posit8"

    with pytest.raises(FormatError, match=f"^{re.escape('posit8: no golden model for posit')}"):
        as_format(Posit())
