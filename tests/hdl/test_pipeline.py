from itertools import combinations, pairwise

import pytest

from hdl.fma import Fma
from hdl.formats import parse_format
from hdl.pipeline import (
    REGISTER_PS,
    STEP_PS,
    balanced_cuts,
    segment_ps,
    stages_for,
    steps_of,
)
from tests.hdl.simulate import run_pipeline


def test_cuts_of_a_worked_example():
    # 1+2 | 3 | 2+1: the worst segment of two cuts cannot be shorter than 3.
    assert balanced_cuts([1, 2, 3, 2, 1], 2) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize("stages", range(6))
def test_no_other_cuts_are_better(stages):
    delays = [3, 1, 4, 1, 5, 9]

    def worst(cuts):
        bounds = [0, *cuts, len(delays)]
        return max(sum(delays[i:j]) for i, j in pairwise(bounds))

    counts = balanced_cuts(delays, stages)
    chosen = [i + 1 for i, count in enumerate(counts) if count]
    assert sum(counts) == stages
    assert worst(chosen) == min(worst(cuts) for cuts in combinations(range(1, 6), stages))


def test_more_registers_than_steps_stack_up():
    counts = balanced_cuts([1, 1, 1], 7)
    assert sum(counts) == 7
    assert max(counts) - min(counts) == 1


@pytest.mark.parametrize("stages", [1, 3, 9])
def test_latency_and_valid(stages):
    int8, int16 = parse_format("int8"), parse_format("int16")
    unit = Fma(int8, int8, int16, int16, stages=stages)
    assert unit.latency == stages
    valid = [1, 0, 1, 1, 0, 0, 1]
    cycles = [{"in_valid": v, "a": i, "b": 3, "c": 100} for i, v in enumerate(valid)]
    outputs = run_pipeline(unit, cycles + [{"in_valid": 0}] * stages, "out_valid", "y")
    assert [v for v, _ in outputs] == [0] * stages + valid
    assert [y for v, y in outputs if v] == [3 * i + 100 for i, v in enumerate(valid) if v]


def test_steps_are_those_of_the_unit_itself() -> None:
    e4m3, fp16 = parse_format("e4m3"), parse_format("fp16")
    steps = steps_of(Fma(e4m3, e4m3, fp16, fp16))
    assert list(steps) == ["unpack", "align", "multiply_add", "normalize", "pack"]
    assert all(delay > 0 for delay in steps.values())
    assert steps_of(Fma(e4m3, e4m3, fp16, fp16, stages=3)) == steps


def test_more_registers_for_a_shorter_period() -> None:
    delays = [3.0, 12.0, 5.0, 10.0]
    slowest = [segment_ps(delays, stages, "balanced") for stages in range(4)]
    assert slowest[0] == pytest.approx(30 * STEP_PS["balanced"])
    assert slowest[1] == pytest.approx(15 * STEP_PS["balanced"] + REGISTER_PS)
    assert slowest == sorted(slowest, reverse=True)
    for stages in range(4):
        assert stages_for(delays, slowest[stages], "balanced") == slowest.index(slowest[stages])
    assert stages_for(delays, slowest[3] - 1, "balanced") is None
    assert stages_for(delays, slowest[0], "balanced", keeps_sum=True) == 1
