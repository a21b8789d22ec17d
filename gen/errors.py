"""The two errors that a user of slipstick can cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["ConfigError", "ToolError"]


class ConfigError(ValueError):
    """Something the user wrote or asked for is wrong; the message is one line that says what."""


class ToolError(RuntimeError):
    """An outside tool is missing, failed or ran out of time.

    Parameters
    ----------
    tool
        Name of the tool.
    message
        What happened, one line.
    log
        File that holds the tool's whole output, if one was kept.
    tail
        Last lines of that output.
    """

    def __init__(self, tool: str, message: str, *, log: Path | None = None, tail: str = "") -> None:
        super().__init__(f"{tool}: {message}")
        self.tool = tool
        self.message = message
        self.log = log
        self.tail = tail

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how it is made again in another process: by its arguments, not by its text."""
        return _tool_error, (self.tool, self.message, self.log, self.tail)


def _tool_error(tool: str, message: str, log: Path | None, tail: str) -> ToolError:
    return ToolError(tool, message, log=log, tail=tail)
