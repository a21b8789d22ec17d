import shlex

import numpy as np
import pytest

from cosim.checker import Batch, Mismatch
from cosim.failure import Value, config_words, describe, replay_command, reproduce, save_operands
from gen.config import make_config, resolve
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


def mismatch_of(unit, operands, got, *, is_due=True):
    return Mismatch(Batch(operands, *unit.respond(operands)), 0, 0, is_due, got)


def test_every_lane_is_decoded():
    operands = {"a": np.array([[1, 2, 31]], np.uint8), "b": np.array([2748], np.uint16)}
    got = {"out_valid": np.array([1]), "y": np.array([5]), "low": np.array([1, 2])}
    given, was, should = describe(sum_unit(), mismatch_of(sum_unit(), operands, got))
    assert given == [
        Value("a", 0, "uint5", "0x01", "1"),
        Value("a", 1, "uint5", "0x02", "2"),
        Value("a", 2, "uint5", "0x1f", "31"),
        Value("b", None, "uint12", "0xabc", "2748"),
    ]
    low = [Value("low", 0, "uint5", "0x01", "1"), Value("low", 1, "uint5", "0x02", "2")]
    assert was == [Value("y", None, "uint40", "0x0000000005", "5"), *low]
    assert should == [Value("y", None, "uint40", "0x8000000ade", str((1 << 39) + 2782)), *low]


@pytest.mark.parametrize(
    ("valid", "is_due", "got", "want"),
    [
        (0, True, ["out_valid 0"], ["out_valid 1", "y 7"]),
        (1, False, ["out_valid 1", "y 9"], ["out_valid 0"]),
        (2, True, ["out_valid unknown", "y 9"], ["out_valid 1", "y 7"]),
    ],
)
def test_a_valid_port_that_is_wrong_is_shown(valid, is_due, got, want):
    operands = {
        "x": np.array([7], np.uint8),
        "first": np.array([1], np.uint8),
        "in_valid": np.array([1], np.uint8),
    }
    answer = {"out_valid": np.array([valid]), "y": np.array([9])}
    mismatch = mismatch_of(running_unit(), operands, answer, is_due=is_due)
    given, was, should = (
        [f"{value.port} {value.value}" for value in values]
        for values in describe(running_unit(), mismatch)
    )
    assert given == ["in_valid 1", "x 7", "first 1"]
    assert (was, should) == (got, want)


def first_failure(checker, unit, operands, streams=1):
    tally = checker.run([Batch(operands, *unit.respond(operands), streams=streams)])
    assert tally.first is not None
    return tally.first


def test_one_vector_is_enough_where_there_is_no_state(tmp_path):
    unit, operands = sum_unit(), random_sums(100)
    operands["b"][70] = 77
    fault = SUM.replace("+ b +", "+ b + (b == 77) +")
    with checker_of(unit, fault, tmp_path) as checker:
        chosen, reproduced = reproduce(unit, checker, first_failure(checker, unit, operands, 8))
    assert reproduced
    assert {name: codes.tolist() for name, codes in chosen.items()} == {
        "a": operands["a"][70:71].tolist(),
        "b": [77],
    }


def test_a_state_needs_what_came_since_it_began(tmp_path):
    unit, operands = running_unit(), random_sequence(300)
    operands["first"][:] = 0
    operands["first"][[0, 100, 200]] = 1
    operands["x"][:] = 1
    fault = RUNNING.replace("held + (", "(y == 49) + held + (")
    operands["x"][:101] = 0
    with checker_of(unit, fault, tmp_path) as checker:
        chosen, reproduced = reproduce(unit, checker, first_failure(checker, unit, operands))
    assert reproduced
    assert chosen["first"].tolist() == [1] + [0] * 50
    assert chosen["x"].tolist() == [0] + [1] * 50


def test_a_fault_that_remembers_needs_what_set_it_off(tmp_path):
    # b = 77 breaks everything after it, until the reset that this unit has not got.
    unit, operands = sum_unit(), random_sums(200)
    operands["b"][operands["b"] == 77] = 0
    operands["b"][150] = 77
    fault = SUM.replace(
        "assign out_valid", "reg bad = 0; always @(b) if (b == 77) bad <= 1;\n assign out_valid"
    )
    fault = fault.replace("+ b +", "+ b + (bad && b != 77) +")
    with checker_of(unit, fault, tmp_path) as checker:
        first = first_failure(checker, unit, operands)
        assert first.position == 151
        chosen, reproduced = reproduce(unit, checker, first)
    assert reproduced
    assert (chosen["b"] == operands["b"][151 - len(chosen["b"]) + 1 : 152]).all()


def test_operands_are_filed_under_their_content(tmp_path):
    operands = with_gaps(random_sequence(10), resets=(3,))
    file = save_operands(operands, tmp_path / "new", "unit")
    assert file == save_operands(operands, tmp_path / "new", "unit")
    assert file != save_operands(random_sequence(10), tmp_path / "new", "unit")
    with np.load(file) as loaded:
        assert {name: loaded[name].tolist() for name in loaded.files} == {
            name: codes.tolist() for name, codes in operands.items()
        }


@pytest.mark.parametrize(
    ("unit", "params", "name"),
    [
        ("fma", {"a": "e4m3", "b": "e5m2", "c": "fp32", "y": "fp32", "flags": True}, None),
        ("fma", {"a": "int8", "b": "int8", "c": "int32", "y": "int32", "stages": 2}, "mine"),
        ("dot", {"a": "int4", "b": "int4", "lanes": 4}, None),
    ],
)
def test_the_words_for_a_config_give_it_back(unit, params, name):
    config = make_config(unit, params, name)
    assert resolve(config_words(config)) == [config]


def test_the_command_can_be_pasted(tmp_path):
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 4})
    file = tmp_path / "my operands.npz"
    words = shlex.split(replay_command(config, file, ["--sim", "icarus"]))
    assert words == [
        *["slipstick", "verify", "dot", "a=int4", "b=int4", "lanes=4"],
        *["--operands", str(file), "--sim", "icarus"],
    ]
