import numpy as np
import pytest

from cosim.golden.dot import model
from cosim.stimuli import dot as stimuli
from cosim.stimuli.selection import Selection, selection_of
from gen.config import make_config


def params_of(**given):
    usual = {"a": "int4", "b": "int4", "lanes": 4, "sparsity": "2:4"}
    return make_config("dot", usual | given).params_dict()


@pytest.mark.parametrize("more", [{}, {"accumulate": True, "y": "int12"}, {"lanes": 2}])
def test_dense_operands_are_found_by_the_metadata(more):
    params = params_of(**more)
    dense_params = params | {"sparsity": None}
    for name in ("directed", "random"):
        arguments = () if name == "directed" else (500, np.random.default_rng(3))
        chosen = getattr(stimuli, name)(params, *arguments)
        answer = model(params, chosen)
        arguments = () if name == "directed" else (500, np.random.default_rng(3))
        dense = getattr(stimuli, name)(dense_params, *arguments)
        legal = answer["err"] == 0
        assert 0 < legal.sum() < len(legal)
        count = len(dense["a"])
        if not params["accumulate"]:
            expected = model(dense_params, dense)["y"]
            rows = np.arange(len(legal)) % count
            assert np.array_equal(answer["y"][legal], expected[rows][legal])


def test_every_code_is_tried():
    chosen = stimuli.directed(params_of(lanes=2))
    assert set(chosen["meta"].tolist()) == set(range(16))


def test_space_of_a_selection():
    params = params_of(a="int2", b="uint1", lanes=1, sparsity="1:2")
    assert stimuli.space_bits(params) == 4 + 1 + 1
    rows = stimuli.enumerate_space(params, 0, 64)
    columns = np.column_stack([rows["a"], rows["b"], rows["meta"]])
    assert {len(codes) for codes in rows.values()} == {64}
    assert rows["a"].shape == (64, 2)
    assert len(np.unique(columns, axis=0)) == 64
    assert stimuli.enumerate_space(params, 3, 0)["b"].shape == (0,)


def test_scaled_vectors_have_the_stimuli_of_blocks():
    params = params_of(sparsity=None, scale={"kind": "vsq", "vector": 2})
    assert set(stimuli.directed(params)) == {"a", "b", "scale_a", "scale_b"}
    assert stimuli.space_bits(params) == 32 + 4 * 6
    assert stimuli.random(params, 7, np.random.default_rng(0))["scale_a"].shape == (7, 2)
    tiny = params_of(
        a="int2", b="int2", lanes=1, sparsity=None, scale={"kind": "channel", "a": "uint1"}
    )
    assert len(stimuli.enumerate_space(tiny, 0, 64)["a"]) == 64


def test_dense_weights_have_none():
    assert selection_of({"sparsity": None}) is None
    assert Selection("2:4", 8, "int4").meta_bits == 4
