"""Windows of block dot products against exact rationals, term by term."""

from fractions import Fraction

import numpy as np
import pytest

from cosim.golden.block_dot import model as block_model
from cosim.golden.block_dot import of_dot
from cosim.golden.codec import code_dtype
from cosim.golden.dot import model
from gen.config import make_config
from hdl.formats import parse_format
from tests.cosim.golden.oracle import Oracle, Term, cut, exponent_of, product, term_of

E8M0_NAN = 255


def params_of(**given):
    usual = {"y": "fp32", "c": "fp32", "align": "window", "rounding": "rtz"}
    return make_config("dot", usual | given).params_dict()


def sum_of(terms):
    """Return the sum of numbers."""
    total = Fraction(0)
    for one in terms:
        assert isinstance(one.magnitude, Fraction)
        total += -one.magnitude if one.negative else one.magnitude
    return total


def scale_term(code, name):
    """Return a scale's magnitude (None for NaN) and its exponent."""
    if name == "e8m0":
        return (None if code == E8M0_NAN else Fraction(2) ** (code - 127)), code - 127
    fmt = parse_format("e4m3")  # without a sign
    term = term_of(code, fmt)
    magnitude = term.magnitude if isinstance(term.magnitude, Fraction) else None
    return magnitude, exponent_of(term, fmt)


def expected(params, operands):
    """Return the codes, by way of Fractions: numerics.md, section 4."""
    scale, group = params["scale"], params["group"] or 1
    formats = [parse_format(params[port]) for port in "ab"]
    y = parse_format(params["y"])
    oracle = Oracle(y, params["rounding"], params["overflow"], False, True)
    found = []
    for row in range(len(operands["a"])):
        lanes = [
            [term_of(int(code), fmt) for code in operands[port][row]]
            for port, fmt in zip("ab", formats, strict=True)
        ]
        terms, exponents, signs = [], [], []
        for start in range(0, params["lanes"], group):
            block = start // scale["vector"]
            scales = [
                scale_term(int(operands[f"scale_{port}"][row].reshape(-1)[block]), scale[port])
                for port in "ab"
            ]
            pairs = list(zip(*(part[start : start + group] for part in lanes), strict=True))
            products = [product(*pair) for pair in pairs]
            signs += [one.negative for one in products]
            exponent = scales[0][1] + scales[1][1]
            if group == 1:
                exponent += sum(map(exponent_of, pairs[0], formats))
            odd = [one for one in products if not isinstance(one.magnitude, Fraction)]
            if odd or scales[0][0] is None or scales[1][0] is None:
                words = odd + (
                    [] if None not in (scales[0][0], scales[1][0]) else [Term(False, "nan")]
                )
                terms += words
                exponents += [exponent] * len(words)
                continue
            total = sum_of(products) * scales[0][0] * scales[1][0]
            terms.append(Term(total < 0, abs(total)))
            exponents.append(exponent)
        if "c" in operands:
            c = term_of(int(operands["c"][row]), parse_format(params["c"]))
            terms.append(c)
            exponents.append(exponent_of(c, parse_format(params["c"])))
            signs.append(c.negative)
        kept = cut(terms, exponents, params["fraction_bits"], sticky=params["sticky"])
        code, _ = oracle(kept)
        numbers = all(isinstance(one.magnitude, Fraction) for one in kept)
        if numbers and not sum_of(kept):
            negative = any(signs) if params["rounding"] == "rdn" else all(signs)
            code = (1 << (y.bits - 1)) if negative else 0
        found.append(code)
    return found


def operands_of(params, rows, rng):
    lanes, scale = params["lanes"], params["scale"]
    operands = {}
    for port in "ab":
        bits = parse_format(params[port]).bits
        codes = rng.integers(0, 1 << bits, (rows, lanes)).astype(code_dtype(bits))
        codes[rng.random((rows, lanes)) < 0.2] = 0
        operands[port] = codes
        if bits == 8:  # mostly numbers
            codes[(rng.random((rows, 1)) < 0.9) & ((codes & 0x7C) == 0x7C)] = 0x30
        near = rng.integers(115, 140, (rows, lanes // scale["vector"]))
        wild = rng.integers(0, 256, near.shape)
        codes = np.where(rng.random(near.shape) < 0.03, wild, near)
        if scale[port] != "e8m0":
            codes = rng.integers(0, 127 + (rng.random(near.shape) < 0.1))
        operands[f"scale_{port}"] = codes.astype(np.uint8)
    if params["c"] is not None:
        exponent = rng.integers(90, 164, rows)
        c = exponent << 23 | rng.integers(0, 1 << 23, rows) | rng.integers(0, 2, rows) << 31
        c[rng.random(rows) < 0.2] = 0
        c[rng.random(rows) < 0.05] = 0x7F80_0000
        operands["c"] = c.astype(np.uint32)
    return operands


CASES = {
    "mxfp8": {"a": "e4m3", "b": "e5m2", "lanes": 4, "scale": {"kind": "mx"}, "fraction_bits": 25},
    "two blocks": {
        "a": "e2m3",
        "b": "e3m2",
        "lanes": 4,
        "fraction_bits": 5,
        "sticky": True,
        "scale": {"kind": "mx", "vector": 2},
        "rounding": "rne",
    },
    "nvfp4": {
        "a": "e2m1",
        "b": "e2m1",
        "lanes": 16,
        "fraction_bits": 35,
        "group": 4,
        "scale": {"kind": "nvfp4", "vector": 4},
    },
    "mxfp4": {
        "a": "e2m1",
        "b": "e2m1",
        "lanes": 16,
        "fraction_bits": 35,
        "group": 4,
        "scale": {"kind": "mx", "vector": 8},
    },
    "short": {
        "a": "e2m1",
        "b": "e2m3",
        "lanes": 8,
        "fraction_bits": 6,
        "group": 2,
        "y": "bf16",
        "scale": {"kind": "nvfp4", "vector": 4},
        "rounding": "rdn",
        "c": None,
    },
}


@pytest.mark.parametrize("case", CASES)
def test_terms_are_cut_and_added(case):
    params = params_of(**CASES[case])
    operands = operands_of(params, 250, np.random.default_rng(11))
    codes = model(params, operands)["y"]
    wanted = expected(params, operands)
    assert codes.tolist() == wanted
    assert len(set(wanted)) > 100


def test_a_running_sum_is_a_term_of_the_next():
    params = params_of(**CASES["mxfp4"] | {"c": None, "accumulate": True})
    rng = np.random.default_rng(12)
    operands = operands_of(params, 40, rng)
    first = (np.arange(40) % 5 == 0).astype(np.uint8)
    codes = model(params, operands | {"first": first})["y"]
    one_by_one = params | {"c": "fp32", "accumulate": False}
    previous = np.zeros(1, np.uint32)
    for row in range(40):
        alone = {port: part[row : row + 1] for port, part in operands.items()}
        if first[row]:
            (code,) = model(one_by_one | {"c": None}, alone)["y"]
        else:
            (code,) = model(one_by_one, alone | {"c": previous})["y"]
        assert codes[row] == code
        previous = np.array([code], np.uint32)


def test_the_check_of_tensor_cores_does_not_change_with_scales_of_one():
    # numerics.md: -2^13 * 2^10 + 2^23 - 0.5 - 0.25 - 0.125, of which Blackwell keeps -0.75.
    params = params_of(a="e5m2", b="e5m2", lanes=4, scale={"kind": "mx"}, fraction_bits=25)
    exponents = [[28, 14, 13, 12], [25, 15, 15, 15]]
    a, b = (np.array([[e << 2 for e in row]], np.uint8) for row in exponents)
    one = np.full(1, 127, np.uint8)
    operands = {"a": a | 0x80, "b": b, "scale_a": one, "scale_b": one}
    answer = model(params, operands | {"c": np.array([(127 + 23) << 23], np.uint32)})
    assert answer["y"].tolist() == [0xBF40_0000]
    assert block_model(of_dot(params), operands | {"c": np.zeros(1, np.uint32)})["y"] == 0xCB00_0000
