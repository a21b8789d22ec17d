from random import Random

import pytest

from tests.hdl.dots import dot, evaluate
from tests.hdl.simulate import run_pipeline


def test_worked_integer_dot_product():
    # 1*4 + 2*3 - 3*2 + 4*-1 = 0, and the extreme 4 * (-128)^2 = 65536 fits int18.
    unit = dot("int8", "int8", lanes=4)
    assert unit.result.name == "int18"
    assert evaluate(unit, [1, 2, 0xFD, 4], [4, 3, 2, 0xFF]) == 0
    assert evaluate(unit, [0x80] * 4, [0x80] * 4) == 65536


@pytest.mark.parametrize("accumulator", ["binary", "carry_save"])
@pytest.mark.parametrize("stages", [0, 1, 2, 6])
def test_accumulator_restarts_and_ignores_invalid_cycles(stages, accumulator):
    options = {"accumulate": True, "accumulator": accumulator, "stages": stages}
    unit = dot("int8", "int8", "int32", lanes=1, **options)
    assert unit.latency == stages + 1
    rows = [(1, 1, 2), (1, 0, 3), (0, 1, 99), (1, 0, 4), (1, 1, 5)]
    cycles = [{"in_valid": v, "first": f, "a": a, "b": 10} for v, f, a in rows]
    cycles += [{"in_valid": 0}] * unit.latency
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [20, 50, 90, 50]


def test_a_sum_in_two_parts_wraps():
    unit = dot("int4", "uint4", "int6", lanes=2, accumulate=True, accumulator="carry_save")
    random = Random(1)
    rows = [
        (random.randrange(256), random.randrange(256), random.random() < 0.1) for _ in range(60)
    ]
    total, sums = 0, []
    for a, b, first in rows:
        products = sum(((x ^ 8) - 8) * y for x, y in ((a & 15, b & 15), (a >> 4, b >> 4)))
        total = products + (0 if first else total)
        sums.append(total % 64)
    cycles = [{"in_valid": 1, "first": f, "a": a, "b": b} for a, b, f in rows] + [{"in_valid": 0}]
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == sums
