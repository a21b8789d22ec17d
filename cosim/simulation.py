"""A running simulator, and the blocks of vectors that go to it and come back."""

from __future__ import annotations

import json
import mmap
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.etree import ElementTree

import cocotb_tools.config as cocotb_config
import find_libpython

from cosim.benches.exchange import BLOCKS, VARIABLE, Block, map_blocks, memory_size
from cosim.benches.records import Layout, layout_of
from cosim.build import Model
from cosim.processes import exit_reason, failure, kill_group
from gen.errors import ConfigError, ToolError

__all__ = ["LOG", "Crew", "Played", "Simulation"]

LOG = "simulation.log"
RESULTS = "results.xml"

PATIENCE = 0.1
"""Seconds of waiting for simulators, in all, that make another one worth its start."""

FOREIGN_SETTINGS = ("COCOTB_", "GPI_", "PYGPI_")
"""Variables that would change what cocotb does, were they left in the environment."""


@dataclass(frozen=True)
class Played:
    """What became of a block."""

    block: Block
    compared: int
    mismatches: int


class Simulation:
    """A simulator that runs while the ``with`` statement does.

    Fill `free_block`, `play` it, fill the next while it is being played, `collect` the first.

    Parameters
    ----------
    model
        What to simulate.
    ports
        Ports of the unit, from its manifest.
    rows
        Clock cycles that a block has room for.
    directory
        Where the simulator runs; its log and its files stay there.
    time_limit
        Seconds that a block may take.

    Attributes
    ----------
    layout
        What a row of a block looks like.
    directory
        As given.
    """

    def __init__(
        self,
        model: Model,
        ports: Sequence[Mapping[str, Any]],
        rows: int,
        directory: Path,
        time_limit: float = 600,
    ) -> None:
        self.model = model
        self.rows = rows
        self.layout: Layout = layout_of(ports, model.copies)
        self._ports = ports
        self.directory = directory
        self._time_limit = time_limit
        self._playing: deque[int] = deque()
        self._compared = 0
        self._mismatches = 0
        self._buffer = b""

    @property
    def log(self) -> Path:
        return self.directory / LOG

    @property
    def is_full(self) -> bool:
        """Whether `collect` must come before another block can be filled."""
        return self.in_play == BLOCKS

    @property
    def in_play(self) -> int:
        """Blocks that have not been collected yet."""
        return len(self._playing)

    @property
    def free_block(self) -> Block:
        """The block that `play` plays next."""
        return self._blocks[self._next]

    def play(self, rows: int, start: int, dump: int | None = None) -> None:
        """Have the free block played.

        Parameters
        ----------
        rows
            Number of clock cycles.
        start
            The first of them whose results count.
        dump
            The one in which to start the waveform dump.
        """
        command = {"block": self._next, "rows": rows, "start": start, "dump": dump}
        with suppress(BrokenPipeError):  # `collect` will find out why
            os.write(self._commands, json.dumps(command).encode() + b"\n")
        self._playing.append(self._next)
        self._next = (self._next + 1) % BLOCKS

    def collect(self) -> Played:
        """Return the block that has been playing longest when it is done.

        Raises
        ------
        ToolError
            If the simulator ended or got stuck.
        """
        report = json.loads(self._read_line())
        self._compared += report["compared"]
        self._mismatches += report["mismatches"]
        return Played(self._blocks[self._playing.popleft()], **report)

    def __enter__(self) -> Simulation:
        (self.directory / RESULTS).unlink(missing_ok=True)  # an old verdict is none
        size = memory_size(self.layout, self.rows)
        with tempfile.TemporaryFile() as file:  # no name: nothing stays behind, whatever happens
            _reserve(file.fileno(), size)
            self._memory = mmap.mmap(file.fileno(), size)
            self._blocks = map_blocks(self._memory, self.layout, self.rows)
            self._next = 0
            self._start(file.fileno())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._commands)
        try:
            if kind is None:
                self._finish()
        finally:
            kill_group(self._process)
            os.close(self._reports)

    def _start(self, memory: int) -> None:
        commands, self._commands = os.pipe()
        self._reports, reports = os.pipe()
        description = {
            "ports": self._ports,
            "copies": self.model.copies,
            "rows": self.rows,
            "memory": memory,
            "commands": commands,
            "reports": reports,
        }
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    self.model.command,
                    cwd=self.directory,
                    env=_environment(self.model, json.dumps(description)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(memory, commands, reports),
                    start_new_session=True,
                )
        except OSError as error:
            os.close(self._commands)
            os.close(self._reports)
            raise ToolError(
                self.model.simulator, f"cannot run {self.model.command[0]}: {error.strerror}"
            ) from error
        finally:
            os.close(commands)
            os.close(reports)

    def _read_line(self) -> bytes:
        deadline = time.monotonic() + self._time_limit
        while b"\n" not in self._buffer:
            ready, _, _ = select.select(
                [self._reports], [], [], max(0.0, deadline - time.monotonic())
            )
            if not ready:
                raise self._failure(f"a block was not done within {self._time_limit:g} s")
            received = os.read(self._reports, 4096)
            if not received:
                raise self._failure(f"ended early, {self._exit_reason()}")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _finish(self) -> None:
        """Wait for the end and check that cocotb's verdict is what the reports add up to."""
        reason = self._exit_reason()
        verdict = _read_verdict(self.directory / RESULTS)
        if verdict is None:
            raise self._failure(f"left no test result, {reason}")
        if verdict != (self._mismatches == 0 and self._compared > 0):
            raise self._failure("the test's verdict and the results it reported do not agree")

    def _exit_reason(self) -> str:
        try:
            return exit_reason(self._process.wait(self._time_limit))
        except subprocess.TimeoutExpired:
            return "and does not end"

    def _failure(self, message: str) -> ToolError:
        return failure(self.model.simulator, message, self.log)


class Crew:
    """Simulators of one unit, at work while the ``with`` statement is.

    The first starts at once, others when there is so much to do that it pays.

    Parameters
    ----------
    model, ports, rows
        As for `Simulation`.
    directory
        Each simulator gets a directory of its own in it.
    most
        How many there may be.

    Attributes
    ----------
    members
        The simulators that have been started.
    """

    def __init__(
        self,
        model: Model,
        ports: Sequence[Mapping[str, Any]],
        rows: int,
        directory: Path,
        most: int = 1,
    ) -> None:
        self.rows = rows
        self.members: list[Simulation] = []
        self._make = lambda place: Simulation(model, ports, rows, place)
        self._directory = directory
        self._most = most
        self._waited = 0.0
        self._stack = ExitStack()

    def has_waited(self, seconds: float) -> None:
        """Take note that somebody waited for a simulator, and start another if that adds up."""
        self._waited += seconds
        if self._waited > PATIENCE and len(self.members) < self._most:
            self._waited = 0.0
            self._start()

    def __enter__(self) -> Crew:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def _start(self) -> None:
        place = self._directory / f"simulator{len(self.members)}"
        place.mkdir()
        self.members.append(self._stack.enter_context(self._make(place)))


def _reserve(file: int, size: int) -> None:
    """Make a file as large as asked for; where it can be told, on disk and not only in name."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, size)
        else:
            os.truncate(file, size)
    except OSError as error:
        raise ConfigError(
            f"{tempfile.gettempdir()}: no room for {size >> 20} MiB: {error.strerror}; "
            "TMPDIR names another directory"
        ) from error


def _environment(model: Model, description: str) -> dict[str, str]:
    """Return what cocotb's own runner sets, for one test of `cosim.benches`."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)
    }
    python = find_libpython.find_libpython()
    if python is None:
        raise ToolError("libpython", "not found; cocotb loads it into the simulator")
    package = find_spec("cocotb")
    assert package is not None  # a dependency
    simulator = PathFinder.find_spec("cocotb.simulator", package.submodule_search_locations)
    assert simulator is not None
    return inherited | {
        "PATH": os.pathsep.join([os.environ.get("PATH", ""), str(cocotb_config.libs_dir)]),
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{python};{simulator.origin},initialize",
        "TOPLEVEL_LANG": "verilog",
        "COCOTB_TOPLEVEL": model.top,
        "COCOTB_TEST_MODULES": f"cosim.benches.{model.bench}",
        "COCOTB_RESULTS_FILE": RESULTS,
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # saves loading pytest and its plugins
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "OPENBLAS_NUM_THREADS": "1",  # or numpy's idle threads spin on the other processors
        "COCOTB_RANDOM_SEED": "1",  # the benches draw nothing; this keeps logs the same
        VARIABLE: description,
    }


def _read_verdict(file: Path) -> bool | None:
    """Return whether the one test passed, None unless exactly one ran."""
    try:
        tests = list(ElementTree.parse(file).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return None
    if len(tests) != 1:
        return None
    return all(tests[0].find(tag) is None for tag in ("failure", "error", "skipped"))
