from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from synth.worker import call

ROOT = Path(__file__).parents[2]
WORK = "tests.synth.jobs:work"


def job(**params: object) -> dict[str, object]:
    return {"key": "k", "name": "toy", "params": params, "options": {}}


def test_what_a_function_returns_and_how_long_it_took() -> None:
    outcome = call(WORK, job(sleep=0.05))
    assert outcome["result"] == {"name": "toy"}
    assert 0.05 <= outcome["seconds"] < 5


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (WORK, "RuntimeError: broken"),
        ("tests.synth.nowhere:work", "ModuleNotFoundError: No module named 'tests.synth.nowhere'"),
    ],
)
def test_whatever_goes_wrong_is_an_outcome(target: str, error: str) -> None:
    outcome = call(target, job(**{"raise": "broken"}))
    assert outcome["error"] == error
    assert "Traceback" in outcome["log"]


def test_a_line_in_is_a_line_out() -> None:
    lines = "".join(json.dumps(job(sleep=0)) + "\n" for _ in range(3))
    done = subprocess.run(
        [sys.executable, "-m", "synth.worker", WORK],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["result"] for answer in answers] == [{"name": "toy"}] * 3
