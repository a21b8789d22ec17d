"""`slipstick sweep`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipstick.cli import main

SWEEP = """
unit = "dot"
[params]
a = "int4"
b = "int4"
lanes = 1
objective = "area"
[grid]
y = ["int8", "int16", "nonsense"]
"""


def test_points_are_priced_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep, database = tmp_path / "sweep.toml", tmp_path / "x.db"
    sweep.write_text(SWEEP)
    words = ["sweep", str(sweep), "-o", str(database)]
    assert main([*words, "--jobs", "2"]) == 1
    text = capsys.readouterr().out
    assert "3 points: 2 done, 1 failed; 2 worked on now" in text
    assert 'FAILED  dot: point: y = "nonsense": no such format' in text
    assert main([*words, "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert (content["done"], content["worked"], len(content["failures"])) == (2, 0, 1)
    sweep.write_text(SWEEP.replace(', "nonsense"', ""))
    assert main(words) == 0


def test_a_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.toml"
    assert main(["sweep", str(missing), "-o", str(tmp_path / "x.db")]) == 2
    assert capsys.readouterr().err == (
        f"slipstick: error: {missing}: cannot read it: No such file or directory\n"
    )
