import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.block_dot import model
from cosim.stimuli import block_dot as stimuli

MX = {"a": "mxfp8-e4m3", "b": "mxfp4", "y": "fp32", "blocks": 1, "c": "fp32", "accumulate": False}
MX |= {"scale_bits": None, "sparsity": None, "rounding": "rne", "overflow": "ieee"}
VSQ = MX | {"a": "vsq4m4v2", "b": "vsq4m4v2", "y": "int20", "c": None, "overflow": "wrap"}
SPARSE = VSQ | {"blocks": 2, "sparsity": "2:4"}
STATEFUL = VSQ | {"accumulate": True}
OUTER = MX | {"a": "nvfp4", "b": "nvfp4", "c": None, "outer": "bf16"}


@pytest.mark.parametrize(
    "params", [MX, VSQ, SPARSE, STATEFUL, OUTER], ids=["mx", "vsq", "2:4", "acc", "outer"]
)
def test_operands_fit_the_model(params):
    for chosen in (stimuli.directed(params), stimuli.random(params, 300, np.random.default_rng(0))):
        answer = model(params, chosen)
        assert len(answer["y"]) == len(chosen["a"])
    assert len(stimuli.random(params, 0, np.random.default_rng(0))["b"]) == 0


def test_every_lane_is_tried_by_itself():
    chosen = stimuli.directed(SPARSE)
    alone = (chosen["a"] != 0).sum(axis=1) == 1
    assert set(np.flatnonzero((chosen["a"][alone] != 0).any(axis=0))) == set(range(8))


def test_sums_are_numbers_of_all_sizes():
    chosen = stimuli.random(MX, 4000, np.random.default_rng(1))
    values = decode(model(MX, chosen)["y"], "fp32")
    finite = np.isfinite(values)
    assert 0.6 < finite.mean() < 0.99
    assert len(np.unique(np.frexp(values[finite])[1])) > 100


def test_outer_scales_of_all_kinds():
    chosen = stimuli.directed(OUTER)
    values = decode(chosen["outer"], "bf16")
    assert np.isnan(values).any()
    assert np.isinf(values).any()
    assert (values == 0).any()
    chosen = stimuli.random(OUTER, 2000, np.random.default_rng(1))
    finite = np.isfinite(decode(model(OUTER, chosen)["y"], "fp32"))
    assert 0.5 < finite.mean() < 0.99
    params = OUTER | {"a": "bfp2v1", "b": "bfp2v1", "outer": "e2m1"}
    assert stimuli.space_bits(params) == 24


def test_enumeration():
    params = VSQ | {"a": "vsq2m1v1", "b": "vsq2m1v1"}
    assert stimuli.space_bits(params) == 6
    chosen = stimuli.enumerate_space(params, 0, 64)
    assert len(set(zip(*(codes.tolist() for codes in chosen.values()), strict=True))) == 64
    assert stimuli.space_bits(STATEFUL) > 64
    message = r"^an accumulator has more than its operands to enumerate$"
    with pytest.raises(ValueError, match=message):
        stimuli.enumerate_space(STATEFUL, 0, 1)
