"""Checking a unit's Verilog against its golden model, bit for bit."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from cosim.build import BRIEF_VECTORS, Model, Simulator, build_bulk, build_cycle
from cosim.checker import Batch, Checker, Mismatch, rows_for
from cosim.coverage import Counter, counter_for
from cosim.failure import Failure, describe, replay_command, reproduce, save_operands
from cosim.golden import get_model
from cosim.operands import load_operands
from cosim.plan import (
    Plan,
    chunk_vectors,
    interface_vectors,
    plan_operands,
    plan_vectors,
)
from cosim.processes import stop_all
from cosim.results import Options, Result, junit
from cosim.simulation import Crew
from cosim.unit import Codes, Unit, count_of
from cosim.waves import dump_waves, viewer_command
from gen.config import Config
from gen.emit import generate
from gen.errors import ConfigError, ToolError
from gen.files import write_atomically

__all__ = [
    "Options",
    "Result",
    "junit",
    "simulate",
    "verify",
    "verify_all",
    "verify_operands",
]

DIRECTORY = Path("build") / "verify"
"""Where the files about a failure go unless another place is asked for."""

Progress = Callable[[int, int], None]
"""Called with how many vectors have been played and compared, and how many there are."""


def verify(
    config: Config, options: Options | None = None, progress: Progress | None = None
) -> Result:
    """Generate a unit, simulate it and compare every answer with the golden model.

    Raises
    ------
    ConfigError
        If an option makes no sense for this unit or a file cannot be used.
    ToolError
        If a tool is missing, fails or hangs.
    """
    (result,) = verify_all([config], options, lambda _: progress)
    return result


def verify_all(
    configs: Iterable[Config],
    options: Options | None = None,
    progress: Callable[[Config], Progress | None] | None = None,
) -> Iterator[Result]:
    """Check one unit after the other while the next ones are being compiled.

    Parameters
    ----------
    configs, options
        As for `verify`.
    progress
        Called when a unit's turn comes, returns what to tell of its progress.
    """
    options = options or Options()
    remaining = iter(configs)
    jobs: deque[tuple[_Job, Future[Model]]] = deque()
    workers = os.cpu_count() or 1
    builders = ThreadPoolExecutor(workers)
    models: list[Future[Model]] = []
    try:
        while True:
            for config in islice(remaining, 1 + 2 * workers - len(jobs)):
                job = _Job.prepare(config, options)
                models.append(builders.submit(job.build))
                jobs.append((job, models[-1]))
            if not jobs:
                return
            job, model = jobs.popleft()
            yield job.check(model.result(), progress and progress(job.config))[0]
    finally:
        builders.shutdown(wait=False, cancel_futures=True)
        # Whoever stops early does not want to wait for compilers, nor for those that come next.
        while not all(model.done() for model in models):
            stop_all()
            time.sleep(0.01)


def verify_operands(
    config: Config,
    operands: Mapping[str, Any],
    options: Options | None = None,
    progress: Progress | None = None,
) -> tuple[Result, Codes]:
    """Check a unit with somebody's own operands, and return what it answered as well.

    Parameters
    ----------
    config
        The unit.
    operands
        Codes by port: integers of shape (n,), or (n, lanes) for a port of several lanes. For a
        unit with a state, n consecutive cycles; otherwise n vectors that do not depend on each
        other. There may also be what to drive on the valid port and the reset in n cycles.
    options, progress
        As for `verify`.

    Returns
    -------
    Result
        What came of the comparison.
    dict
        Codes by output port, in the order of the operands.
    """
    job = _Job.prepare(config, options or Options(), operands)
    return job.check(job.build(), progress, keep_outputs=True)


def simulate(
    config: Config, operands: Mapping[str, Any], progress: Progress | None = None
) -> Codes:
    """Return what the generated Verilog answers to operands, both as for `verify_operands`."""
    return verify_operands(config, operands, progress=progress)[1]


@dataclass
class _Due:
    """How many vectors there have been so far, and how many results they must get."""

    vectors: int = 0
    results: int = 0


@dataclass(frozen=True)
class _Job:
    """A unit on its way from a config to a result.

    Attributes
    ----------
    plan
        The vectors to check it with.
    operands
        What to begin with: somebody's own operands, or generated ones with gaps and resets.
    has_interface
        Whether the latter, which are not part of the plan.
    """

    config: Config
    options: Options
    unit: Unit
    verilog: str
    plan: Plan
    operands: Codes
    has_interface: bool
    seconds: dict[str, float]

    @classmethod
    def prepare(
        cls, config: Config, options: Options, operands: Mapping[str, Any] | None = None
    ) -> _Job:
        """Return the job for a config, with `operands` if they are not generated or in a file."""
        start = time.perf_counter()
        _check_options(options)
        artifact = generate(config)
        unit = Unit(artifact.manifest, config.params_dict(), get_model(config.unit))
        verilog = artifact.verilog
        if options.verilog is not None:
            verilog = _read_verilog(options.verilog, config.name)
        generated = time.perf_counter()
        if options.netlists is not None:
            verilog = options.netlists.verilog_of(config)
        synthesized = time.perf_counter()
        if operands is None and options.operands is not None:
            operands = load_operands(options.operands)
        if operands is None:
            brief = options.sim == "icarus" or options.vectors <= BRIEF_VECTORS
            codes = interface_vectors(unit, config.unit, options.seed, brief=brief)
            plan = plan_vectors(
                unit, config.unit, options.vectors, options.seed, exhaustive=options.exhaustive
            )
        else:
            codes = unit.checked(operands, str(options.operands or "operands"))
            plan = plan_operands(unit, codes)
        seconds = {"generate": time.perf_counter() - start - (synthesized - generated)}
        if options.netlists is not None:
            seconds["synthesize"] = synthesized - generated
        return cls(config, options, unit, verilog, plan, codes, operands is None, seconds)

    @property
    def simulator(self) -> Simulator:
        return cast(Simulator, self.options.sim)

    def build(self) -> Model:
        """Compile the unit."""
        start = time.perf_counter()
        with self._workspace() as work:
            log = work / "build.log"
            if self.simulator == "verilator":
                brief = self.plan.vectors <= BRIEF_VECTORS
                model = build_bulk(self.unit.manifest, self.verilog, log, 1, brief=brief)
            else:
                model = build_cycle(self.unit.manifest, self.verilog, log, self.simulator)
        self.seconds["build"] = time.perf_counter() - start
        return model

    def check(
        self, model: Model, progress: Progress | None = None, *, keep_outputs: bool = False
    ) -> tuple[Result, Codes]:
        """Play the vectors; return the result and, if they are to be kept, the answers."""
        start = time.perf_counter()
        unit, plan = self.unit, self.plan

        def report(done: int) -> None:
            if progress is not None:
                progress(done, plan.vectors)

        rows = rows_for(chunk_vectors(unit), model.copies, unit.latency)
        if unit.is_scheduled(self.operands):  # their timing allows no break
            rows = max(rows, rows_for(count_of(self.operands), 1, unit.latency))
        beginning = Batch(self.operands, *unit.respond(self.operands))
        params = self.config.params_dict()
        counter = counter_for(self.config.unit, params, unit) if self.options.coverage else None
        due = _Due()
        batches = self._batches(model.copies, counter, due)
        with self._workspace() as work:
            with Crew(model, unit.ports, rows, work, os.cpu_count() or 1) as crew:
                checker = Checker(unit, crew)
                interface = checker.run([beginning] if self.has_interface else [])
                tally = checker.run(batches, report, keep_outputs=keep_outputs)
                wrong = tally.first or interface.first
                failure = None if wrong is None else self._failure(checker, wrong)
            waves = self.options.waves
            if waves is not None:
                batch, position = (wrong.batch, wrong.position) if wrong else (beginning, 0)
                content = dump_waves(unit, self.verilog, self.simulator, batch, position, work=work)
                write_atomically(waves.parent, {waves.name: content})
        self.seconds["simulate"] = time.perf_counter() - start
        result = Result(
            name=self.config.name,
            unit=self.config.unit,
            config_hash=self.config.config_hash,
            simulator=model.simulator,
            strategy=plan.strategy,
            asked=due.results + plan.vectors - due.vectors,  # a vector left out is not forgotten
            vectors=tally.compared,
            mismatches=interface.mismatches + tally.mismatches,
            interface_vectors=interface.compared,
            seconds=self.seconds,
            failure=failure,
            waves=waves,
            viewer=None if waves is None else viewer_command(waves),
            coverage=None if counter is None else counter.coverage(),
        )
        return result, _joined(tally.outputs)

    def _batches(self, copies: int, counter: Counter | None, due: _Due) -> Iterator[Batch]:
        for chunk in self.plan.chunks:
            streams = copies if chunk.is_divisible else 1
            operands, expected, where = self.unit.respond_apart(chunk.operands, streams)
            if counter is not None:
                counter.count(operands, expected)
            due.vectors += len(where)
            due.results += int(np.count_nonzero(where))
            yield Batch(operands, expected, where, streams)

    def _failure(self, checker: Checker, mismatch: Mismatch) -> Failure:
        operands, reproduced = reproduce(self.unit, checker, mismatch)
        file = save_operands(operands, self._directory, self.config.name)
        options: list[str] = []
        if self.options.verilog is not None:
            options += ["--verilog", str(self.options.verilog)]
        if self.options.netlists is not None:
            options += self.options.netlists.words
        if self.options.sim != Options.sim:
            options += ["--sim", self.options.sim]
        return Failure(
            mismatch.index,
            *describe(self.unit, mismatch),
            operands_file=file,
            reproduced=reproduced,
            replay=replay_command(self.config, file, options),
        )

    @property
    def _directory(self) -> Path:
        return self.options.directory or DIRECTORY

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        """Yield a directory that is removed in the end; the log of a tool that failed is kept."""
        with tempfile.TemporaryDirectory(prefix="slipstick-", ignore_cleanup_errors=True) as work:
            try:
                yield Path(work)
            except ToolError as error:
                if error.log is not None:
                    file = f"{self.config.name}.log"
                    write_atomically(self._directory, {file: error.log.read_bytes()})
                    error.log = self._directory / file
                raise


def _check_options(options: Options) -> None:
    if options.sim not in get_args(Simulator):
        raise ConfigError(f"sim = {options.sim}: must be one of {', '.join(get_args(Simulator))}")
    if options.vectors < 1:
        raise ConfigError(f"vectors = {options.vectors}: must be 1 or more")
    if options.seed < 0:
        raise ConfigError(f"seed = {options.seed}: must be 0 or more")
    if options.verilog is not None and options.netlists is not None:
        raise ConfigError("somebody's Verilog and netlists exclude each other")
    if options.operands is not None and options.exhaustive:
        raise ConfigError("operands from a file and exhaustive exclude each other")
    if options.operands is not None and options.coverage:
        raise ConfigError("operands from a file and coverage exclude each other")


def _read_verilog(file: Path, module: str) -> str:
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file in UTF-8"
        raise ConfigError(f"{file}: cannot read it: {reason}") from error
    if not re.search(rf"\bmodule\s+{re.escape(module)}\b", text):
        raise ConfigError(f"{file}: there is no module {module} in it, which this config is for")
    return text


def _joined(outputs: list[Codes]) -> Codes:
    names = outputs[0] if outputs else {}
    return {name: np.concatenate([part[name] for part in outputs]) for name in names}
