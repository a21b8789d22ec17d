"""Stimuli for `log_dot`: legal shapes, every product, and sums that reach what is hard."""

import numpy as np
import pytest

from cosim.golden import code_dtype, get_model
from cosim.stimuli import get_stimuli
from gen.params.log_dot import LogDotParams
from hdl.formats import parse_format


def params_of(name, lanes, **changes):
    return LogDotParams.model_validate({"format": name, "lanes": lanes} | changes).model_dump()


CASES = {
    "dally": params_of("log4.3", 32),
    "one lane": params_of("log2.2", 1),
    "serial": params_of("log3.2", 5, finish="serial"),
    "no fraction": params_of("log3.0", 2, bin_width=10),
    "a code or two": params_of("log1.0", 2),
}
cases = pytest.mark.parametrize("params", CASES.values(), ids=CASES)


def assert_legal(params, operands):
    rows, lanes = len(operands["a"]), params["lanes"]
    bits = parse_format(params["format"]).bits
    shape = (rows,) if lanes == 1 else (rows, lanes)
    assert {port: codes.shape for port, codes in operands.items()} == {
        "a": shape,
        "b": shape,
        "first": (rows,),
        "last": (rows,),
    }
    for port, codes in operands.items():
        width = bits if port in "ab" else 1
        assert codes.dtype == code_dtype(width)
        assert int(codes.max(initial=0)) < 1 << width
    if params["finish"] == "serial":
        assert np.diff(np.flatnonzero(operands["last"])).min(initial=99) >= params["lut_entries"]


@cases
def test_operands_are_legal(params):
    stimuli = get_stimuli("log_dot")
    assert_legal(params, stimuli.directed(params))
    for count in (0, 1, 700):
        operands = stimuli.random(params, count, np.random.default_rng(1))
        assert_legal(params, operands)
        assert len(operands["a"]) == count


@cases
def test_random_operands_are_repeatable(params):
    random = get_stimuli("log_dot").random
    first, again = (random(params, 300, np.random.default_rng(2)) for _ in range(2))
    for port, codes in first.items():
        np.testing.assert_array_equal(codes, again[port])


def test_every_exponent_of_a_product_comes_alone():
    operands = get_stimuli("log_dot").directed(CASES["dally"])
    e, f = (operands[port].astype(int) % 128 for port in "ab")
    products = (e != 0) & (f != 0)
    alone = (products.sum(axis=1) == 1) & (operands["first"] & operands["last"] == 1)
    sums = (e + f)[alone][products[alone]]
    assert set(sums.tolist()) == set(range(2, 255))
    assert products[alone].any(axis=0).all()


def test_directed_operands_fill_bins_and_fall_back():
    params = CASES["dally"]
    answer = get_model("log_dot")(params, get_stimuli("log_dot").directed(params))
    overflow = answer["overflow"] != 0
    assert 0.05 < overflow.mean() < 0.9
    assert {0, 1} < set(np.diff(overflow.astype(int)).tolist())


def test_random_sums_cancel_overflow_and_vary():
    params = params_of("log4.3", 8, bin_width=34)
    operands = get_stimuli("log_dot").random(params, 20_000, np.random.default_rng(3))
    answer = get_model("log_dot")(params, operands)
    asked = answer["out_valid"]
    assert 0.3 < asked.mean() < 0.9
    assert 0.01 < (answer["overflow"][asked] != 0).mean() < 0.7
    assert 0.001 < (answer["y"][asked] == 0).mean() < 0.2
    assert len(np.unique(answer["y_log"][asked])) > 200
    runs = np.diff(np.flatnonzero(operands["first"]))
    assert (runs == 1).mean() > 0.2
    assert runs.max() > 60


def test_there_is_no_end_of_sums():
    stimuli = get_stimuli("log_dot")
    assert stimuli.space_bits(CASES["one lane"]) > 64
    with pytest.raises(ValueError, match="sums have no end"):
        stimuli.enumerate_space(CASES["one lane"], 0, 1)
