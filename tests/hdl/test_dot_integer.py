import pytest

from tests.hdl.dots import dot, evaluate
from tests.hdl.simulate import run_pipeline


def test_worked_integer_dot_product():
    # 1*4 + 2*3 - 3*2 + 4*-1 = 0, and the extreme 4 * (-128)^2 = 65536 fits int18.
    unit = dot("int8", "int8", lanes=4)
    assert unit.result.name == "int18"
    assert evaluate(unit, [1, 2, 0xFD, 4], [4, 3, 2, 0xFF]) == 0
    assert evaluate(unit, [0x80] * 4, [0x80] * 4) == 65536


@pytest.mark.parametrize("stages", [0, 2])
def test_accumulator_restarts_and_ignores_invalid_cycles(stages):
    unit = dot("int8", "int8", "int32", lanes=1, accumulate=True, stages=stages)
    assert unit.latency == stages + 1
    rows = [(1, 1, 2), (1, 0, 3), (0, 1, 99), (1, 0, 4), (1, 1, 5)]
    cycles = [{"in_valid": v, "first": f, "a": a, "b": 10} for v, f, a in rows]
    cycles += [{"in_valid": 0}] * unit.latency
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [20, 50, 90, 50]
