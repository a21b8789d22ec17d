"""`slipstick fuzz`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosim import drawing, verify
from gen.config import Config, make_config
from slipstick.cli import main

SMALL = make_config("fma", {"a": "int2", "b": "int2", "c": "int2", "y": "int5"})


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_unknown_unit_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "fmaa"]) == 2
    message = "slipstick: error: command line: fmaa: no such unit; nearest: fma\n"
    assert capsys.readouterr() == ("", message)


def test_configs_that_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drawing, "draw", lambda *_: SMALL)
    assert main(["fuzz", "--count", "1"]) == 0
    line = "pass  1 configs (1 exhaustively), 64 vectors, 0 configs failed\n"
    assert capsys.readouterr() == (line, "")


def test_failure_is_shrunk_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(config: Config) -> None:
        raise AssertionError("no such brick")

    monkeypatch.setattr(drawing, "draw", lambda *_: SMALL)
    monkeypatch.setattr(verify, "generate", fail)
    assert main(["fuzz", "--count", "1"]) == 1
    words = "fma a=uint1 b=uint1 c=uint1 y=uint1"
    assert capsys.readouterr().out.splitlines() == [
        "error: fma a=int2 b=int2 c=int2 y=int5",
        "FAIL  1 configs (0 exhaustively), 0 vectors, 1 configs failed",
        f"      smallest: {words}",
        "      AssertionError: no such brick",
        f"      slipstick verify {words}",
    ]
    assert main(["fuzz", "--count", "1", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["passed"], printed["seed"], printed["configs"]) == (False, 1, 1)
    assert printed["smallest"]["words"] == words.split()


def test_several_units_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = make_config("convert", {"x": "int4", "y": "e2m1"})
    monkeypatch.setattr(drawing, "draw", lambda unit, _: {"fma": SMALL, "convert": wide}[unit])
    assert main(["fuzz", "--count", "2", "fma", "convert"]) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert printed[-3:-1] == [["fma", "1", "1", "64", "0"], ["convert", "1", "1", "16", "0"]]
    assert main(["fuzz", "--count", "2", "fma", "convert", "--json"]) == 0
    units = json.loads(capsys.readouterr().out)["units"]
    assert units["convert"] == {"configs": 1, "exhaustive": 1, "vectors": 16, "failed": 0}
