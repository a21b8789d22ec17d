"""Encoding against ml_dtypes, gfloat, the units' own rounder and exact rationals."""

import bisect
import re
import tracemalloc
from fractions import Fraction
from itertools import pairwise

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosim.golden import Random, codec, decode, encode
from hdl.formats import FloatFormat, FormatError, IntFormat, parse_format
from tests.cosim.golden.probes import all_codes, any_halves, any_singles, edges, finite_values

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
    "e8m0": ml_dtypes.float8_e8m0fnu,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}

GFLOAT = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e2m3": gfloat.formats.format_info_ocp_e2m3,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "q2.6": gfloat.formats.format_info_ocp_int8,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp16": gfloat.formats.format_info_binary16,
    "fp32": gfloat.formats.format_info_binary32,
    "e8m0": gfloat.formats.format_info_ocp_e8m0,
}

GFLOAT_ROUNDINGS = {
    "rne": gfloat.RoundMode.TiesToEven,
    "rna": gfloat.RoundMode.TiesToAway,
    "rtz": gfloat.RoundMode.TowardZero,
    "rup": gfloat.RoundMode.TowardPositive,
    "rdn": gfloat.RoundMode.TowardNegative,
}

ROUNDINGS = ("rne", "rtz", "rup", "rdn", "rna")

# One of every kind, with and without sign, subnormals, zeros of both signs, and room at the top.
ALL_KINDS = [
    "int5",
    "uint5",
    "sm5",
    "q3.2",
    "uq0.5",
    "e3m2",
    "e4m3",
    "e4m3fnuz",
    "ue4m3",
    "e5m0",
    "e8m0",
    "log3.2",
    "log1.4",
    "posit7es0",
    "posit8es1",
    "posit8es2",
    "posit8es3",
    "posit5es3",
    "nf4",
    "af4",
]


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ML_DTYPES)
def test_agrees_with_ml_dtypes(name, count):
    points = np.concatenate([edges(name), any_halves(), any_singles(count), [np.inf, -np.inf]])
    points = points.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = points.astype(ML_DTYPES[name])
        is_nan = np.isnan(expected.astype(np.float32))
    if name == "e8m0":
        # ml_dtypes takes all between 2^-127 and 2^-126 to the latter, however near the former.
        # IEEE 754-2019, 4.3.1: "the floating-point number nearest" shall be delivered.
        points = np.where((points > 2.0**-127) & (points < 1.5 * 2.0**-127), np.float32(1), points)
        expected = points.astype(ML_DTYPES[name])
    codes = encode(points, name)
    assert np.array_equal(codes[~is_nan], expected.view(codes.dtype)[~is_nan])
    assert np.isnan(decode(codes[is_nan], name)).all()


@pytest.mark.parametrize("count", [2_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rounding", GFLOAT_ROUNDINGS)
@pytest.mark.parametrize("name", GFLOAT)
def test_agrees_with_gfloat(name, rounding, count):
    near = [] if name == "fp32" else edges(name)[-3000:]
    points = np.concatenate([near, any_halves()[::16], any_singles(count)]).astype(np.float64)
    if name == "fp32":
        points = np.concatenate([points * (1 + 2.0**-k) for k in (24, 25, 30)])
    if name == "e8m0":
        # Out of range gfloat gives numbers that are no E8M0. Ties it takes to the even code; there
        # is no even significand: "if that is not possible, the one larger in magnitude" (IEEE
        # 754-2019, 4.3.1), which is what ml_dtypes does.
        points = points[(points >= 2.0**-127) & (points <= 2.0**127)]
        points = points[np.frexp(points)[0] != 0.75]
    codes = encode(points, name, rounding=rounding, overflow="saturate")
    mode = GFLOAT_ROUNDINGS[rounding]
    expected = gfloat.round_ndarray(GFLOAT[name], points, mode, True)
    assert np.array_equal(decode(codes, name), expected)


@pytest.mark.parametrize("name", ["e4m3", "e2m1", "fp16", "q2.6"])
def test_stochastic_agrees_with_gfloat(name):
    # Its "fastest" mode is that of hardware: the words are added below the last bit kept.
    points = np.concatenate([edges(name)[-3000:], any_halves()[::16], any_singles(20_000)])
    words = np.random.default_rng(3).integers(0, 1 << 11, points.shape)
    codes = encode(
        points, name, rounding="stochastic", overflow="saturate", random=Random(words, 11)
    )
    expected = gfloat.round_ndarray(
        GFLOAT[name],
        points.astype(np.float64),
        gfloat.RoundMode.StochasticFastest,
        True,
        srbits=words,
        srnumbits=11,
    )
    assert np.array_equal(decode(codes, name), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    "name",
    [
        "e4m3",
        "e5m2",
        "e3m4",
        "e2m1",
        "e4m3fnuz",
        "ue4m3",
        "e5m0",
        "e3m0fn",
        "e4m3b30fn",
        "e8m13",
        "fp16",
        "bf16",
        "tf32",
        "fp32",
        "int4",
        "uint8",
        "int16",
        "int24",
        "int32",
        "uint32",
    ],
)
def test_agrees_with_the_rounder_of_the_units(name, rounding, dtype):
    wide = name in ("fp32", "tf32", "e8m13", "int24", "int32", "uint32")
    near = np.random.default_rng(5).standard_normal(3000) * 3000
    points = np.concatenate(
        [any_singles(3000), near] if wide else [any_singles(3000), near, edges(name)]
    )
    points = points.astype(dtype)
    is_int = isinstance(parse_format(name), IntFormat)
    for overflow in ("saturate",) if is_int else ("saturate", "ieee"):
        for subnormals in ("ieee",) if is_int else ("ieee", "flush"):
            options = {"rounding": rounding, "overflow": overflow, "subnormals": subnormals}
            expected = codec.encode(points, name, **options)
            assert np.array_equal(encode(points, name, **options), expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    "name", ["int5", "uint5", "sm5", "q3.2", "uq0.5", "e3m2", "e8m0", "nf4", "af4"]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_between_two_neighbours_go_where_the_rounding_says(name, rounding, dtype):
    values = finite_values(name)
    exact = [Fraction(value) for value in values.tolist()]
    fmt = parse_format(name)
    unit = min(high - low for low, high in pairwise(exact))
    points = edges(name, dtype)
    points = points[(points >= values[0]) & (points <= values[-1])]
    result = decode(encode(points, name, rounding=rounding), name).tolist()
    for point, value in zip(points.tolist(), result, strict=True):
        at = Fraction(point)
        index = min(bisect.bisect_right(exact, at), len(exact) - 1)
        low, high = exact[index - 1], exact[index]
        if at == low:
            up = False
        elif at == high:
            up = True
        elif rounding in ("rup", "rdn"):
            up = rounding == "rup"
        elif rounding == "rtz":
            up = high <= 0
        else:
            middle, tie_up = (low + high) / 2, abs(high) > abs(low)
            if rounding == "rne" and fmt.kind in ("int", "sign-magnitude", "fixed"):
                tie_up = (high / unit) % 2 == 0
            elif rounding == "rne" and fmt.kind == "float":
                tie_up = encode([float(high)], name)[0] % 2 == 0
            up = at > middle or (at == middle and tie_up)
        assert value == (high if up else low), point


@pytest.mark.parametrize("name", ALL_KINDS)
def test_every_code_survives_decoding_and_encoding(name):
    codes = all_codes(name)
    values = decode(codes, name)
    fmt = parse_format(name)
    again = encode(values, name)
    if isinstance(fmt, FloatFormat):
        codes = codes[~np.isnan(values)]
        again = again[~np.isnan(values)]
    assert np.array_equal(again, codes)


@pytest.mark.parametrize(
    ("name", "rounding"),
    [
        (name, rounding)
        for name in ALL_KINDS
        for rounding in ("rne", "rtz", "rup", "rdn")
        if rounding == "rne" or not name.startswith("posit")
    ],
)
def test_is_monotone_and_idempotent(name, rounding):
    points = np.sort(np.concatenate([edges(name), any_singles(5000)]))
    if name == "e8m0":
        points = points[points > 0]
    codes = encode(points, name, rounding=rounding, overflow=None if name == "e8m0" else "saturate")
    values = decode(codes, name)
    values = values[~np.isnan(values)]
    assert (np.diff(values) >= 0).all()
    assert np.array_equal(decode(encode(values, name, rounding=rounding), name), values)


@given(st.floats(width=32, allow_nan=False), st.sampled_from(["rne", "rtz", "rna"]))
@pytest.mark.parametrize("name", ["sm5", "e3m2", "e4m3", "e4m3fnuz", "fp16", "log3.2"])
def test_is_symmetric_in_sign(name, value, rounding):
    up, down = (
        decode(encode(np.float32(x), name, rounding=rounding), name) for x in (value, -value)
    )
    assert up == -down or (np.isnan(up) and np.isnan(down))


@pytest.mark.parametrize(
    "name", ["e4m3", "int8", "sm8", "q4.4", "posit8es2", "log4.3", "nf4", "e8m0"]
)
@pytest.mark.parametrize("share", [0.4, 1 / 4096])
def test_stochastic_goes_up_as_often_as_the_distance_says(name, share):
    bits = 9
    words = np.arange(1 << bits)
    values = finite_values(name)
    index = len(values) * 5 // 8
    low, high = Fraction(values[index]), Fraction(values[index + 1])
    point = float(low + (high - low) * Fraction(share))
    codes = encode(
        np.full(1 << bits, point), name, rounding="stochastic", random=Random(words, bits)
    )
    ups = (Fraction(point) - low) / (high - low) * (1 << bits)
    went_up = decode(codes, name) == high
    assert went_up.sum() == ups.numerator // ups.denominator
    assert (np.diff(went_up.astype(int)) >= 0).all()


def test_special_values():
    values = [np.inf, -np.inf, np.nan, 0.0, -0.0, -1.0]
    assert encode(values, "e8m0").tolist() == [0xFF] * 6
    assert encode(values, "e8m0", overflow="saturate").tolist() == [0xFE, *[0xFF] * 5]
    assert encode(values, "posit8es2").tolist() == [0x80, 0x80, 0x80, 0, 0, 0xC0]
    assert encode(values, "log4.3").tolist() == [0x7F, 0xFF, 0x7F, 0, 0x80, 0xC0]
    assert encode(values, "sm8").tolist() == [0x7F, 0xFF, 0, 0, 0x80, 0x81]
    assert encode(values, "q4.4").tolist() == [0x7F, 0x80, 0, 0, 0, 0xF0]
    assert encode(values, "uq0.8").tolist() == [0xFF, 0, 0, 0, 0, 0]
    assert encode(values, "nf4").tolist() == [15, 0, 15, 7, 7, 0]


def test_e8m0_has_no_zero_to_round_to():
    tiny = [2.0**-127, 2.0**-128, 2.0**-149, 1.5 * 2.0**-127]
    assert encode(tiny, "e8m0").tolist() == [0, 0, 0, 1]
    assert encode(tiny, "e8m0", rounding="rtz").tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("name", ["posit32es2", "q16.16", "log4.3", "nf4"])
def test_integers_are_rounded_once(name):
    # Posit32 has 12 fraction bits at 2^62, so 2^49 above is a tie; float64 does not see one more.
    tie = (1 << 62) + (1 << 49)
    values = np.array([3, -7, (1 << 53) + 1, -(1 << 63), tie, tie - 1, tie + 1, -tie - 1])
    codes = encode(values, name)
    assert np.array_equal(codes[:5], encode(values[:5].astype(np.float64), name))
    assert codes[5] == codes[4]
    assert codes[6] == codes[4] + (name == "posit32es2")
    assert codes[7] == encode([-(2.0**62) - 2.0**50], name)[0]


def test_shapes_and_types():
    values = np.ones((3, 0, 2), dtype=np.float16)
    assert encode(values, "e4m3").shape == (3, 0, 2)
    assert encode(np.float64(1), "fp16").shape == ()
    assert encode([[1, 2], [3, 4]], "posit16").dtype == np.uint16
    many = np.linspace(-4, 4, 100_000).reshape(10, 100, 100)
    assert np.array_equal(encode(many, "e4m3")[3, 7], encode(many[3, 7], "e4m3"))
    column = encode(many[:, :, 0].T, "e4m3")
    assert np.array_equal(column, encode(many, "e4m3")[:, :, 0].T)


def test_ml_dtypes_arrays_are_values():
    values = np.array([1.5, -3, 0.0625], dtype=ml_dtypes.bfloat16)
    assert encode(values, "e4m3").tolist() == encode([1.5, -3, 0.0625], "e4m3").tolist()
    assert encode(np.array([-3, 7], dtype=ml_dtypes.int4), "e4m3").tolist() == [0xC4, 0x4E]


@pytest.mark.parametrize(
    ("values", "name", "options", "message"),
    [
        (
            [1.0],
            "posit8",
            {"rounding": "rtz"},
            "rounding = 'rtz': for posit8es2 it is rne or stochastic",
        ),
        ([1.0], "nf4", {"overflow": "ieee"}, "overflow = 'ieee': for nf4 it is saturate"),
        ([1.0], "int8", {"overflow": "wrap"}, "overflow = 'wrap': for int8 it is saturate"),
        ([1.0], "e4m3", {"subnormals": "no"}, "subnormals = 'no': for e4m3 it is ieee or flush"),
        ([1j], "e4m3", {}, "values are integers or floats, not complex128"),
        (
            [1.0],
            "e4m3",
            {"rounding": "stochastic"},
            "random words come with rounding = 'stochastic', and only with it",
        ),
        (
            [1],
            "int8",
            {"rounding": "stochastic", "random": Random(np.array([1]), 2)},
            "rounding = 'stochastic': not for int64 into int8",
        ),
    ],
)
def test_bad_arguments(values, name, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        encode(values, name, **options)


def test_block_formats_have_no_codes_of_single_values():
    with pytest.raises(FormatError, match=r"^mxfp4: block formats have no codes of single values$"):
        encode([1.0], "mxfp4")


@pytest.mark.parametrize("name", ["e4m3", "fp32", "posit32es2", "log4.3", "nf4"])
def test_memory_is_at_most_three_times_the_input(name):
    values = np.random.default_rng(0).standard_normal(1 << 20).astype(np.float32)
    encode(values[:100_000], name)
    tracemalloc.start()
    encode(values, name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 3 * values.nbytes
