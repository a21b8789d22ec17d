import numpy as np
import pytest

from cosim.golden import rescale
from cosim.stimuli import quantize as stimuli

PARAMS = {"x": "int16", "y": "int8", "scale": "uq0.8", "random_bits": None}


def test_directed_operands_are_all_combinations_of_corners():
    chosen = stimuli.directed(PARAMS | {"random_bits": 3})
    pairs = set(zip(chosen["x"].tolist(), chosen["scale"].tolist(), strict=True))
    assert len(pairs) == len(chosen["x"])
    assert {0, 7} < set(chosen["rnd"].tolist())


@pytest.mark.parametrize("count", [0, 400])
def test_random_operands(count):
    chosen = stimuli.random(PARAMS | {"random_bits": 3}, count, np.random.default_rng(0))
    assert [len(codes) for codes in chosen.values()] == [count] * 3


def test_random_results_are_spread_over_the_range():
    chosen = stimuli.random(PARAMS, 4000, np.random.default_rng(0))
    codes = rescale(
        chosen["x"], chosen["scale"], x_format="int16", scale_format="uq0.8", y_format="int8"
    )
    assert len(np.unique(codes)) == 256


def test_enumeration():
    params = PARAMS | {"x": "int4", "scale": "uint2", "random_bits": 1}
    assert stimuli.space_bits(params) == 7
    chosen = stimuli.enumerate_space(params, 0, 128)
    assert len(set(zip(*(codes.tolist() for codes in chosen.values()), strict=True))) == 128
