"""Golden `fma` against exact rationals, and against values worked by hand."""

import re
from fractions import Fraction
from itertools import product as combinations
from typing import Any

import numpy as np
import pytest

from cosim.golden import Random, code_dtype, decode, fma, get_model
from cosim.stimuli import get_stimuli
from cosim.stimuli.operands import corner_codes
from hdl.formats import FloatFormat, FormatError, IntFormat, parse_format
from tests.cosim.golden.oracle import (
    Oracle,
    Term,
    answers,
    floor_log2,
    product,
    shown,
    term_of,
)
from tests.cosim.params import fma_params

ROUNDINGS = ["rne", "rtz", "rup", "rdn", "rna"]


def sample(operands, rows):
    return {port: codes[rows] for port, codes in operands.items()}


def assert_right(params, operands):
    result = get_model("fma")(params, operands)
    got = zip(result["y"].tolist(), result["flags"].tolist(), strict=True)
    expected = answers(params, operands)
    assert len(expected) > 0
    for row, (pair, expected_pair) in enumerate(zip(got, expected, strict=True)):
        assert pair == expected_pair, shown(params, operands, row)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("y", ["e2m1", "e4m3", "e5m2fnuz", "int4", "uint3", "fp16"])
def test_every_combination_of_e2m1(y, rounding):
    params = fma_params("e2m1", "e2m1", "e2m1", y, rounding=rounding)
    operands = get_stimuli("fma").enumerate_space(params, 0, 1 << 12)
    assert_right(params, operands)


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
@pytest.mark.parametrize("y", ["int4", "int9", "uint4"])
def test_every_combination_of_int4(y, overflow):
    params = fma_params("int4", "uint4", "int4", y, overflow=overflow)
    assert_right(params, get_stimuli("fma").enumerate_space(params, 0, 1 << 12))


def assert_all_products_right(name, addends, rounding="rne", overflow="ieee"):
    """Compare all a and b of an 8-bit format with exact rationals, for each of the addends.

    The rationals are worked out once for each pair of a different product and an addend.
    """
    fmt = parse_format(name)
    terms = [term_of(code, fmt) for code in range(256)]
    numbers: dict[Term, int] = {}
    index = np.array(
        [[numbers.setdefault(product(x, y), len(numbers)) for y in terms] for x in terms]
    )
    oracle = Oracle(fmt, rounding, overflow)
    table = np.array([[oracle([p, terms[c]]) for c in addends] for p in numbers], dtype=np.uint8)
    for a in range(256):
        y, flags = fma(
            a,
            np.arange(256)[:, None],
            addends,
            a_format=fmt,
            b_format=fmt,
            c_format=fmt,
            y_format=fmt,
            rounding=rounding,
            overflow=overflow,
        )
        expected = table[index[a]]
        np.testing.assert_array_equal(y, expected[..., 0])
        np.testing.assert_array_equal(flags, expected[..., 1])


@pytest.mark.parametrize("name", ["e4m3", "e5m2"])
def test_all_products_of_fp8_with_corners_as_addends(name):
    assert_all_products_right(name, corner_codes(name)[::2])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rounding", "overflow"), [("e4m3", "rne", "ieee"), ("e5m2", "rtz", "saturate")]
)
def test_all_2_24_operands_of_fp8(name, rounding, overflow):
    # All of both, either way: tests/regress/long.py.
    assert_all_products_right(name, np.arange(256), rounding, overflow)


WIDE = [
    ("e4m3", "e4m3", "fp32", "fp32"),
    ("e5m2", "e4m3", "fp16", "fp16"),
    ("fp16", "fp16", "fp32", "fp32"),
    ("bf16", "bf16", "bf16", "bf16"),
    ("fp32", "fp32", "fp32", "fp32"),
    ("int8", "fp16", "int32", "bf16"),
]


def assert_wide_results_right(formats, count):
    rng = np.random.default_rng(10)
    share = count // (2 * len(ROUNDINGS))
    for rounding, subnormals in combinations(ROUNDINGS, ("ieee", "flush")):
        params = fma_params(*formats, rounding=rounding, subnormals=subnormals)
        directed = get_stimuli("fma").directed(params)
        rows = rng.choice(len(directed["a"]), share // 3, replace=False)
        assert_right(params, sample(directed, rows))
        assert_right(params, get_stimuli("fma").random(params, share - share // 3, rng))


@pytest.mark.parametrize("formats", WIDE, ids="-".join)
def test_wide_results_on_random_and_corner_operands(formats):
    assert_wide_results_right(formats, 18_000)


@pytest.mark.slow
@pytest.mark.parametrize("formats", WIDE, ids="-".join)
def test_wide_results_on_1e5_operands(formats):
    assert_wide_results_right(formats, 100_000)


OPERANDS = ["int4", "int8", "uint8", "int32", "uint32", "e2m1", "e3m2", "e2m3", "e4m3", "e5m2"]
OPERANDS += ["e3m4", "e4m3fnuz", "fp16", "bf16", "tf32", "fp32"]
OPERANDS += ["e5m0", "e11m20ieee", "e4m3b30fn", "e2m29"]
RESULTS = [*OPERANDS, "int64", "uint64", "int40", "uint1"]


@pytest.mark.parametrize("seed", range(10))
def test_any_mix_of_formats_and_options(seed):
    rng = np.random.default_rng(seed)
    for _ in range(30):
        a, b, c = rng.choice(OPERANDS, 3).tolist()
        params = fma_params(
            a,
            b,
            c,
            str(rng.choice(RESULTS)),
            rounding=str(rng.choice(ROUNDINGS)),
            subnormals=str(rng.choice(["ieee", "flush"])),
        )
        if all(isinstance(parse_format(name), IntFormat) for name in (a, b, c, params["y"])):
            params["overflow"] = str(rng.choice(["wrap", "saturate"]))
        elif rng.random() < 0.3:
            params["overflow"] = "saturate"
        assert_right(params, get_stimuli("fma").random(params, 60, rng))


E5M2: dict[str, Any] = dict.fromkeys(("a_format", "b_format", "c_format", "y_format"), "e5m2")
ONE, TWO, INF, QUIET, SIGNALING, LARGEST, MIN = 0x3C, 0x40, 0x7C, 0x7E, 0x7D, 0x7B, 0x04
NEGATIVE = 0x80


@pytest.mark.parametrize(
    ("a", "b", "c", "y", "flags"),
    [
        pytest.param(ONE, TWO, ONE, 0x42, 0, id="exact"),
        # 1.25 * 1.25 = 1.5625: a quarter of the way from 1.5 to 1.75.
        pytest.param(0x3D, 0x3D, 0, 0x3E, 1, id="inexact"),
        # 1 + 2^-3 is half way to 1.25: to even, down.
        pytest.param(ONE, ONE, 0x30, ONE, 1, id="tie"),
        pytest.param(LARGEST, TWO, 0, INF, 5, id="overflow"),
        # 57344 + 4096 = 61440, half way to the 65536 that does not exist: to even, up.
        pytest.param(ONE, LARGEST, 0x6C, INF, 5, id="overflow-tie"),
        pytest.param(ONE, LARGEST, 0x6B, LARGEST, 1, id="just-no-overflow"),
        # 2^-14 * 2^-3 = 2^-17: half the smallest subnormal number, to even.
        pytest.param(MIN, 0x30, 0, 0, 3, id="underflow-to-zero"),
        pytest.param(MIN | NEGATIVE, 0x30, 0, 0x80, 3, id="underflow-to-negative-zero"),
        pytest.param(MIN, 0x38, 0, 0x02, 0, id="exact-subnormal"),
        # 2^-14 * (1 - 2^-4): were subnormals normal, half way to 2^-14 * 0.875, so to even, up.
        pytest.param(0x01, 0x34 | NEGATIVE, MIN, MIN, 1, id="tie-to-normal-is-not-tiny"),
        # 2^-14 * 0.875: were subnormals normal, exactly that; as it is, a tie to even, up.
        pytest.param(0x07, 0x38, 0x00, MIN, 3, id="rounded-to-normal-but-tiny"),
        pytest.param(ONE, ONE, ONE | NEGATIVE, 0, 0, id="cancel"),
        pytest.param(0x80, ONE, 0x80, 0x80, 0, id="negative-zeros"),
        pytest.param(0x80, ONE, 0, 0, 0, id="zeros-of-both-signs"),
        pytest.param(INF, ONE, ONE, INF, 0, id="infinity"),
        pytest.param(INF, 0, ONE, QUIET, 8, id="zero-times-infinity"),
        pytest.param(INF, 0, QUIET, QUIET, 8, id="zero-times-infinity-plus-quiet-nan"),
        pytest.param(INF, ONE, INF | NEGATIVE, QUIET, 8, id="infinity-minus-infinity"),
        pytest.param(INF, ONE, 0xFE, QUIET, 0, id="quiet-nan"),
        pytest.param(ONE, SIGNALING, ONE, QUIET, 8, id="signaling-nan"),
    ],
)
def test_e5m2_by_hand(a, b, c, y, flags):
    assert tuple(int(out) for out in fma(a, b, c, **E5M2)) == (y, flags)


@pytest.mark.parametrize(
    ("rounding", "overflow", "up", "down"),
    [
        ("rne", "ieee", INF, INF | NEGATIVE),
        ("rtz", "ieee", LARGEST, LARGEST | NEGATIVE),
        ("rup", "ieee", INF, LARGEST | NEGATIVE),
        ("rdn", "ieee", LARGEST, INF | NEGATIVE),
        ("rna", "saturate", LARGEST, LARGEST | NEGATIVE),
    ],
)
def test_overflow_by_direction(rounding, overflow, up, down):
    factors = [LARGEST, LARGEST | NEGATIVE]
    y, flags = fma(factors, TWO, 0, **E5M2, rounding=rounding, overflow=overflow)
    assert y.tolist() == [up, down]
    assert flags.tolist() == [5, 5]


def test_integers_by_hand():
    formats: dict[str, Any] = {
        "a_format": "int8",
        "b_format": "int8",
        "c_format": "int8",
        "y_format": "int8",
    }
    # 100 * 2 - 56 = 144 = 256 - 112; -128 * -128 - 1 = 16383 = 63 * 256 + 255.
    y, flags = fma([100, 128, 7], [2, 128, 9], [200, 255, 1], **formats)
    assert y.tolist() == [144, 255, 64]
    assert flags.tolist() == [8, 8, 0]
    y, _ = fma([100, 128, 156], [2, 128, 2], [200, 255, 200], **formats, overflow="saturate")
    assert y.tolist() == [127, 127, 128]
    # 1.5 * 1.5 + 0.25 = 2.5: to even.
    floats: dict[str, Any] = {
        "a_format": "e4m3",
        "b_format": "e4m3",
        "c_format": "e4m3",
        "y_format": "int8",
    }
    expected = {"rne": 2, "rtz": 2, "rup": 3, "rdn": 2, "rna": 3}
    for rounding, value in expected.items():
        y, flags = fma(0x3C, 0x3C, 0x28, **floats, rounding=rounding)
        assert (int(y), int(flags)) == (value, 1)


def test_one_rounding_where_two_would_differ():
    # (1 + 2^-7) * (1 + 2^-7) = 1 + 2^-6 + 2^-14; with 2^-8 it is just above a tie of bf16.
    y, _ = fma(
        0x3F81, 0x3F81, 0x3B80, a_format="bf16", b_format="bf16", c_format="bf16", y_format="bf16"
    )
    assert decode(y, "bf16") == 1 + 3 * 2.0**-7


def test_operands_broadcast():
    formats: dict[str, Any] = dict.fromkeys(E5M2, "uint4")
    y, flags = fma(np.arange(4)[:, None], np.arange(3), 1, **formats)
    assert y.tolist() == [[1, 1, 1], [1, 2, 3], [1, 3, 5], [1, 4, 7]]
    assert flags.shape == (4, 3)
    empty, _ = fma([], [], [], **E5M2)
    assert empty.shape == (0,)
    assert empty.dtype == code_dtype(8)


def test_model_has_flags_only_on_request():
    operands = {port: np.zeros(3, dtype=np.uint8) for port in "abc"}
    params = fma_params("e4m3", "e4m3", "e4m3", "e4m3", flags=False)
    assert list(get_model("fma")(params, operands)) == ["y"]


def test_bad_arguments():
    with pytest.raises(FormatError, match="unknown format 'e4m33x'"):
        fma(0, 0, 0, **{**E5M2, "a_format": "e4m33x"})
    message = "subnormals = 'no': for e5m2 it is ieee or flush"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fma(0, 0, 0, **E5M2, subnormals="no")
    with pytest.raises(LookupError, match=r"^unit 'sum_of_products' has no golden model$"):
        get_model("sum_of_products")
    with pytest.raises(LookupError, match=r"^unit 'no_such' has no golden model$"):
        get_model("no_such")


def signed_value(term: Term) -> Fraction:
    assert isinstance(term.magnitude, Fraction)
    return -term.magnitude if term.negative else term.magnitude


def added_and_cut(value, word, bits, fmt):
    """Stochastic rounding of a magnitude in exact rationals, whatever the largest number."""
    ulp = Fraction(2) ** fmt.min_ulp_exponent
    if value:
        ulp *= 2 ** max(0, floor_log2(abs(value)) - fmt.min_exponent)
    steps = abs(value) / ulp + Fraction(word, 2**bits)
    return steps.numerator // steps.denominator * ulp


@pytest.mark.parametrize(
    "formats",
    [
        "e2m1 e2m1 e2m1 e3m1",
        "e2m1 e2m1 e2m1 e4m3",
        "e2m1 int4 e2m1 e3m1ieee",
        "e2m1 e2m1 fp32 e5m2",
    ],
)
@pytest.mark.parametrize("bits", [1, 3])
def test_stochastic_rounding_of_every_sum_with_every_word(formats, bits):
    a, b, c, y = (parse_format(name) for name in formats.split())
    assert isinstance(y, FloatFormat)
    rng = np.random.default_rng(3)
    addends = np.arange(1 << c.bits) if c.bits < 8 else rng.integers(0, 1 << c.bits, 60)
    # fp32 addends near the products, where words decide: 2^-8 to 2^8.
    if c.bits == 32:
        addends = (addends & 0x807FFFFF) | (rng.integers(119, 136, 60) << 23)
    grid = np.meshgrid(
        np.arange(1 << a.bits), np.arange(1 << b.bits), addends, np.arange(1 << bits), indexing="ij"
    )
    x, w, z, words = (axis.ravel() for axis in grid)
    codes, flags = fma(
        x,
        w,
        z,
        a_format=a,
        b_format=b,
        c_format=c,
        y_format=y,
        rounding="stochastic",
        random=Random(words, bits),
    )
    tables = [[term_of(code, fmt) for code in range(1 << fmt.bits)] for fmt in (a, b)]
    results = decode(codes, y)
    signs = np.signbit(results)
    largest = Fraction(float(decode(y.max_code, y)))
    assert len(codes) > 4000
    for row in range(len(codes)):
        p, addend = product(tables[0][x[row]], tables[1][w[row]]), term_of(int(z[row]), c)
        value = signed_value(p) + signed_value(addend)
        expected = added_and_cut(value, int(words[row]), bits, y)
        if expected > largest:
            assert codes[row] == Oracle(y).infinity(value < 0)
            assert flags[row] == 5
        else:
            got = float(results[row])
            assert abs(got) == expected
            negative = value < 0 if value else p.negative and addend.negative
            assert signs[row] == (negative and (got != 0 or y.has_negative_zero))
            assert flags[row] == (expected != abs(value))


@pytest.mark.parametrize(
    ("y", "random", "message"),
    [
        ("e4m3", None, "random words come with"),
        ("int8", Random(np.array([0]), 1), "for int8 it is rne"),
        ("e4m3", Random(np.array([0]), 25), "24 bits at most, not 25"),
    ],
)
def test_stochastic_rounding_needs_words_and_a_float(y, random, message):
    formats: dict[str, Any] = {f"{port}_format": "e4m3" for port in "abc"} | {"y_format": y}
    with pytest.raises(ValueError, match=message):
        fma(1, 1, 1, **formats, rounding="stochastic", random=random)
