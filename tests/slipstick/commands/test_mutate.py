"""`slipstick mutate`."""

from __future__ import annotations

import json
import re

import pytest

from cosim import sieve
from slipstick.cli import main

SMALL = ["fma", "a=int2", "b=int2", "c=int2", "y=int5", "name=tiny"]


def test_all_faults_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", *SMALL, "--count", "40"]) == 0
    line = capsys.readouterr().out
    pattern = (
        r"pass  tiny  40 faults: \d+ found, \d+ equivalent, 0 survived; score 100.0%, [\d.]+ s\n"
    )
    assert re.fullmatch(pattern, line)


def test_survivors_are_listed_and_exit_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sieve.Sieve, "_ask", lambda *_args, **_keywords: None)
    arguments = ["mutate", *SMALL, "--count", "40", "--vectors", "1"]
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAIL  tiny  40 faults: ")
    assert re.fullmatch(r"      undecided: \S.* (stuck at \d|inverted.*)", lines[1])
    assert re.fullmatch(r"          line \d+: .+", lines[2])
    assert main([*arguments, "--json"]) == 1
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["passed"], result["total"]) == (False, 40)
    assert result["score"] < 1
    assert result["survivors"][0]["mutant"]["text"]
