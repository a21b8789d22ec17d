"""What worker processes are told to call in tests of sweeps."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from synth.grid import Point


def point(number: int, **params: Any) -> Point:
    return Point(f"key{number}", "toy", f"toy{number}", params, f"hash{number}", {}, "")


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Note that a job began and ended, in the file of that name; do what its parameters say."""
    params = job["params"]
    note(params, f"begin {job['key']}")
    time.sleep(params.get("sleep", 0))
    if "die" in params:
        os.write(2, b"last words\n")
        os.kill(os.getpid(), signal.SIGKILL)
    if "fail" in params:
        return {"error": params["fail"], "log": "why"}
    if "raise" in params:
        raise RuntimeError(params["raise"])
    note(params, f"end {job['key']}")
    return {"result": {"name": job["name"]}, "manifest": {}, "verilog": "module"}


def note(params: dict[str, Any], line: str) -> None:
    if "notes" in params:
        with Path(params["notes"]).open("a") as file:
            file.write(f"{line}\n")


def notes(file: Path, kind: str) -> list[str]:
    """Return the keys of jobs that began or ended, in their order."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.split()[1] for line in lines if line.startswith(kind)]
