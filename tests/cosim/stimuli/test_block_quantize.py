import numpy as np
import pytest

from cosim.golden import get_model
from cosim.golden.block_quantize import quantize_vectors
from cosim.stimuli import block_quantize as stimuli

WHOLE = {"x": "bf16", "y": "mxfp4", "lanes": 32, "rounding": "rne"}
ROWS = WHOLE | {"lanes": 8}


def test_directed_vectors_meet_every_element_and_many_scales():
    chosen = stimuli.directed(WHOLE)
    y, scale = quantize_vectors(chosen["x"], x_format="bf16", y_format="mxfp4")
    assert set(np.unique(y)) == set(range(16))
    assert {0, 1, 252, 255} <= set(scale.tolist())


def test_directed_rows_give_vectors_up():
    chosen = stimuli.directed(ROWS)
    assert set(np.diff(np.flatnonzero(chosen["first"])).tolist()) >= {2, 3, 4, 5, 6, 7}
    assert chosen["first"][0] == 0  # from reset on


@pytest.mark.parametrize("params", [WHOLE, ROWS, ROWS | {"lanes": 1, "x": "int12"}])
@pytest.mark.parametrize("count", [0, 1, 700])
def test_random_rows(params, count):
    chosen = stimuli.random(params, count, np.random.default_rng(1))
    assert {len(codes) for codes in chosen.values()} == {count}
    assert ("first" in chosen) == (params["lanes"] < 32)
    if count == 700 and params["lanes"] < 32:
        due = get_model("block_quantize")(params, chosen)["out_valid"]
        assert due.mean() > 0.3


def test_random_vectors_meet_ties_and_specials():
    chosen = stimuli.random(WHOLE, 2000, np.random.default_rng(1))
    _, scale = quantize_vectors(chosen["x"], x_format="bf16", y_format="mxfp4")
    assert 0.01 < (scale == 255).mean() < 0.05
    down, _ = quantize_vectors(chosen["x"], x_format="bf16", y_format="mxfp4", rounding="rtz")
    even, _ = quantize_vectors(chosen["x"], x_format="bf16", y_format="mxfp4")
    away, _ = quantize_vectors(chosen["x"], x_format="bf16", y_format="mxfp4", rounding="rna")
    assert 0.02 < (even != away).mean() < 0.4
    assert (down != even).mean() > 0.05


def test_enumeration():
    params = {"x": "int3", "y": "bfp3v2", "lanes": 2, "rounding": "rne"}
    assert stimuli.space_bits(params) == 6
    chosen = stimuli.enumerate_space(params, 0, 64)
    assert len(np.unique(chosen["x"], axis=0)) == 64
    params["lanes"] = 1
    assert stimuli.space_bits(params) == 128
    with pytest.raises(ValueError, match=r"^vectors of several rows are too many to enumerate$"):
        stimuli.enumerate_space(params, 0, 1)


def test_outer_scales_in_rows_and_enumerated():
    params = {"x": "int2", "y": "vsq2m2v2", "lanes": 2, "outer": "e2m1", "order": "scaled"}
    assert stimuli.space_bits(params) == 8
    chosen = stimuli.enumerate_space(params, 0, 256)
    assert len(np.unique(np.column_stack([chosen["x"], chosen["outer"]]), axis=0)) == 256
    rows = {"x": "bf16", "y": "nvfp4", "lanes": 4, "outer": "fp32", "order": None}
    chosen = stimuli.random(rows, 400, np.random.default_rng(1))
    # Only that of a vector's last row counts: the others are others.
    assert {len(codes) for codes in chosen.values()} == {400}
    assert (np.diff(chosen["outer"].reshape(-1, 4)) != 0).any(axis=1).mean() > 0.9
    assert set(stimuli.directed(rows)) == {"x", "outer", "first"}
