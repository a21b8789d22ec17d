import numpy as np
import pytest

from cosim.golden.sparse_mux import model
from cosim.stimuli import sparse_mux as stimuli

PARAMS = {"x": "int4", "n": 2, "m": 4, "groups": 3}
ONE = {"x": "uint2", "n": 1, "m": 1, "groups": 1}


def test_directed_operands_try_every_code_in_every_group():
    chosen = stimuli.directed(PARAMS)
    for group in range(3):
        assert set(chosen["meta"][:, group].tolist()) == set(range(16))
    # A fault in one group must not hide behind one in another.
    assert len(np.unique(chosen["meta"], axis=0)) == 16


@pytest.mark.parametrize("count", [0, 1, 500])
def test_random_operands_are_as_many_as_asked_for(count):
    chosen = stimuli.random(PARAMS, count, np.random.default_rng(0))
    assert chosen["x"].shape == (count, 12)
    assert chosen["meta"].shape == (count, 3)


def test_most_random_rows_are_legal_and_some_are_not():
    chosen = stimuli.random(PARAMS, 2000, np.random.default_rng(0))
    assert 0.05 < model(PARAMS, chosen)["err"].mean() < 0.4


def test_enumeration_is_complete():
    params = PARAMS | {"x": "uint1", "groups": 1}
    bits = stimuli.space_bits(params)
    assert bits == 8
    chosen = stimuli.enumerate_space(params, 0, 1 << bits)
    rows = np.concatenate([chosen["x"], chosen["meta"][:, None]], axis=1)
    assert len(np.unique(rows, axis=0)) == 256
    one = stimuli.enumerate_space(ONE, 0, 8)
    assert one["x"].shape == one["meta"].shape == (8,)
