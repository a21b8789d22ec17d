from __future__ import annotations

from pathlib import Path

import pytest

from synth.cell_reader import read_cells
from synth.cells import Register, Table
from synth.libraries import Library, load_library

TINY = Path(__file__).with_name("tiny.lib")


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(TINY)


@pytest.fixture(scope="module")
def nangate() -> Library:
    return load_library("nangate45")


def test_facts_are_those_of_the_library() -> None:
    facts, power = read_cells(TINY.read_text())
    assert (facts["name"], facts["corner"]) == ("tiny", "typical, 1 V, 25 C")
    assert (facts["area_unit"], facts["delay_unit"], facts["voltage"]) == ("um2", "ps", 1.0)
    assert {"INV", "NAND2"} <= {cell["name"] for cell in facts["cells"]}
    assert "INV" in power


def test_what_is_no_library_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no library group in it"):
        read_cells("hello")


def test_cells_without_pins_are_left_out(tiny: Library) -> None:
    assert "FILLER" not in tiny.cells


def test_arcs(tiny: Library) -> None:
    inverter = tiny.cells["INV"].arcs[0]
    assert (inverter.kind, inverter.source, inverter.target) == ("combinational", "A", "Y")
    assert inverter.rise == Table((0.0, 100.0), (0.0, 10.0), ((10.0, 30.0), (20.0, 40.0)))
    # One group for two inputs is two arcs; hold is no arc.
    assert [arc.source for arc in tiny.cells["NAND2"].arcs] == ["A", "B"]
    assert [arc.kind for arc in tiny.cells["REG"].arcs] == ["setup", "launch"]


def test_registers_say_what_they_do(tiny: Library, nangate: Library) -> None:
    assert tiny.cells["REG"].register == Register("CK", 0b1010)  # D is the first input
    assert tiny.cells["REG"].pins["Q"].state == "state"
    assert nangate.cells["DFF_X1"].pins["QN"].state == "complement"
    assert nangate.cells["DFFR_X1"].register is None  # an asynchronous reset
    assert tiny.cells["INV"].register is None


def test_power_arcs(tiny: Library) -> None:
    (inverter,) = tiny.power["INV"]
    assert (inverter.pin, inverter.source, inverter.when) == ("Y", "A", None)
    assert inverter.rise == Table((0.0, 100.0), (0.0, 10.0), ((2.0, 4.0), (2.0, 4.0)))
    clock, also_clock, output = tiny.power["REG"]
    # D, CK, Q from the lowest bit of the row on: !D is every other row from row 0 on.
    assert (clock.pin, clock.source, clock.when) == ("CK", "", 0b0101_0101)
    assert also_clock.when == 0b1010_1010
    assert (output.pin, output.source) == ("Q", "CK")
    assert "ADDER" not in tiny.power
    assert tiny.voltage == 1.0


def test_energy_is_in_units_of_load_and_voltage(tmp_path: Path) -> None:
    path = tmp_path / "units.lib"
    text = TINY.read_text().replace("(1, ff)", "(1, pf)")
    path.write_text(text.replace("nom_voltage", 'voltage_unit : "100mV";\n  nom_voltage'))
    (inverter,) = load_library(path).power["INV"]
    assert inverter.rise is not None
    assert inverter.rise.values[0] == pytest.approx((20.0, 40.0))  # pF * (0.1 V)^2 = 10 fJ


def test_axes_are_put_in_order(tiny: Library) -> None:
    # The file has the clock's slew first; rows are the data's slew.
    setup = tiny.cells["REG"].arcs[0]
    assert setup.rise == Table((0.0, 100.0), (0.0, 100.0), ((30.0, 50.0), (40.0, 60.0)))


def test_units_scalars_and_one_dimension(tmp_path: Path) -> None:
    path = tmp_path / "units.lib"
    path.write_text("""
        library (units) {
          time_unit : "1ns"; capacitive_load_unit (0.1, pf); leakage_power_unit : "10pW";
          lu_table_template (line) { variable_1 : total_output_net_capacitance; index_1 ("1, 2"); }
          cell (NAND) {
            area : 1; cell_leakage_power : 3;
            pin (A, B) { direction : input; capacitance : 0.5; }
            pin (Y) {
              direction : output; function : "(A B)'";
              timing () {
                related_pin : "A";
                cell_rise (line) { index_1 ("3, 4"); values ("0.1, 0.2"); }
                cell_fall (scalar) { values ("0.3"); }
                rise_transition (line) { values ("0.4, 0.5"); }
                fall_transition (scalar) { values ("0.6"); }
              }
            }
          }
        }""")
    cell = load_library(path).cells["NAND"]
    assert cell.leakage == pytest.approx(0.03)
    assert cell.pins["B"].rise_capacitance == 50.0
    (arc,) = cell.arcs
    assert arc.rise == Table((0.0,), (300.0, 400.0), ((100.0, 200.0),))
    assert arc.fall == Table((0.0,), (0.0,), ((300.0,),))
    assert arc.rise_slew == Table((0.0,), (100.0, 200.0), ((400.0, 500.0),))
