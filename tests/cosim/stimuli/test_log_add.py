"""Stimuli for `log_add`."""

import numpy as np
import pytest

from cosim.golden import code_dtype
from cosim.stimuli import get_stimuli
from gen.params.log_add import LogAddParams
from hdl.formats import parse_format

STIMULI = get_stimuli("log_add")


def params_of(name):
    return LogAddParams.model_validate({"format": name}).model_dump()


@pytest.mark.parametrize("name", ["log4.3", "log1.0", "log6.4"])
def test_operands_are_legal(name):
    params, fmt = params_of(name), parse_format(name)
    sources = [STIMULI.random(params, n, np.random.default_rng(1)) for n in (0, 1, 500)]
    for operands in [STIMULI.directed(params), *sources]:
        assert operands["a"].shape == operands["b"].shape
        for codes in operands.values():
            assert codes.dtype == code_dtype(fmt.bits)
            assert int(codes.max(initial=0)) < 1 << fmt.bits


def test_every_distance_comes_with_all_signs():
    operands = STIMULI.directed(params_of("log6.4"))
    a, b = (operands[port].astype(int) for port in "ab")
    for sign_a in (0, 1):
        for sign_b in (0, 1):
            chosen = (a >> 10 == sign_a) & (b >> 10 == sign_b)
            distances = (a % 1024 - b % 1024)[chosen]
            assert set(distances.tolist()) == set(range(-1023, 1024))


def test_random_distances_are_mostly_short():
    operands = STIMULI.random(params_of("log6.4"), 4000, np.random.default_rng(1))
    distance = np.abs((operands["a"] % 1024).astype(int) - operands["b"] % 1024)
    assert (distance < 7 * 16).mean() > 0.5
    assert (distance > 7 * 16).mean() > 0.2


def test_enumeration():
    params = params_of("log2.0")
    operands = STIMULI.enumerate_space(params, 0, 64)
    assert STIMULI.space_bits(params) == 6
    assert len(np.unique(np.column_stack([operands["a"], operands["b"]]), axis=0)) == 64
