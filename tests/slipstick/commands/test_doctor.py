"""`slipstick doctor`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipstick.cli import main


def test_everything_that_the_tests_run_with_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    findings = {one["tool"]: one for one in json.loads(capsys.readouterr().out)}
    assert findings["Verilator"]["detail"].startswith("5.")
    assert all(one["found"] for one in findings.values() if one["required"])


def test_missing_tool_exits_with_3_and_says_what_to_install(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path)}
    environment.pop("CXX", None)
    command = [sys.executable, "-m", "slipstick", "doctor", "--json"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    findings = {one["tool"]: one for one in json.loads(run.stdout)}
    assert run.returncode == 3
    assert findings["C++ compiler"]["detail"] == (
        "g++ not found; install one (Debian: apt-get install g++)"
    )
    assert not findings["Icarus Verilog"]["found"]
    assert not findings["Icarus Verilog"]["required"]


def test_unwritable_cache_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SLIPSTICK_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["doctor"]) == 3
    assert "cannot write: Not a directory" in " ".join(capsys.readouterr().out.split())
