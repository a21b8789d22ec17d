"""Bins times constants, at once and one a cycle."""

import random

import pytest

from hdl.formats import LogFormat
from hdl.stages.bins import bin_plan
from hdl.stages.finish import Finish, SerialFinish
from tests.hdl.simulate import run_pipeline, settle


def plan_of(accumulator, lut_entries=4):
    return bin_plan(
        LogFormat(2, 2, 8),
        2,
        constant_bits=5,
        bin_width=9,
        drop=0,
        lut_entries=lut_entries,
        accumulator=accumulator,
    )


def rows_of(plan, count):
    numbers = random.Random(count)
    rows = [
        [numbers.getrandbits(plan.bin_bits) for _ in range(plan.registers)] for _ in range(count)
    ]
    top = 1 << (plan.bin_bits - 1)
    return [[top] * plan.registers, [top - 1] * plan.registers, *rows]


def ports(contents):
    return {f"bin_{j}": content for j, content in enumerate(contents)}


def total_of(plan, contents):
    size = 1 << plan.bin_bits
    if plan.is_paired:
        half = len(plan.constants)
        values = [up - down for up, down in zip(contents[:half], contents[half:], strict=True)]
    else:
        values = [content - size if content >= size // 2 else content for content in contents]
    return sum(c * value for c, value in zip(plan.constants, values, strict=True))


@pytest.mark.parametrize("accumulator", ["signed", "pairs", "linear"])
def test_all_bins_at_once(accumulator):
    plan = plan_of(accumulator)
    rows = rows_of(plan, 50)
    got = settle(Finish(plan, "ripple"), [ports(row) for row in rows], "total")
    assert got == [(total_of(plan, row),) for row in rows]


@pytest.mark.parametrize("lut_entries", [2, 4])
@pytest.mark.parametrize("accumulator", ["signed", "pairs"])
def test_one_bin_a_cycle(accumulator, lut_entries):
    plan = plan_of(accumulator, lut_entries)
    rows = rows_of(plan, 20)
    # A start in every lut_entries-th cycle, other numbers in between, which must not matter.
    cycles = []
    for row in rows:
        cycles.append(ports(row) | {"start": 1})
        cycles += [ports([5] * plan.registers) | {"start": 0}] * (lut_entries - 1)
    cycles += [{"start": 0}] * (lut_entries + 1)
    got = run_pipeline(SerialFinish(plan, "ripple"), cycles, "done", "total")
    assert [total for done, total in got if done] == [total_of(plan, row) for row in rows]
    assert [cycle for cycle, (done, _) in enumerate(got) if done] == [
        lut_entries * (k + 1) for k in range(len(rows))
    ]


def test_a_start_too_early_begins_anew():
    plan = plan_of("signed")
    lost, kept = rows_of(plan, 2)[2:]
    starts = {0: lost, 2: kept}
    cycles = [
        ports(starts[cycle]) | {"start": 1} if cycle in starts else {"start": 0}
        for cycle in range(9)
    ]
    got = run_pipeline(SerialFinish(plan, "ripple"), cycles, "done", "total")
    assert [(cycle, total) for cycle, (done, total) in enumerate(got) if done] == [
        (6, total_of(plan, kept))
    ]
