"""Running Yosys, as packaged in pyosys, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO

from gen.errors import ToolError

__all__ = ["run"]

# An error ends the process that Yosys runs in, and abc may hang: hence a process of its own.
_CHILD = """\
from pyosys import libyosys
libyosys.run_pass("script /dev/stdin", libyosys.Design())
"""

_POLL = 0.2
"""Seconds within which a request to stop is noticed."""


def run(
    script: str,
    *,
    cwd: Path,
    timeout: float = 600,
    log: Path | None = None,
    stop: Event | None = None,
) -> str:
    """Run a Yosys script and return what it printed.

    Parameters
    ----------
    script
        Yosys commands, one a line, as in a ``.ys`` file; here-documents work.
    cwd
        Directory that relative file names in the script start from.
    timeout
        Seconds after which Yosys, and abc with it, is killed.
    log
        File to write the output to as well.
    stop
        Kills Yosys when another thread sets it.

    Raises
    ------
    ToolError
        If Yosys is not installed, reports an error, runs out of time or is stopped.
    """
    with tempfile.TemporaryFile("w+") as commands:
        commands.write(script)
        commands.seek(0)
        output, returncode, cut_off = _run_child(commands, cwd, timeout, stop)
    if log is not None:
        log.write_text(output)
    if cut_off:
        raise _failure(cut_off, output, log)
    if returncode != 0:
        raise _failure(_reason(output, returncode), output, log)
    return output


def _run_child(
    commands: IO[str], cwd: Path, timeout: float, stop: Event | None
) -> tuple[str, int, str]:
    """Return Yosys' output, its exit code and, if it had to be killed, why."""
    with subprocess.Popen(
        # -P: no module from the directory that the user happens to be in.
        [sys.executable, "-P", "-c", _CHILD],
        cwd=cwd,
        stdin=commands,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, cut_off = _watch(process, timeout, stop)
        except BaseException:
            _kill_group(process)
            raise
    return output, process.returncode, cut_off


def _watch(process: subprocess.Popen[str], timeout: float, stop: Event | None) -> tuple[str, str]:
    """Return the output of the process and, if it had to be killed, why."""
    deadline = time.monotonic() + timeout
    cut_off = ""
    while True:
        left = deadline - time.monotonic()
        try:
            output, _ = process.communicate(timeout=max(min(left, _POLL), 0.01))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                cut_off = f"gave no result within {timeout:g} s"
            elif stop is not None and stop.is_set():
                cut_off = "stopped"
            if cut_off:
                _kill_group(process)
        else:
            return output, cut_off


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Kill the process with everything it started; it leads a process group of its own."""
    with suppress(ProcessLookupError):  # it ended by itself just now
        os.killpg(process.pid, signal.SIGKILL)


def _reason(output: str, returncode: int) -> str:
    lines = output.splitlines()
    if any("No module named 'pyosys'" in line for line in lines):
        return "not installed (pip install pyosys)"
    errors = [line for line in lines if re.match(r"(\S+:\d+: )?ERROR: ", line)]
    if errors:
        return errors[-1].replace("ERROR: ", "", 1)
    if returncode < 0:
        return f"killed by signal {-returncode}"
    return f"exit code {returncode}"


def _failure(reason: str, output: str, log: Path | None) -> ToolError:
    tail = "\n".join(output.splitlines()[-20:])
    return ToolError("yosys", reason, log=log, tail=tail)
