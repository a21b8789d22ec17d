import pytest

from cosim.checker import Batch
from tests.cosim.duts import (
    RUNNING,
    SUM,
    checker_of,
    random_sequence,
    random_sums,
    running_unit,
    sum_unit,
    with_gaps,
)

SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.tool("iverilog", "vvp"))]


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_combinational_unit_of_several_lanes(simulator, tmp_path):
    unit, operands = sum_unit(), random_sums(50)
    with checker_of(unit, SUM, tmp_path, cycle_in=simulator) as checker:
        tally = checker.run([Batch(operands, *unit.respond(operands))])
    assert (tally.compared, tally.mismatches) == (50, 0)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_gaps_and_resets(simulator, tmp_path):
    unit, operands = running_unit(), with_gaps(random_sequence(100), resets=(40, 60))
    expected, due = unit.respond(operands)
    with checker_of(unit, RUNNING, tmp_path, cycle_in=simulator) as checker:
        tally = checker.run([Batch(operands, expected, due)])
    assert (tally.compared, tally.mismatches) == (due.sum(), 0)


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize(
    "fault",
    [
        RUNNING.replace("out_valid <= 0;", "").replace("valid <= 0;", "", 1),  # never known
        RUNNING.replace("8'd0 : y", "8'dx : y"),  # known to be valid, but not what
    ],
)
def test_unknown_bits_are_wrong_wherever_they_matter(fault, tmp_path):
    unit, operands = running_unit(), random_sequence(10)
    with checker_of(unit, fault, tmp_path, cycle_in="icarus") as checker:
        tally = checker.run([Batch(operands, *unit.respond(operands))])
    assert tally.mismatches > 0
    assert tally.first is not None
    assert tally.first.got["out_valid"].tolist() == [2]
