import numpy as np
import pytest

from gen.errors import ConfigError
from tests.cosim.duts import (
    late_unit,
    random_sequence,
    random_sums,
    running_model,
    running_unit,
    sum_unit,
)


def test_a_manifest_is_read_by_role():
    unit = running_unit()
    assert [port["name"] for port in unit.operands] == ["x", "first"]
    assert [port["name"] for port in unit.results] == ["y"]
    assert (unit.valid_in, unit.valid_out, unit.reset) == ("in_valid", "out_valid", "rst")
    assert unit.is_stateful
    assert not sum_unit().is_stateful
    assert sum_unit().reset is None
    assert sum_unit().vector_bytes == 3 + 2


def test_every_cycle_gets_an_answer_unless_said_otherwise():
    expected, due = sum_unit().respond({"a": np.array([[1, 2, 3]]), "b": np.array([4])})
    assert expected["y"].tolist() == [(1 << 39) + 10]
    assert expected["low"].tolist() == [[1, 2]]
    assert due.tolist() == [True]


def test_gaps_and_resets_worked_by_hand():
    # Latency 2: the reset in cycle 3 clears what came in cycles 2 and 3, and the sum so far.
    expected, due = running_unit().respond(
        {
            "x": np.array([1, 2, 4, 8, 16, 32, 64], np.uint8),
            "first": np.array([1, 0, 0, 0, 0, 0, 1], np.uint8),
            "in_valid": np.array([1, 1, 1, 1, 1, 0, 1], np.uint8),
            "rst": np.array([0, 0, 0, 1, 0, 0, 0], np.uint8),
        }
    )
    assert due.tolist() == [True, True, False, False, True, False, True]
    assert expected["y"][due].tolist() == [1, 3, 16, 64]


def test_a_model_may_say_in_which_cycles_there_is_a_result():
    operands = {
        "x": np.array([1, 2, 4, 8, 16], np.uint8),
        "last": np.array([0, 1, 0, 1, 1], np.uint8),
    }
    expected, due = late_unit().respond(operands)
    assert set(expected) == {"y"}
    assert due.tolist() == [False, True, False, True, True]
    assert expected["y"][due].tolist() == [3, 12, 16]
    # There is a `last` in the cycle without operands, which does not count.
    gaps = {"in_valid": np.array([1, 1, 1, 0, 1], np.uint8), "rst": np.array([0, 0, 1, 0, 0])}
    expected, due = late_unit().respond(operands | gaps)
    assert due.tolist() == [False, True, False, False, True]
    assert expected["y"][due].tolist() == [3, 16]


def test_every_stream_begins_afresh_at_first():
    operands, expected, due = running_unit().respond_apart(random_sequence(100), streams=8)
    assert operands["first"][::13].tolist() == [1] * 8
    assert (expected["y"] == running_model({}, operands)["y"]).all()
    assert due.all()


def test_streams_without_first_begin_with_their_reset():
    operands = {"x": np.arange(1, 7, dtype=np.uint8), "last": np.ones(6, np.uint8)}
    operands["last"][[2, 3]] = 0  # the third stream's first sum is not the second's last
    same, expected, due = late_unit().respond_apart(operands, streams=3)
    assert same is operands
    assert due.tolist() == [True, True, False, False, True, True]
    assert expected["y"][due].tolist() == [1, 2, 5, 6]
    assert late_unit().respond(operands)[0]["y"][due].tolist() == [1, 2, 3 + 4 + 5, 6]


def test_operands_without_a_state_are_shared_as_they_are():
    operands = random_sums(4)
    assert sum_unit().respond_apart(operands, streams=8)[0] is operands


def test_the_past_of_a_state_that_only_a_reset_clears():
    unit = late_unit()
    sequence = {"x": np.zeros(6, np.uint8), "last": np.zeros(6, np.uint8)}
    assert unit.state_start(sequence, 5) == 0
    assert unit.state_start(sequence | {"rst": np.array([0, 0, 1, 0, 0, 0])}, 5) == 2


def test_the_past_matters_from_the_last_valid_first_or_reset_on():
    unit = running_unit()
    sequence = {"x": np.zeros(6, np.uint8), "first": np.array([0, 1, 0, 1, 0, 0], np.uint8)}
    assert unit.state_start(sequence, 5) == 3
    assert unit.state_start(sequence, 2) == 1
    assert unit.state_start(sequence, 0) == 0
    gap = sequence | {"in_valid": np.array([1, 1, 1, 0, 1, 1], np.uint8)}
    assert unit.state_start(gap, 5) == 1
    reset = gap | {"rst": np.array([0, 0, 0, 0, 1, 0], np.uint8)}
    assert unit.state_start(reset, 5) == 4
    assert sum_unit().state_start({}, 5) == 5


def test_codes_are_brought_to_their_dtype():
    checked = sum_unit().checked({"a": [[1, 2, 31]], "b": [4095]}, "x.npz")
    assert checked["a"].dtype == np.uint8
    assert checked["b"].dtype == np.uint16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"c": [1]}, "x.npz: c: no such port; there are a, b, in_valid"),
        ({"b": None}, "x.npz: b: no codes for this port"),
        ({"b": [[1, 2]]}, "x.npz: b: codes have the shape (n,), not (1, 2)"),
        ({"a": [[1, 2]]}, "x.npz: a: codes have the shape (n, 3), not (1, 2)"),
        ({"b": [1.0]}, "x.npz: b: codes are integers, not float64"),
        ({"b": [4096]}, "x.npz: b: codes of 12 bits are 0 to 4095, not 4096 to 4096"),
        ({"b": [-1]}, "x.npz: b: codes of 12 bits are 0 to 4095, not -1 to -1"),
        ({"b": [1, 2]}, "x.npz: ports need as many codes each, but a has 1, b has 2"),
    ],
)
def test_operands_that_do_not_fit(change, message):
    operands = {"a": [[1, 2, 3]], "b": [4]} | change
    given = {name: codes for name, codes in operands.items() if codes is not None}
    with pytest.raises(ConfigError) as error:
        sum_unit().checked(given, "x.npz")
    assert str(error.value) == message


def test_no_operands_at_all():
    with pytest.raises(ConfigError, match=r"^x\.npz: there are no codes in it$"):
        sum_unit().checked(random_sums(0), "x.npz")
