import numpy as np
import pytest

from cosim.stimuli import vector_scale as stimuli

PLAIN = {"x": "int8", "scale_a": "uint4", "scale_b": "uint4", "accumulate": False}
STATEFUL = {"x": "int8", "scale_a": "e8m0", "scale_b": "e8m0", "accumulate": True}


def test_directed_operands_come_alone_and_in_runs():
    assert len(stimuli.directed(PLAIN)["x"]) == 40 * 16 * 16
    chosen = stimuli.directed(STATEFUL)
    half = len(chosen["x"]) // 2
    assert chosen["first"][:half].all()
    assert 0.1 < chosen["first"][half:].mean() < 0.9


@pytest.mark.parametrize("params", [PLAIN, STATEFUL])
@pytest.mark.parametrize("count", [0, 500])
def test_random_operands(params, count):
    chosen = stimuli.random(params, count, np.random.default_rng(0))
    assert {len(codes) for codes in chosen.values()} == {count}
    assert ("first" in chosen) == params["accumulate"]


def test_nan_does_not_hide_long_runs():
    chosen = stimuli.random(STATEFUL, 20000, np.random.default_rng(0))
    starts = np.flatnonzero(chosen["first"])
    lengths = np.diff(starts, append=20000)
    long = np.repeat(lengths > 4, lengths)[: 20000 - starts[0]]
    assert long.any()
    assert not (chosen["scale_a"][starts[0] :][long] == 255).any()


def test_enumeration():
    params = PLAIN | {"x": "int2", "scale_a": "uint2", "scale_b": "uint2"}
    assert stimuli.space_bits(params) == 6
    chosen = stimuli.enumerate_space(params, 0, 64)
    assert len(set(zip(*(codes.tolist() for codes in chosen.values()), strict=True))) == 64
    assert stimuli.space_bits(STATEFUL) > 64
    with pytest.raises(
        ValueError, match=r"^an accumulator has more than its operands to enumerate$"
    ):
        stimuli.enumerate_space(STATEFUL, 0, 1)
