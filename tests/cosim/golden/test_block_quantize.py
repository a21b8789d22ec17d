"""Vectors into MX blocks, against exact fractions, the block codec, and ml_dtypes."""

from fractions import Fraction
from math import ceil, inf

import ml_dtypes
import numpy as np
import pytest

from cosim.golden import decode, encode, quantize
from cosim.golden.block_quantize import (
    has_nan,
    is_undefined,
    model,
    quantize_vectors,
    schedule,
)
from hdl.formats import BlockFormat, parse_format

MX = ["mxfp8-e4m3", "mxfp8-e5m2", "mxfp6-e2m3", "mxfp6-e3m2", "mxfp4", "mxint8", "msfp12", "bfp5"]
EMAX = dict(zip(MX, (8, 15, 2, 4, 2, 0, 2, 3), strict=True))
STEPS = {
    name: sorted({abs(v) for v in decode(np.arange(1 << bits), element).tolist() if abs(v) < inf})
    for name, element, bits in (
        ("mxfp6-e2m3", "e2m3", 6),
        ("mxfp6-e3m2", "e3m2", 6),
        ("mxfp4", "e2m1", 4),
        ("mxfp8-e4m3", "e4m3", 8),
        ("mxfp8-e5m2", "e5m2", 8),
    )
}


def length_of(name):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    return fmt.length, fmt.element


def vectors(name, x, count, seed=1):
    """Numbers of widely spread exponents, as codes of x."""
    rng = np.random.default_rng(seed)
    length, _ = length_of(name)
    top = rng.integers(-140, 100, (count, 1)) if x in ("fp32", "bf16") else 4
    exponent = top - rng.integers(0, 24, (count, length))
    return encode(rng.standard_normal((count, length)) * 2.0**exponent, x)


def test_a_vector_by_hand():
    # Largest 7: scale 2^(2 - 2) = 1, 7 saturates at 6; ties 0.25 -> 0, 0.75 -> 1, 2.5 -> 2, 5 -> 4.
    numbers = np.zeros((1, 32))
    numbers[0, :8] = [7, 0.25, 0.75, 2.5, 5, -3.4, -0.2, 0.26]
    y, scale = quantize_vectors(encode(numbers, "fp16"), x_format="fp16", y_format="mxfp4")
    assert scale.tolist() == [127]
    assert y[0, :8].tolist() == [7, 0, 2, 4, 6, 0xD, 8, 1]


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_what_is_no_number_poisons_its_vector_only(special):
    numbers = np.ones((3, 32))
    numbers[1, 5] = special
    y, scale = quantize_vectors(encode(numbers, "bf16"), x_format="bf16", y_format="mxint8")
    assert scale.tolist() == [127, 255, 127]
    assert not y[1].any()
    assert (y[[0, 2]] == 64).all()


def test_zeros_have_the_least_scale():
    numbers = np.zeros((1, 32))
    numbers[0, 3] = -0.0
    y, scale = quantize_vectors(encode(numbers, "fp32"), x_format="fp32", y_format="mxfp8-e4m3")
    assert scale.tolist() == [0]
    assert y[0].tolist() == [0] * 3 + [0x80] + [0] * 28


@pytest.mark.parametrize("x", ["fp32", "bf16", "fp16", "int16"])
@pytest.mark.parametrize("name", MX)
def test_against_the_block_codec(name, x):
    codes = vectors(name, x, 60)
    y, scale = quantize_vectors(codes, x_format=x, y_format=name)
    same = quantize(decode(codes, x).astype(np.float64), name)
    assert np.array_equal(y, same.codes)
    assert np.array_equal(scale, same.scales[:, 0])


@pytest.mark.parametrize("name", MX)
def test_against_fractions(name):
    _, element = length_of(name)
    codes = vectors(name, "fp32", 12)
    y, scale = quantize_vectors(codes, x_format="fp32", y_format=name)
    for row, elements, code in zip(decode(codes, "fp32").tolist(), y, scale.tolist(), strict=True):
        exact = [Fraction(v) for v in row]
        peak = max(map(abs, exact))
        power = 0
        while Fraction(2) ** power > peak:
            power -= 1
        while Fraction(2) ** (power + 1) <= peak:
            power += 1
        assert code == max(0, power - EMAX[name] + 127)
        results = [Fraction(v) for v in decode(elements, element).tolist()]
        for value, result in zip(exact, results, strict=True):
            quotient = abs(value) / Fraction(2) ** (code - 127)
            if name in STEPS:
                steps = [Fraction(v) for v in STEPS[name]]
                nearest = min(abs(quotient - step) for step in steps)
            else:
                ulp = Fraction(1, 64) if name == "mxint8" else Fraction(1)
                nearest = min(quotient % ulp, ulp - quotient % ulp)
            saturated = abs(result) <= quotient and quotient >= 1
            assert abs(quotient - abs(result)) == nearest or saturated
            assert result == 0 or (result > 0) == (value > 0)


def test_elements_against_ml_dtypes():
    codes = vectors("mxfp4", "fp32", 500)
    y, scale = quantize_vectors(codes, x_format="fp32", y_format="mxfp4")
    scaled = decode(codes, "fp32") / decode(scale, "e8m0")[:, None]
    # Theirs saturates as well; the quotient is exact in float64.
    assert np.array_equal(y, scaled.astype(ml_dtypes.float4_e2m1fn).view(np.uint8))


QUOTIENTS = {
    "nvfp4": {"y_format": "nvfp4"},
    "vsq4": {"y_format": "vsq4"},
    "vsq4, scaled": {"y_format": "vsq4m4", "order": "scaled"},
    "vsq8": {"y_format": "vsq8m8"},
    "vsq8, scaled": {"y_format": "vsq8m16", "order": "scaled"},
}


def numbers_and_outer(fmt, x, count=40):
    """Vectors, and outer scales of few bits that suit them, so that there are ties."""
    rng = np.random.default_rng(3)
    peak = np.exp2(rng.integers(-3, 4, count) if x == "fp32" else np.full(count, 12))
    values = rng.integers(-48, 49, (count, fmt.length)) / 48 * peak[:, None]
    outer = rng.integers(8, 16, count) * 2.0 ** rng.integers(-13, -8, count) * peak
    values[: count // 2] = np.rint(values[: count // 2] / outer[: count // 2, None] * 4)
    values[: count // 2] *= outer[: count // 2, None] / 4
    return encode(values, x, overflow="saturate"), decode(encode(outer, "fp32"), "fp32")


def to_nearest_even(value):
    return Fraction(round(value))


def as_ue4m3(value):
    """The nearest scale, by brute force."""
    scales = [Fraction(v) for v in decode(np.arange(8, 127), "ue4m3").tolist()]
    best = min(range(len(scales)), key=lambda k: (abs(scales[k] - value), k % 2))
    return scales[best]


def as_e2m1(value):
    """The nearest element, by brute force."""
    steps = [Fraction(v) for v in (0, 0.5, 1, 1.5, 2, 3, 4, 6)]
    best = min(range(8), key=lambda k: (abs(steps[k] - abs(value)), k % 2))
    return steps[best] if value > 0 else -steps[best]


@pytest.mark.parametrize("x", ["fp32", "int20"])
@pytest.mark.parametrize("options", QUOTIENTS.values(), ids=QUOTIENTS)
def test_divisions_against_fractions(options, x):
    fmt = parse_format(options["y_format"])
    assert isinstance(fmt, BlockFormat)
    codes, outer = numbers_and_outer(fmt, x)
    y, scale = quantize_vectors(codes, x_format=x, outer=outer, **options)
    found = decode(y, fmt.element).astype(float).tolist(), decode(scale, fmt.scale).tolist()
    ties = 0
    rows = zip(decode(codes, x).tolist(), outer.tolist(), *found, strict=True)
    for row, factor, elements, step in rows:
        exact, unit = [Fraction(v) for v in row], Fraction(factor)
        peak = max(map(abs, exact))
        if fmt.rule == "nvfp4":
            wanted = as_ue4m3(peak / 6 / unit)
            quotients = [v / (wanted * unit) for v in exact]
            rounded = [as_e2m1(v) for v in quotients]
        else:
            top, most = 2 ** (fmt.element.bits - 1) - 1, 2**fmt.scale.bits - 1
            ideal = peak / top
            if "order" in options:
                wanted = min(Fraction(ceil(ideal / unit)), Fraction(most))
                ideal = wanted * unit
            else:
                wanted = min(to_nearest_even(ideal / unit), Fraction(most))
            quotients = [v / ideal if ideal else v for v in exact]
            rounded = [min(max(to_nearest_even(v), -top - 1), top) for v in quotients]
        assert Fraction(step) == wanted
        assert [Fraction(v) for v in elements] == rounded
        ties += sum((2 * v).denominator == 1 and v.denominator == 2 for v in quotients)
    # Of integers few are half way between two multiples of a float scale.
    assert ties > 0 or (x, fmt.rule) == ("int20", "nvfp4")


@pytest.mark.parametrize("options", QUOTIENTS.values(), ids=QUOTIENTS)
def test_divisions_against_the_block_codec(options):
    rng = np.random.default_rng(4)
    fmt = parse_format(options["y_format"])
    assert isinstance(fmt, BlockFormat)
    tensor = rng.standard_normal((200, 16)) * np.exp2(rng.integers(-4, 3, (200, 1)))
    codes = encode(tensor, "fp32")
    order = "scaled" if "order" in options else "published"
    same = quantize(decode(codes, "fp32"), fmt, order=order)
    assert same.outer is not None
    y, scale = quantize_vectors(codes, x_format="fp32", outer=same.outer.ravel(), **options)
    assert np.array_equal(y, same.codes)
    assert np.array_equal(scale, same.scales[:, 0])


def test_what_has_no_scale():
    numbers = np.ones((6, 16))
    numbers[1, 3] = np.nan
    outer = np.array([1.0, 1.0, 0.0, -1.0, np.inf, np.nan])
    for name, scale_of_one, nan in (("nvfp4", 0x23, 0x7F), ("vsq4", 0, 0)):
        codes = encode(numbers, "fp32")
        y, scale = quantize_vectors(codes, x_format="fp32", y_format=name, outer=outer)
        # 1 / 6 is nearest to 11 / 64; as an integer it is 0.
        assert scale.tolist() == [scale_of_one] + [nan] * 5
        assert (y[0] == 7).all()
        assert not y[1:].any()
        undefined = is_undefined(numbers, outer)
        assert undefined.tolist() == [False] + [True] * 5
        fmt = parse_format(name)
        assert isinstance(fmt, BlockFormat)
        assert has_nan(fmt) == (name == "nvfp4")


def test_schedule_by_hand():
    # Two rows a vector: the second vector is given up after one row.
    plan = schedule(np.array([0, 0, 0, 1, 0, 0, 0, 0]), 2)
    assert plan.due.tolist() == [False, True, True, False, True, True, True, True]
    assert plan.starts.tolist() == [0, 3, 5]
    assert plan.vector.tolist() == [0, 0, 1, 1, 2, 2]
    assert plan.row.tolist() == [0, 1, 0, 1, 0, 1]
    assert not len(schedule(np.array([]), 4).starts)


@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_rows_carry_what_whole_vectors_are(lanes):
    codes = vectors("msfp12", "bf16", 20)
    whole = {"x": "bf16", "y": "msfp12", "lanes": 16, "rounding": "rne"}
    at_once = model(whole, {"x": codes})
    rows = codes.reshape(-1, lanes) if lanes > 1 else codes.ravel()
    operands = {"x": rows, "first": np.zeros(len(rows), dtype=np.uint8)}
    answer = model(whole | {"lanes": lanes}, operands)
    due = answer.pop("out_valid", np.ones(len(rows), dtype=np.bool_))
    assert int(due.sum()) == len(rows) - (16 // lanes - 1)
    got = answer["y"][due].ravel()
    assert np.array_equal(got, at_once["y"].ravel()[: len(got)])
    repeated = np.repeat(at_once["scale"], 16 // lanes)
    assert np.array_equal(answer["scale"][due], repeated[: int(due.sum())])
