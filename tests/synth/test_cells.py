from __future__ import annotations

import dataclasses

import pytest

from synth.cells import (
    MAJORITY,
    NAND,
    PARITY,
    Arc,
    Cell,
    Pin,
    PowerArc,
    Register,
    Table,
    cell_of,
    power_arc_of,
)

TABLE = Table((0.0,), (0.0, 1.0), ((1.0, 2.0),))
ARC = Arc("combinational", "A", "Y", "non_unate", TABLE, None, TABLE, None)
INPUT = Pin("input", 1.0, 2.0, None)


def _gate(function: int, inputs: str) -> Cell:
    pins = dict.fromkeys(inputs, INPUT) | {"Y": Pin("output", 0.0, 0.0, function)}
    return Cell("GATE", 1.0, 2.0, "", pins, (ARC,))


def test_pins_by_direction() -> None:
    gate = _gate(NAND, "AB")
    assert gate.inputs == ("A", "B")
    assert gate.outputs == ("Y",)


@pytest.mark.parametrize(
    ("function", "inputs", "expected"),
    [(NAND, "AB", True), (0b1000, "AB", False), (NAND, "A", False), (0b0111_1111, "ABC", False)],
    ids=["nand2", "and2", "one input", "nand3"],
)
def test_which_is_a_nand2(function: int, inputs: str, expected: bool) -> None:
    assert _gate(function, inputs).is_nand2 is expected


def test_truth_tables_of_an_adder() -> None:
    for index in range(8):
        ones = index.bit_count()
        assert MAJORITY >> index & 1 == (ones >= 2)
        assert PARITY >> index & 1 == ones % 2


def test_cells_survive_json_types() -> None:
    register = Register("B", 0b1010, is_falling=True)
    cell = dataclasses.replace(_gate(NAND, "AB"), register=register)
    assert cell_of(dataclasses.asdict(cell)) == cell
    arc = PowerArc("Y", "A", 0b1100, TABLE, None)
    assert power_arc_of(dataclasses.asdict(arc)) == arc
