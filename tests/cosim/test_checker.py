import numpy as np
import pytest

from cosim.checker import Batch, rows_for
from cosim.unit import part_of
from tests.cosim.duts import (
    LATE,
    RUNNING,
    SUM,
    checker_of,
    late_unit,
    random_sequence,
    random_sums,
    running_unit,
    sum_unit,
)


def batch_of(unit, operands, streams=1):
    return Batch(operands, *unit.respond(operands), streams=streams)


def test_rows_hold_reset_operands_what_is_still_inside_and_silence():
    assert rows_for(100, copies=8, latency=3) == 1 + 13 + 3 + 1


@pytest.mark.parametrize("streams", [1, 3, 8])
@pytest.mark.parametrize("count", [1, 7, 8, 1000])
def test_outputs_come_in_the_order_of_the_operands(streams, count, tmp_path):
    unit, operands = sum_unit(), random_sums(count)
    batch = batch_of(unit, operands, streams)
    seen = []
    with checker_of(unit, SUM, tmp_path, rows=32) as checker:
        tally = checker.run([batch, batch], seen.append, keep_outputs=True)
    assert (tally.compared, tally.mismatches) == (2 * count, 0)
    assert seen[-1] == 2 * count
    for name, codes in batch.expected.items():
        got = np.concatenate([part[name] for part in tally.outputs])
        assert (got == np.concatenate([codes, codes])).all()


def test_a_state_lasts_from_block_to_block_and_not_from_batch_to_batch(tmp_path):
    unit = running_unit()
    one = {"x": np.arange(100, dtype=np.uint8), "first": np.zeros(100, np.uint8)}
    with checker_of(unit, RUNNING, tmp_path, rows=16) as checker:
        tally = checker.run([batch_of(unit, one), batch_of(unit, one)], keep_outputs=True)
    assert (tally.compared, tally.mismatches) == (200, 0)
    assert [part["y"][-1] for part in tally.outputs[-1:]] == [sum(range(100)) % 256]


def test_every_stream_begins_after_a_reset(tmp_path):
    unit, operands = running_unit(), random_sequence(96)
    operands["first"][:] = 0
    operands["first"][::12] = 1
    with checker_of(unit, RUNNING, tmp_path) as checker:
        tally = checker.run([batch_of(unit, operands, streams=8)])
    assert (tally.compared, tally.mismatches) == (96, 0)


def test_results_that_come_now_and_then_are_all_that_is_compared(tmp_path):
    unit = late_unit()
    operands = random_sequence(1000)
    operands["last"] = operands.pop("first")
    given, expected, due = unit.respond_apart(operands, 8)
    batch = Batch(given, expected, due, 8)
    seen = []
    with checker_of(unit, LATE, tmp_path) as checker:
        tally = checker.run([batch], seen.append)
        early = checker.run([Batch(given, expected, ~due, 8)])
    assert (tally.compared, tally.mismatches) == (due.sum(), 0)
    assert 50 < due.sum() < 200
    assert seen == [1000]
    assert early.mismatches == 1000  # nothing where something is due, and the other way round


@pytest.mark.parametrize("streams", [1, 8])
def test_the_first_wrong_answer_is_the_first_in_the_order_of_the_operands(streams, tmp_path):
    unit, operands = sum_unit(), random_sums(1000)
    right = batch_of(unit, operands, streams)
    wrong = batch_of(unit, operands, streams)
    wrong.expected["low"][[251, 252, 900], 1] ^= 1
    with checker_of(unit, SUM, tmp_path) as checker:
        tally = checker.run([right, wrong, wrong])
    assert tally.mismatches == 6
    assert tally.first is not None
    assert (tally.first.position, tally.first.index) == (251, 1251)
    assert tally.first.is_due
    assert tally.first.got["y"].tolist() == [wrong.expected["y"][251]]
    assert tally.first.got["low"].tolist() == operands["a"][251, :2].tolist()


def test_several_simulators_change_nothing(tmp_path):
    unit = sum_unit()
    batches = [batch_of(unit, random_sums(500, seed), streams=8) for seed in range(20)]
    batches[7].expected["y"][123] += 1
    batches[9].expected["y"][0] += 1
    with checker_of(unit, SUM, tmp_path, most=2) as checker:
        checker._crew.has_waited(2.0)
        tally = checker.run(batches, keep_outputs=True)
        assert len(checker._crew.members) == 2
        assert all(member._compared > 1000 for member in checker._crew.members)
    assert (tally.compared, tally.mismatches) == (10_000, 2)
    assert tally.first is not None
    assert tally.first.index == 7 * 500 + 123
    got = np.concatenate([part["low"] for part in tally.outputs])
    assert (got == np.concatenate([batch.expected["low"] for batch in batches])).all()


def test_a_state_stays_where_it_is(tmp_path):
    unit = running_unit()
    batches = [batch_of(unit, random_sequence(100, seed)) for seed in range(6)]
    with checker_of(unit, RUNNING, tmp_path, rows=16, most=2) as checker:
        checker._crew.has_waited(2.0)
        tally = checker.run(batches)
    assert (tally.compared, tally.mismatches) == (600, 0)


@pytest.mark.parametrize(
    ("fault", "position"),
    [
        # Comes a cycle early, when nothing is due before the first operands.
        (RUNNING.replace("out_valid <= valid", "out_valid <= in_valid"), 0),
        # Stays on when the last has come out.
        (RUNNING.replace("out_valid <= valid", "out_valid <= valid | out_valid"), 9),
    ],
    ids=["early", "stuck"],
)
def test_a_result_out_of_nothing_is_laid_to_the_nearest_operands(fault, position, tmp_path):
    unit, operands = running_unit(), random_sequence(10)
    with checker_of(unit, fault, tmp_path) as checker:
        tally = checker.run([batch_of(unit, operands)])
    assert tally.compared == 10
    assert tally.first is not None
    assert (tally.first.position, tally.first.is_due) == (position, False)
    assert tally.first.got["out_valid"].tolist() == [1]


def test_parts_of_operands_keep_their_answers():
    unit, operands = sum_unit(), random_sums(10)
    assert (
        unit.respond(part_of(operands, 3, 5))[0]["y"] == unit.respond(operands)[0]["y"][3:5]
    ).all()
