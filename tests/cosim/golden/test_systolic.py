"""Systolic arrays against a plain loop over cycles, with numpy's matrix product and Fractions."""

from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.systolic import model, origins
from gen.config import make_config
from hdl.formats import parse_format
from tests.cosim.golden.oracle import Oracle, Term


def params(**given):
    return make_config("systolic", given).params_dict()


def weights_by_loop(load, swap, b, rows):
    """Return the weights in use in every cycle: the contract, a cycle at a time."""
    waiting, used = np.zeros((rows, b.shape[1]), b.dtype), np.zeros((rows, b.shape[1]), b.dtype)
    row, history = 0, []
    for cycle in range(len(b)):
        if swap[cycle]:
            used, row = waiting.copy(), 0
        if load[cycle]:
            waiting[row % rows] = b[cycle]
            row += 1
        history.append(used)
    return np.stack(history)


def random_operands(rows, cols, count, seed):
    rng = np.random.default_rng(seed)
    return {
        "load": (rng.random(count) < 0.6).astype(np.uint8),
        "swap": (rng.random(count) < 0.2).astype(np.uint8),
        "a": rng.integers(0, 256, (count, rows)).astype(np.uint8),
        "b": rng.integers(0, 256, (count, cols)).astype(np.uint8),
    }


@pytest.mark.parametrize(("rows", "cols"), [(3, 2), (1, 2), (4, 3)])
def test_integers_are_a_matrix_product(rows, cols):
    given = random_operands(rows, cols, 500, seed=rows)
    weights = weights_by_loop(given["load"], given["swap"], given["b"], rows)
    a, w = (decode(codes, "int8").astype(np.int64) for codes in (given["a"], weights))
    c = np.random.default_rng(9).integers(0, 1 << 16, (500, cols)).astype(np.uint16)
    expected = ((a[:, None] @ w)[:, 0] + c) & 0xFFFF
    p = params(rows=rows, cols=cols, a="int8", b="int8", y="int16", c="int16")
    single = {
        port: codes[:, 0] if codes.shape[1:] == (1,) else codes for port, codes in given.items()
    }
    assert np.array_equal(model(p, single | {"c": c})["y"], expected)


def test_integers_saturate_from_row_to_row():
    operands = random_operands(3, 1, 400, seed=5)
    weights = weights_by_loop(operands["load"], operands["swap"], operands["b"], 3)[:, :, 0]
    a, w = (decode(codes, "int8").astype(np.int64) for codes in (operands["a"], weights))
    total = np.zeros(400, np.int64)
    for row in range(3):
        total = np.clip(total + a[:, row] * w[:, row], -8192, 8191)
    p = params(rows=3, cols=1, a="int8", b="int8", y="int14", overflow="saturate")
    y = model(p, operands | {"b": operands["b"][:, 0]})["y"]
    assert np.array_equal(y, total & 0x3FFF)


def test_floats_are_rounded_in_every_cell():
    operands = random_operands(3, 2, 60, seed=7)
    for port in "ab":
        operands[port] &= 0xFB  # no NaN
    weights = weights_by_loop(operands["load"], operands["swap"], operands["b"], 3)
    a, w = (decode(codes, "e4m3").astype(float) for codes in (operands["a"], weights))
    y = model(params(rows=3, cols=2, a="e4m3", b="e4m3", y="bf16", rounding="rup"), operands)["y"]
    oracle = Oracle(parse_format("bf16"), "rup")
    for cycle in range(60):
        for column in range(2):
            total, code = Term(False, Fraction(0)), 0
            for row in range(3):
                product = a[cycle, row] * w[cycle, row, column]
                term = Term(bool(np.signbit(product)), abs(Fraction(product)))
                code = oracle([total, term])[0]
                value = decode(np.array([code], np.uint16), "bf16").astype(float)[0]
                total = Term(bool(np.signbit(value)), abs(Fraction(value)))
            assert y[cycle, column] == code


def test_where_weights_come_from():
    load, swap = np.array([1, 1, 1, 1, 0, 1, 0]), np.array([0, 0, 1, 0, 1, 0, 1])
    # Rows 0 and 1, the first swap, rows 0 and 1 anew, the next swap, row 0 only.
    found = origins(load, swap, 2).tolist()
    assert found == [[-1, -1], [-1, -1], [0, 1], [0, 1], [2, 3], [2, 3], [5, 3]]
    empty = {port: codes[:0] for port, codes in random_operands(2, 2, 1, seed=0).items()}
    assert model(params(rows=2, cols=2, a="int8", b="int8", y="int32"), empty)["y"].shape == (0, 2)
