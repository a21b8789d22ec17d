"""Stimuli for `dot`: legal shapes, corners in every lane, and useful runs for accumulators."""

import numpy as np
import pytest

from cosim.golden import code_dtype, decode, get_model
from cosim.stimuli import get_stimuli
from hdl.formats import parse_format
from tests.cosim.params import dot_params, window_params

CASES = {
    "plain": dot_params("e4m3", "e4m3", "fp32", 32),
    "addend": dot_params("e5m2", "e3m2", "fp16", 5, c="fp16"),
    "accumulate": dot_params("bf16", "bf16", "fp32", 4, accumulate=True),
    "integers": dot_params("int8", "uint8", "int32", 16, accumulate=True),
    "window": window_params("e4m3", "e5m2", "fp32", 6, 9, c="fp32"),
    "one-lane": dot_params("fp16", "fp16", "fp16", 1),
}
cases = pytest.mark.parametrize("params", CASES.values(), ids=CASES)


def assert_legal(params, operands):
    lanes = params["lanes"]
    rows = len(operands["a"])
    ports: dict[str, tuple[int, ...]] = {"a": (rows, lanes), "b": (rows, lanes)}
    if params["c"] is not None:
        ports["c"] = (rows,)
    if params["accumulate"]:
        ports["first"] = (rows,)
        assert set(operands["first"].tolist()) <= {0, 1}
    assert {port: codes.shape for port, codes in operands.items()} == ports
    for port, codes in operands.items():
        bits = 1 if port == "first" else parse_format(params[port]).bits
        assert codes.dtype == code_dtype(bits)
        assert int(codes.max(initial=0)) < 1 << bits


@cases
def test_operands_are_legal(params):
    stimuli = get_stimuli("dot")
    assert_legal(params, stimuli.directed(params))
    for count in (0, 1, 700):
        operands = stimuli.random(params, count, np.random.default_rng(1))
        assert_legal(params, operands)
        assert len(operands["a"]) == count


@cases
def test_random_operands_are_repeatable(params):
    random = get_stimuli("dot").random
    first, again = (random(params, 300, np.random.default_rng(2)) for _ in range(2))
    for port, codes in first.items():
        np.testing.assert_array_equal(codes, again[port])


@cases
def test_every_lane_decides_a_result_alone(params):
    operands = get_stimuli("dot").directed(params)
    products = (operands["a"] != 0) & (operands["b"] != 0)
    alone = products.sum(axis=1) == 1
    assert products[alone].any(axis=0).all()


@cases
def test_results_are_seldom_special_and_seldom_repeated(params):
    operands = get_stimuli("dot").random(params, 4000, np.random.default_rng(3))
    y = get_model("dot")(params, operands)["y"]
    values = decode(y, params["y"]).astype(np.float64)
    assert np.isfinite(values).mean() > 0.4
    assert (values == 0).mean() < 0.3
    assert len(np.unique(y)) > 400


def test_lanes_cancel():
    params = CASES["plain"]
    operands = get_stimuli("dot").random(params, 4000, np.random.default_rng(4))
    a, b = (np.nan_to_num(decode(operands[port], "e4m3")) for port in "ab")
    total, absolute = (a * b).sum(axis=1), np.abs(a * b).sum(axis=1)
    assert ((total != 0) & (np.abs(total) < absolute / 64)).mean() > 0.05


def test_runs_are_back_to_back_and_long():
    operands = get_stimuli("dot").random(CASES["integers"], 20_000, np.random.default_rng(5))
    runs = np.diff(np.flatnonzero(operands["first"]))
    assert operands["first"][0] == 1
    assert (runs == 1).mean() > 0.2
    assert runs.max() > 100


def test_directed_runs_overflow_an_accumulator():
    params = dot_params("int8", "int8", "int16", 4, accumulate=True)
    y = decode(get_model("dot")(params, get_stimuli("dot").directed(params))["y"], "int16")
    assert y.max() == 32767
    assert y.min() == -32768


def test_enumeration():
    stimuli = get_stimuli("dot")
    params = dot_params("int2", "uint1", "int4", 2, c="int3")
    assert stimuli.space_bits(params) == 9
    operands = stimuli.enumerate_space(params, 0, 512)
    assert_legal(params, operands)
    rows = np.column_stack([operands["a"], operands["b"], operands["c"]])
    assert len(np.unique(rows, axis=0)) == 512
    assert stimuli.space_bits(CASES["accumulate"]) > 64
    with pytest.raises(ValueError, match=r"^an accumulator has more than its operands to enum"):
        stimuli.enumerate_space(CASES["accumulate"], 0, 1)
