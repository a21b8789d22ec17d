"""Outside programs: each in a process group of its own, with a time limit and a log."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gen.errors import ToolError

__all__ = ["exit_reason", "failure", "kill_group", "run", "stop_all"]

TAIL_LINES = 20

_running: set[subprocess.Popen[Any]] = set()


def run(
    tool: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 3600,
) -> str:
    """Run a program to its end and return what it printed, which is added to `log` as well.

    Raises
    ------
    ToolError
        If it cannot be started, fails or runs out of time.
    """
    with log.open("ab") as output:
        start = output.tell()
        try:
            process: subprocess.Popen[Any] = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolError(tool, f"cannot run {command[0]}: {error.strerror}") from error
        _running.add(process)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise failure(tool, f"not done within {timeout:g} s", log) from None
        finally:
            kill_group(process)
            _running.discard(process)
    if code != 0:
        raise failure(tool, exit_reason(code), log)
    return log.read_bytes()[start:].decode(errors="replace")


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads a group, with all that it started, unless it has ended."""
    if process.poll() is None:  # else its number may be somebody else's by now
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop_all() -> None:
    """Kill all that `run` is waiting for, in whatever thread."""
    for process in list(_running):
        kill_group(process)


def exit_reason(code: int) -> str:
    """Return what an exit code as in `subprocess` means."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def failure(tool: str, message: str, log: Path) -> ToolError:
    """Return the error to raise for a program that failed and wrote `log`."""
    lines = log.read_text(errors="replace").splitlines()
    return ToolError(tool, message, log=log, tail="\n".join(lines[-TAIL_LINES:]))
