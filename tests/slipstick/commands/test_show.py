"""`slipstick show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gen.catalog import UNITS
from gen.schema import json_schema
from slipstick.cli import main


@pytest.mark.parametrize("unit", UNITS)
def test_unit_as_json_is_its_schema(unit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", unit, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema(unit)


@pytest.mark.parametrize("unit", UNITS)
def test_unit_shows_its_contract_and_every_parameter(
    unit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", unit]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{unit}: {UNITS[unit].summary}\n\n")
    # Of a table, the keys in it are listed.
    first_words = {line.split()[0].partition(".")[0] for line in text.splitlines() if line.split()}
    assert set(UNITS[unit].params.model_fields) <= first_words


def test_config_shows_ports_and_latency(capsys: pytest.CaptureFixture[str]) -> None:
    words = "dot a=int8 b=int8 y=int32 lanes=4 accumulate=true stages=2"
    assert main(["show", *words.split(), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["latency"] == 3  # two stages and the accumulator
    assert shown["clock"] == "clk"
    assert shown["config"]["params"]["overflow"] == "wrap"  # filled in
    widths = {port["name"]: (port["dir"], port["width"]) for port in shown["ports"]}
    assert widths == {
        "clk": ("in", 1),
        "rst": ("in", 1),
        "in_valid": ("in", 1),
        "a": ("in", 32),
        "b": ("in", 32),
        "first": ("in", 1),
        "out_valid": ("out", 1),
        "y": ("out", 32),
    }


def test_config_as_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "dp4a"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["latency", "0:", "combinational,", "no", "clock"] in lines
    assert ["a", "in", "32", "4", "int8", "data"] in lines
    assert ["overflow", "wrap"] in lines


def test_diagram_is_drawn_for_configs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pictures" / "mac.svg"
    assert main(["show", "int8-mac", "--diagram", str(file)]) == 0
    assert file.read_text().startswith("<svg")
    assert main(["show", "dot", "--diagram", str(file)]) == 2
    assert "--diagram takes a CONFIG" in capsys.readouterr().err
