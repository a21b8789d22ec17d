"""Tiles against integer matrix products of numpy and against exact rationals."""

from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import decode, dequantize, quantize
from cosim.golden.tile import dot_params, model
from gen.config import make_config
from hdl.formats import parse_format
from tests.cosim.golden.oracle import Oracle, Term


def params(**given):
    return make_config("tile", given).params_dict()


def random(bits, shape, rng):
    return rng.integers(0, 1 << bits, shape).astype(np.uint8)


def integers(codes, bits=8):
    return decode(codes, f"int{bits}").astype(np.int64)


@pytest.mark.parametrize(("m", "n", "k"), [(3, 2, 5), (1, 1, 1), (1, 4, 2), (4, 1, 2)])
def test_a_product_of_integer_matrices(m, n, k):
    rng = np.random.default_rng(1)
    a, b = random(8, (50, m * k), rng), random(8, (50, k * n), rng)
    c = rng.integers(0, 1 << 32, (50, m * n)).astype(np.uint32)
    p = params(m=m, n=n, k=k, a="int8", b="int8", c="int32", y="int32")
    operands = {"a": a, "b": b, "c": c}
    single = {
        port: codes[:, 0] if codes.shape[1] == 1 else codes for port, codes in operands.items()
    }
    product = integers(a).reshape(50, m, k) @ integers(b).reshape(50, k, n)
    expected = (product.reshape(50, -1) + c).astype(np.uint32)
    y = model(p, single)["y"]
    assert np.array_equal(y.reshape(50, -1), expected)
    assert y.shape == ((50,) if m * n == 1 else (50, m * n))


def test_running_sums_of_matrices():
    rng = np.random.default_rng(2)
    a, b = random(8, (40, 6), rng), random(8, (40, 6), rng)
    first = (rng.random(40) < 0.2).astype(np.uint8)
    p = params(m=2, n=2, k=3, a="int8", b="uint8", y="int24", accumulate=True)
    running = np.zeros((2, 2), np.int64)
    y = model(p, {"a": a, "b": b, "first": first})["y"]
    for t in range(40):
        product = integers(a[t]).reshape(2, 3) @ b[t].astype(np.int64).reshape(3, 2)
        running = product + (0 if first[t] else running)
        assert y[t].tolist() == (running.ravel() & 0xFFFFFF).tolist()


def test_every_element_of_floats_is_rounded_once():
    rng = np.random.default_rng(3)
    a, b = random(8, (20, 6), rng) & 0xFB, random(8, (20, 6), rng) & 0xFB  # no NaN in E4M3
    p = params(m=2, n=2, k=3, a="e4m3", b="e4m3", y="bf16", rounding="rdn")
    x, w = (decode(codes, "e4m3").astype(float) for codes in (a, b))
    oracle = Oracle(parse_format("bf16"), "rdn")
    y = model(p, {"a": a, "b": b})["y"]
    for t in range(20):
        for i in range(2):
            for j in range(2):
                pairs = [(x[t, 3 * i + k], w[t, 2 * k + j]) for k in range(3)]
                terms = [
                    Term(bool(np.signbit(p * q)), abs(Fraction(p) * Fraction(q))) for p, q in pairs
                ]
                assert y[t, 2 * i + j] == oracle(terms)[0]


def test_blocks_of_a_quantized_matrix():
    rng = np.random.default_rng(4)
    left, right = rng.normal(size=(3, 64)), rng.normal(size=(64, 2))
    a, b = quantize(left, "nvfp4", axis=1), quantize(right, "nvfp4", axis=0)
    p = params(m=3, n=2, k=64, a="nvfp4", b="nvfp4", y="fp32")
    operands = {"a": a.codes, "b": b.codes, "scale_a": a.scales, "scale_b": b.scales}
    y = model(p, {port: codes.reshape(1, -1) for port, codes in operands.items()})["y"]
    assert a.outer is not None
    assert b.outer is not None
    values = decode(y, "fp32").reshape(3, 2) * float(a.outer.item()) * float(b.outer.item())
    expected = dequantize(a) @ dequantize(b)
    assert np.allclose(values, expected, rtol=1e-6, atol=1e-7)


def test_many_cycles_are_worked_on_in_pieces():
    rng = np.random.default_rng(5)
    count = 70000
    a, b = random(8, (count, 2), rng), random(8, count, rng)
    p = params(m=2, n=1, k=1, a="int8", b="int8", y="int16")
    y = model(p, {"a": a, "b": b})["y"]
    expected = integers(a) * integers(b)[:, None]
    assert np.array_equal(integers(y, 16), expected)
    assert model(p, {"a": a[:0], "b": b[:0]})["y"].shape == (0, 2)


def test_sparse_columns_meet_what_their_metadata_say():
    p = params(m=1, n=2, k=2, a="vsq4m4v2", b="vsq4m4v2", sparsity="2:4")
    assert dot_params(p)[0] == "block_dot"
    row = {"a": [[1, 2, 3, 4]], "b": [[5, 6, 7, 1]], "scale_a": [2], "scale_b": [[1, 3]]}
    operands = {port: np.array(codes, np.uint8) for port, codes in row.items()}
    answer = model(p, operands | {"meta": np.array([[0xC, 0x4]], np.uint8)})
    assert (answer["y"].tolist(), answer["err"].tolist()) == ([[66, 48]], [0])
    assert model(p, operands | {"meta": np.array([[0xC, 0x5]], np.uint8)})["err"].tolist() == [1]
