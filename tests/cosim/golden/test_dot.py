"""Golden `dot` against exact rationals, and against values worked by hand."""

from typing import Any

import numpy as np
import pytest

from cosim.golden import decode, dot, encode, get_model
from cosim.golden.dot import exact_format
from cosim.golden.sum_of_products import Window
from cosim.stimuli import get_stimuli
from gen.config import resolve
from hdl.formats import IntFormat, parse_format
from tests.cosim.golden.oracle import answers, shown
from tests.cosim.params import dot_params, window_params

ROUNDINGS = ["rne", "rtz", "rup", "rdn", "rna"]
OPERANDS = ["int4", "int8", "uint8", "int32", "uint32", "e2m1", "e3m2", "e2m3", "e4m3", "e5m2"]
OPERANDS += ["e3m4", "e4m3fnuz", "fp16", "bf16", "tf32", "fp32", "e5m0", "e4m3b30fn"]
RESULTS = [*OPERANDS, "int64", "uint64", "int40"]


def assert_right(params, operands):
    got = get_model("dot")(params, operands)["y"].tolist()
    expected = [code for code, _ in answers(params, operands)]
    assert len(expected) > 0
    for row, (code, expected_code) in enumerate(zip(got, expected, strict=True)):
        assert code == expected_code, shown(params, operands, row)


@pytest.mark.parametrize("kind", ["plain", "addend", "accumulate"])
@pytest.mark.parametrize("seed", range(5))
def test_any_mix_of_formats_and_options(seed, kind):
    rng = np.random.default_rng([seed, len(kind)])
    for _ in range(15):
        a, b, c = rng.choice(OPERANDS, 3).tolist()
        params = dot_params(
            a,
            b,
            str(rng.choice(RESULTS)),
            lanes=int(rng.choice([1, 2, 3, 8])),
            c=c if kind == "addend" else None,
            accumulate=kind == "accumulate",
            rounding=str(rng.choice(ROUNDINGS)),
            subnormals=str(rng.choice(["ieee", "flush"])),
        )
        names = [a, b, params["y"]] + [c] * (kind == "addend")
        if all(isinstance(parse_format(name), IntFormat) for name in names):
            params["overflow"] = str(rng.choice(["wrap", "saturate"]))
        elif rng.random() < 0.3:
            params["overflow"] = "saturate"
        assert_right(params, get_stimuli("dot").random(params, 50, rng))


@pytest.mark.parametrize(
    "params",
    [
        dot_params("e4m3", "e4m3", "fp32", 4),
        dot_params("e5m2", "e5m2", "fp16", 4, c="fp16"),
        dot_params("bf16", "bf16", "fp32", 3, accumulate=True),
        dot_params("int8", "uint8", "int16", 3, accumulate=True, overflow="wrap"),
        dot_params("e2m1", "e3m2", "bf16", 5, accumulate=True, rounding="rdn"),
    ],
    ids=["fp8", "fp8-addend", "bf16-accumulate", "integer-accumulate", "fp4-accumulate"],
)
def test_directed_operands(params):
    operands = get_stimuli("dot").directed(params)
    assert_right(params, {port: codes[-3000:] for port, codes in operands.items()})


FLOATS = [name for name in OPERANDS if "int" not in name]
# Subnormals, and products, far below the least exponent of a window; another with none there.
FLOATS += ["e4m3b100fn", "e8m3", "e5m2fnuz"]


@pytest.mark.parametrize("kind", ["plain", "accumulate"])
@pytest.mark.parametrize("seed", range(3))
def test_fixed_point_of_any_floats(seed, kind):
    rng = np.random.default_rng([seed, len(kind), 2])
    for _ in range(15):
        a, b = rng.permutation([str(rng.choice(FLOATS)), str(rng.choice(OPERANDS))]).tolist()
        params = dot_params(
            a,
            b,
            str(rng.choice(["int8", "int40", "uint12", "int64"])),
            lanes=int(rng.choice([1, 2, 3, 8])),
            lsb=int(rng.integers(-40, 20)),
            accumulate=kind == "accumulate",
            rounding=str(rng.choice(ROUNDINGS)),
            subnormals=str(rng.choice(["ieee", "flush"])),
        )
        assert_right(params, get_stimuli("dot").random(params, 50, rng))


@pytest.mark.parametrize("kind", ["plain", "addend", "accumulate"])
@pytest.mark.parametrize("seed", range(5))
def test_windows_of_any_formats_and_options(seed, kind):
    rng = np.random.default_rng([seed, len(kind), 1])
    for _ in range(15):
        a, b, c, y = rng.choice(FLOATS, 4).tolist()
        params = window_params(
            a,
            b,
            y,
            int(rng.choice([1, 2, 3, 8])),
            int(rng.choice([1, 2, 5, 13, 24, 40])),
            sticky=bool(rng.random() < 0.5),
            c=c if kind == "addend" else None,
            accumulate=kind == "accumulate",
            rounding=str(rng.choice(ROUNDINGS)),
            subnormals=str(rng.choice(["ieee", "flush"])),
            overflow=str(rng.choice(["ieee", "saturate"])),
        )
        assert_right(params, get_stimuli("dot").random(params, 50, rng))


@pytest.mark.parametrize(
    ("preset", "fmt", "expected"),
    [
        ("volta-fp16", "fp16", 0.0),
        ("turing-fp16", "fp16", -0.5),
        ("ampere-fp16", "fp16", -0.5),
        ("ampere-bf16", "bf16", -0.5),
        ("ampere-tf32", "tf32", -0.5),
        ("ada-fp8-e5m2", "e5m2", 0.0),
        ("hopper-fp16", "fp16", -0.75),
        ("hopper-bf16", "bf16", -0.75),
        ("hopper-tf32", "tf32", -0.75),
        ("hopper-fp8-e5m2", "e5m2", 0.0),
        ("blackwell-fp8-e5m2", "e5m2", -0.75),
    ],
)
def test_the_published_check_of_each_tensor_core(preset, fmt, expected):
    # -2^13 * 2^10 + 2^23 - .5 - .25 - .125: of the exact -0.875 each generation keeps its own part.
    (config,) = resolve([preset])
    params = config.params_dict()
    lanes = params["lanes"]
    a = np.zeros((1, lanes))
    b = np.zeros((1, lanes))
    a[0, :4], b[0, :4] = (-(2.0**13), -0.5, -0.25, -0.125), (2.0**10, 1.0, 1.0, 1.0)
    operands = {"a": encode(a, fmt), "b": encode(b, fmt), "c": encode([2.0**23], "fp32")}
    assert decode(get_model("dot")(params, operands)["y"], params["y"]).tolist() == [expected]


def test_a_window_answers_nan_and_overflow_as_tensor_cores_do():
    formats: dict[str, Any] = {
        "a_format": "fp16",
        "b_format": "fp16",
        "window": Window(24),
        "rounding": "rtz",
    }
    nan, largest = encode([[np.nan]], "fp16"), encode([[65504.0]], "fp16")
    assert dot(nan, largest, **formats, y_format="fp32").tolist() == [0x7FFFFFFF]
    assert dot(nan, largest, **formats, y_format="fp16").tolist() == [0x7FFF]
    assert dot(nan, largest, **formats, y_format="e8m13ieee").tolist() == [0x7FFFFFFF >> 10]
    # 65504^2 truncates to the largest FP16, and still is beyond it.
    assert dot(largest, largest, **formats, y_format="fp16").tolist() == [0x7C00]
    assert dot(largest ^ 0x8000, largest, **formats, y_format="fp16").tolist() == [0xFC00]


def test_zeros_do_not_move_a_window():
    # 2^-20 + 2^-30 with a zero product of 2^15 * 0, and as c -0: 10 fraction bits keep both.
    a, b = encode([[2.0**-20, 2.0**-24, 2.0**15]], "fp16"), encode([[1.0, 2.0**-6, 0.0]], "fp16")
    formats: dict[str, Any] = {
        "a_format": "fp16",
        "b_format": "fp16",
        "c_format": "fp16",
        "y_format": "fp32",
    }
    y = dot(a, b, encode([-0.0], "fp16"), **formats, window=Window(10))
    # 2^-20 is a subnormal of exponent -14.
    assert decode(y, "fp32").tolist() == [2.0**-20]
    y = dot(a, b, encode([-0.0], "fp16"), **formats, window=Window(16))
    assert decode(y, "fp32").tolist() == [2.0**-20 + 2.0**-30]


@pytest.mark.parametrize("lanes", [100, 1024])
def test_many_lanes(lanes):
    for formats in (("bf16", "fp16", "fp32"), ("e4m3", "e5m2", "bf16"), ("int8", "int8", "int32")):
        params = dot_params(*formats, lanes)
        operands = get_stimuli("dot").random(params, 20, np.random.default_rng(lanes))
        assert_right(params, operands)


def test_integers_agree_with_matrix_product():
    rng = np.random.default_rng(11)
    a, b = rng.integers(-128, 128, (2, 5000, 32))
    y = dot(a & 255, b & 255, a_format="int8", b_format="int8")
    np.testing.assert_array_equal(decode(y, "int21"), (a * b).sum(axis=1))


def test_cancellation_that_windows_lose():
    # 2^23 - 2^23 - 0.5 - 0.25 - 0.125, products of powers of two.
    a = encode([[-(2.0**13), -0.5, -0.25, -0.125]], "fp16")
    b = encode([[2.0**10, 1.0, 1.0, 1.0]], "fp16")
    c = encode([2.0**23], "fp32")
    formats: dict[str, Any] = {
        "a_format": "fp16",
        "b_format": "fp16",
        "c_format": "fp32",
        "y_format": "fp32",
    }
    assert decode(dot(a, b, c, **formats), "fp32").tolist() == [-0.875]


def test_accumulator_by_hand():
    # E2M1 codes 2, 4, 7 are 1, 2, 6; -6 is 15, -0 is 8.
    a = [[7, 7], [7, 0], [4, 4], [15, 0], [8, 8], [8, 8]]
    b = [[7, 7], [7, 0], [2, 2], [7, 0], [2, 2], [2, 2]]
    first = [1, 0, 1, 0, 1, 0]
    formats: dict[str, Any] = {"a_format": "e2m1", "b_format": "e2m1"}
    y = dot(a, b, first=first, **formats, y_format="e5m2")
    # 72 rounds to 64 or 80, a tie: to even, 64; 64 + 36 = 100 to 96; 4; 4 - 36; -0; -0 - 0.
    assert decode(y, "e5m2").tolist() == [64.0, 96.0, 4.0, -32.0, 0.0, 0.0]
    assert y.tolist()[-2:] == [0x80, 0x80]
    # Without a first 1 the accumulator starts from the +0 of reset, and -0 + 0 = 0.
    assert dot(a[-1:], b[-1:], first=[0], **formats, y_format="e5m2").tolist() == [0]
    # As an int5, each sum stops at 15.
    y = dot(a, b, first=first, **formats, y_format="int5")
    assert decode(y, "int5").tolist() == [15, 15, 4, -16, 0, 0]


def test_nan_stays_in_the_accumulator_until_first():
    a = encode([[1.0], [np.nan], [1.0], [1.0]], "e4m3")
    b = encode(np.ones((4, 1)), "e4m3")
    formats: dict[str, Any] = {"a_format": "e4m3", "b_format": "e4m3", "y_format": "e4m3"}
    y = dot(a, b, first=[1, 0, 0, 1], **formats)
    np.testing.assert_array_equal(decode(y, "e4m3"), [1.0, np.nan, np.nan, 1.0])


@pytest.mark.parametrize(
    ("a", "b", "lanes", "c", "expected"),
    [
        # 32 * 2^14 = 2^19 needs 21 bits with sign; only -128 * -128 gives it.
        ("int8", "int8", 32, None, "int21"),
        ("uint8", "int8", 1, None, "int16"),  # -255 * 128 = -32640
        ("uint4", "uint4", 1, None, "uint8"),  # 225
        ("uint4", "uint4", 2, None, "uint9"),  # 450
        ("uint4", "uint4", 1, "int8", "int10"),  # -128 to 352
        ("uint1", "uint1", 1, None, "uint1"),
        ("int2", "uint1", 1, None, "int2"),
    ],
)
def test_smallest_format_of_every_sum(a, b, lanes, c, expected):
    fmt = exact_format(
        parse_format(a), parse_format(b), lanes, None if c is None else parse_format(c)
    )
    assert fmt.name == expected


def test_codes_of_one_lane_may_have_one_dimension():
    params = dot_params("int8", "int8", "int16", lanes=1)
    operands = {"a": np.array([3, 253], np.uint8), "b": np.array([5, 7], np.uint8)}
    y = get_model("dot")(params, operands)["y"]
    assert y.tolist() == [15, 65536 - 21]


def test_no_rows():
    empty = np.empty((0, 4), dtype=np.uint8)
    formats: dict[str, Any] = {"a_format": "e4m3", "b_format": "e4m3", "y_format": "fp16"}
    assert dot(empty, empty, **formats).shape == (0,)
    assert dot(empty, empty, first=[], **formats).dtype == np.uint16


def test_bad_arguments():
    a = np.zeros((2, 4), dtype=np.uint8)
    formats: dict[str, Any] = {"a_format": "e4m3", "b_format": "e4m3", "y_format": "e4m3"}
    with pytest.raises(ValueError, match=r"^dot: a and b are \(n, lanes\), not \(2, 4\) and \(2,"):
        dot(a, a[:, :3], **formats)
    with pytest.raises(ValueError, match=r"^dot: a and b are \(n, lanes\), not \(4,\) and \(4,\)$"):
        dot(a[0], a[0], **formats)
    with pytest.raises(ValueError, match=r"^dot: c and c_format come together$"):
        dot(a, a, [0, 0], **formats)
    with pytest.raises(ValueError, match=r"^dot: c and first exclude each other$"):
        dot(a, a, [0, 0], first=[1, 0], c_format="e4m3", **formats)
    with pytest.raises(ValueError, match=r"^dot: c has shape \(3,\), not \(2,\)$"):
        dot(a, a, [0, 0, 0], c_format="e4m3", **formats)
    with pytest.raises(ValueError, match=r"^dot: first has shape \(3,\), not \(2,\)$"):
        dot(a, a, first=[0, 0, 0], **formats)
    with pytest.raises(ValueError, match=r"^dot: y_format can be left out only where all operands"):
        dot(a, a, a_format="e4m3", b_format="e4m3")
    with pytest.raises(ValueError, match=r"^a window needs floats: integers have no exponents to"):
        dot(a, a, a_format="e4m3", b_format="int8", y_format="fp16", window=Window(4))
    with pytest.raises(ValueError, match=r"^dot: lsb = 1 needs an integer y, and no c$"):
        dot(a, a, lsb=1, **formats)
    with pytest.raises(ValueError, match=r"^dot: lsb = 1 needs a float a or b$"):
        dot(a, a, lsb=1, a_format="int8", b_format="int8")
    with pytest.raises(ValueError, match=r"^fraction_bits = 41: 1 to 40$"):
        Window(41)
