"""`slipstick list`."""

from __future__ import annotations

import json

import pytest

from gen.catalog import UNITS
from gen.config import presets
from hdl.formats import FloatFormat, named_formats
from slipstick.cli import main


def test_json_has_every_unit_format_and_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [unit["name"] for unit in listed["units"]] == list(UNITS)
    assert [preset["name"] for preset in listed["presets"]] == list(presets())
    floats = [name for name, fmt in named_formats() if isinstance(fmt, FloatFormat)]
    assert [fmt["name"] for fmt in listed["formats"]] == floats


def test_numbers_of_e4m3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    formats = {fmt["name"]: fmt for fmt in json.loads(capsys.readouterr().out)["formats"]}
    e4m3 = formats["e4m3"]
    assert e4m3["max"] == 448  # 1.75 * 2^8
    assert e4m3["min_normal"] == 2**-6
    assert e4m3["min_positive"] == 2**-9
    assert (e4m3["has_inf"], e4m3["has_nan"]) == (False, True)
    assert e4m3["aliases"] == ["float8_e4m3fn"]


def test_table_has_every_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    words = capsys.readouterr().out.split()
    assert {*UNITS, *presets(), "e4m3", "bf16"} <= set(words)
