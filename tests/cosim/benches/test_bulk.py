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


def test_all_copies_of_a_combinational_unit(tmp_path):
    unit, operands = sum_unit(), random_sums(801)
    with checker_of(unit, SUM, tmp_path) as checker:
        tally = checker.run([Batch(operands, *unit.respond(operands), streams=8)])
    assert (tally.compared, tally.mismatches) == (801, 0)


def test_gaps_and_resets_in_a_pipelined_unit(tmp_path):
    unit, operands = running_unit(), with_gaps(random_sequence(200), resets=(50, 51, 90))
    expected, due = unit.respond(operands)
    with checker_of(unit, RUNNING, tmp_path) as checker:
        tally = checker.run([Batch(operands, expected, due)])
    assert (tally.compared, tally.mismatches) == (due.sum(), 0)


def test_every_wrong_answer_is_counted(tmp_path):
    unit, operands = sum_unit(), random_sums(100)
    expected, due = unit.respond(operands)
    expected["y"][[3, 50, 99]] += 1
    with checker_of(unit, SUM, tmp_path) as checker:
        tally = checker.run([Batch(operands, expected, due, streams=8)])
    assert (tally.compared, tally.mismatches) == (100, 3)
    assert "3 of 100 results are wrong" in (tmp_path / "simulator0" / "simulation.log").read_text()


def test_what_is_not_reset_is_not_zero(tmp_path):
    unit, operands = running_unit(), random_sequence(20)
    operands["first"][:] = 0
    assert RUNNING.count("y <= 0;") == 1
    with checker_of(unit, RUNNING.replace("y <= 0;", ""), tmp_path) as checker:
        tally = checker.run([Batch(operands, *unit.respond(operands))])
    assert tally.mismatches == 20
