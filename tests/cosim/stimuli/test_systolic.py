import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.systolic import model, origins
from cosim.stimuli import systolic as stimuli
from gen.config import make_config


def params(**given):
    return make_config("systolic", given).params_dict()


INT = params(rows=3, cols=2, a="int8", b="int8", y="int32")
FLOAT = params(rows=2, cols=3, a="e4m3", b="e5m2", y="fp32", c="fp16")
CELL = params(rows=1, cols=1, a="int4", b="uint4", y="int10")


@pytest.mark.parametrize("given", [INT, FLOAT, CELL], ids=["int", "float", "cell"])
def test_operands_fit_the_model(given):
    for chosen in (stimuli.directed(given), stimuli.random(given, 300, np.random.default_rng(0))):
        assert len(model(given, chosen)["y"]) == len(chosen["a"])
    assert len(stimuli.random(given, 0, np.random.default_rng(0))["b"]) == 0


def test_a_one_is_tried_in_every_place():
    chosen = stimuli.directed(INT)
    origin = origins(chosen["load"], chosen["swap"], 3)
    weights = np.where(origin[..., None] >= 0, chosen["b"][origin], 0).reshape(-1, 6)
    alone = weights[(weights != 0).sum(axis=1) == 1]
    assert (alone == 1).any(axis=0).all()


def test_weights_change_often_and_results_are_numbers():
    chosen = stimuli.random(FLOAT, 3000, np.random.default_rng(1))
    origin = origins(chosen["load"], chosen["swap"], 2)
    assert (origin[-1000:] >= 0).all()
    assert 200 < len(np.unique(origin, axis=0)) < 2000
    values = decode(model(FLOAT, chosen)["y"], "fp32")
    assert 0.4 < np.isfinite(values).mean() < 0.99


def test_weights_are_a_state():
    assert stimuli.space_bits(CELL) == 65
    assert stimuli.space_bits(INT) == 2 + 24 + 16 + 96
    with pytest.raises(ValueError, match=r"^cycles 0 to 9: 1 x 1 weights are a state$"):
        stimuli.enumerate_space(CELL, 0, 10)
