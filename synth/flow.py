"""What a unit costs: from its Verilog to area, delay and a breakdown by block."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event
from typing import Any

from gen.cache import cache_dir, cached
from gen.config import Config
from gen.emit import generate
from gen.errors import ConfigError, ToolError
from gen.version import __version__
from hdl.options import OBJECTIVES, Objective
from synth import (
    blocks,
    cell_reader,
    cells,
    liberty,
    libraries,
    mapping,
    netlist,
    recipes,
    result,
    timing,
)
from synth.energy import Workload, measure
from synth.gates import netlist_verilog
from synth.libraries import Library, load_library
from synth.mapping import FRONTENDS, Frontend, Mapped, Mapper
from synth.netlist import Netlist
from synth.recipes import Recipe, candidates, merit
from synth.result import Block, Candidate, SynthResult

__all__ = ["netlist_of", "synthesize", "synthesize_verilog"]


def synthesize(
    config: Config,
    *,
    library: str | Path = "nangate45",
    objective: Objective | None = None,
    period_ps: float | None = None,
    workload: Workload | None = None,
    workers: int | None = None,
    timeout: float = 600,
) -> SynthResult:
    """Synthesize a unit.

    Parameters
    ----------
    config
        The unit.
    library
        Name of a built-in library or a Liberty file.
    objective
        What to synthesize for; the config's own objective if left out.
    period_ps
        Clock period to meet with the smallest area, whatever the objective.
    workload
        Operands to measure the energy of an operation with.
    workers
        How many runs of Yosys at a time; one a processor if left out.
    timeout
        Seconds for one run of Yosys.

    Raises
    ------
    ConfigError
        If the library, the objective or the period is unusable.
    ToolError
        If a tool fails or runs out of time, or the mapped netlist disagrees with the workload.
    """
    artifact = generate(config)
    result = synthesize_verilog(
        artifact.verilog,
        artifact.name,
        library=library,
        objective=objective or config.params_dict().get("objective", "balanced"),
        period_ps=period_ps,
        workload=workload,
        workers=workers,
        timeout=timeout,
    )
    return dataclasses.replace(
        result,
        unit=config.unit,
        config_hash=config.config_hash,
        latency=artifact.manifest["latency"],
    )


def synthesize_verilog(
    text: str,
    top: str,
    *,
    library: str | Path = "nangate45",
    objective: Objective = "balanced",
    period_ps: float | None = None,
    frontend: Frontend = "verilog",
    workload: Workload | None = None,
    workers: int | None = None,
    timeout: float = 600,
) -> SynthResult:
    """Synthesize Verilog from anywhere, to compare with.

    Initial values of registers are ignored, memories become flip-flops; what the library has no
    cell for is an error.

    Parameters
    ----------
    text
        The source, all modules in one string.
    top
        Name of the top module.
    library, objective, period_ps, workload, workers, timeout
        As in `synthesize`.
    frontend
        Who reads it: Yosys' own Verilog reader, or ``slang`` for more of SystemVerilog.

    Raises
    ------
    ConfigError, ToolError
        As in `synthesize`.
    """
    job = _checked_job(
        text,
        top,
        library,
        objective=objective,
        period_ps=period_ps,
        frontend=frontend,
        timeout=timeout,
    )
    directory = job.cached_result(workers)
    found = json.loads((directory / "result.json").read_text())
    energy = None
    if workload is not None:
        flat, by_block = (
            Netlist.load((directory / file).read_bytes()) for file in (FLAT, BY_BLOCK)
        )
        energy = measure(flat, by_block, job.library, workload)
    return SynthResult(
        name=top,
        unit=None,
        config_hash=None,
        latency=None,
        energy=energy,
        **found
        | {
            "blocks": tuple(Block(**block) for block in found["blocks"]),
            "candidates": tuple(Candidate(**candidate) for candidate in found["candidates"]),
        },
    )


def netlist_of(
    config: Config,
    *,
    library: str | Path = "nangate45",
    objective: Objective | None = None,
    workers: int | None = None,
    timeout: float = 600,
) -> str:
    """Synthesize the unit of a config and return its netlist, as `netlist_verilog` writes it.

    Arguments and errors are those of `synthesize`, of which it is the result.
    """
    artifact = generate(config)
    job = _checked_job(
        artifact.verilog,
        artifact.name,
        library,
        objective=objective or config.params_dict().get("objective", "balanced"),
        period_ps=None,
        frontend="verilog",
        timeout=timeout,
    )
    content = (job.cached_result(workers) / FLAT).read_bytes()
    return netlist_verilog(Netlist.load(content), job.library)


def _checked_job(
    text: str,
    top: str,
    library: str | Path,
    *,
    objective: Objective,
    period_ps: float | None,
    frontend: Frontend,
    timeout: float,
) -> _Job:
    if objective not in OBJECTIVES:
        raise ConfigError(f"objective = {objective!r}: not one of {', '.join(OBJECTIVES)}")
    if frontend not in FRONTENDS:
        raise ConfigError(f"frontend = {frontend!r}: not one of {', '.join(FRONTENDS)}")
    if period_ps is not None and not 0 < period_ps < 1e9:
        raise ConfigError(f"period = {period_ps:g} ps: not in 0..1e9")
    if not re.fullmatch(r"[A-Za-z_]\w*", top):
        raise ConfigError(f"top = {top!r}: not a plain module name")
    return _Job(text, top, load_library(library), objective, period_ps, frontend, timeout)


FLAT, BY_BLOCK = "flat.json.gz", "blocks.json.gz"
"""Files with the mapped netlists, beside a result in the cache."""


@dataclass(frozen=True)
class _Made:
    """A result without what the config adds, and the netlists that it is of."""

    facts: dict[str, Any]
    flat: Netlist
    by_block: Netlist


@dataclass(frozen=True)
class _Outcome:
    """A recipe, what it made, and what that costs."""

    recipe: Recipe
    mapped: Mapped
    path: timing.TimingPath
    area: float

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.recipe.name, round(self.area, 3), round(self.path.delay_ps, 2))


@dataclass(frozen=True)
class _Job:
    """Everything that a result depends on."""

    text: str
    top: str
    library: Library
    objective: Objective
    period_ps: float | None
    frontend: Frontend
    timeout: float

    @property
    def key(self) -> str:
        """Hash of the job; the code that runs it is part of it."""
        modules = (
            blocks,
            cell_reader,
            cells,
            liberty,
            libraries,
            mapping,
            netlist,
            recipes,
            result,
            timing,
        )
        code = b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
        content = [
            *(self.text, self.top, self.library.sha256, self.objective, self.period_ps),
            *(self.frontend, _tools(), hashlib.sha256(code).hexdigest()),
            Path(__file__).read_text(),
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def cached_result(self, workers: int | None) -> Path:
        """Return the directory with the result and the netlists, made unless it is there."""
        key = self.key

        def build(directory: Path) -> None:
            with _workplace(f"{self.top}-{key[:16]}") as scratch:
                result = self.run(scratch, workers or os.cpu_count() or 1)
            (directory / "result.json").write_text(json.dumps(result.facts, indent=1) + "\n")
            (directory / FLAT).write_bytes(result.flat.dump())
            (directory / BY_BLOCK).write_bytes(result.by_block.dump())

        return cached("synth", key, build)

    def run(self, directory: Path, workers: int) -> _Made:
        """Do it, in an empty directory."""
        stop = Event()
        mapper = Mapper(
            directory,
            self.text,
            self.top,
            self.library,
            frontend=self.frontend,
            timeout=self.timeout,
            stop=stop,
        )
        # Without a period, sizing for 1 ps is sizing for speed alone.
        target = self.period_ps or 1.0
        usable = [
            recipe
            for recipe in candidates(self.objective, self.period_ps)
            if (mapper.multiplies or not recipe.booth)
            and (self.library.full_adder or not recipe.full_adders)
        ]

        def attempt(number: int) -> _Outcome | timing.CombinationalLoopError:
            mapped = mapper.flat(usable[number], f"flat{number}", target)
            try:
                path = timing.longest_path(mapped.netlist, self.library)
            except timing.CombinationalLoopError as error:
                # Seldom, but it happens: ABC puts one node in place of another that computes the
                # same, though its gates also read, to no effect, what comes out of a full-adder
                # cell that the other leads to.
                return error
            area = sum(
                self.library.cells[instance.cell].area for instance in mapped.netlist.instances
            )
            return _Outcome(usable[number], mapped, path, area)

        pool = ThreadPoolExecutor(workers)
        try:
            # The split does not wait for the best recipe: shares hardly depend on it.
            separate = pool.submit(mapper.by_block, usable[0], "blocks", target)
            attempts = list(pool.map(attempt, range(len(usable))))
            modules = separate.result()
        finally:
            # A failure, or Ctrl-C, ends the other runs at once.
            stop.set()
            pool.shutdown(cancel_futures=True)
        outcomes = [outcome for outcome in attempts if isinstance(outcome, _Outcome)]
        if not outcomes:
            # The design's own loop, then.
            raise next(error for error in attempts if isinstance(error, ToolError))
        best = min(
            outcomes,
            key=lambda outcome: merit(
                self.objective, outcome.area, outcome.path.delay_ps, self.period_ps
            ),
        )
        return _Made(
            self.measured(best, outcomes, modules),
            best.mapped.netlist,
            Netlist.from_modules(modules, self.top, self.library),
        )

    def measured(
        self, best: _Outcome, outcomes: Sequence[_Outcome], modules: dict[str, Any]
    ) -> dict[str, Any]:
        counts = Counter(instance.cell for instance in best.mapped.netlist.instances)
        sequential = sum(
            self.library.cells[kind].area * count
            for kind, count in counts.items()
            if self.library.cells[kind].sequential
        )
        parts = blocks.split(
            modules,
            self.top,
            self.library,
            combinational_um2=best.area - sequential,
            sequential_um2=sequential,
        )
        path = best.path
        return {
            "library": {
                "name": self.library.name,
                "corner": self.library.corner,
                "sha256": self.library.sha256,
                "area_unit": self.library.area_unit,
                "delay_unit": self.library.delay_unit,
            },
            "objective": self.objective,
            "period_ps": self.period_ps,
            "area_um2": round(best.area, 3),
            "sequential_area_um2": round(sequential, 3),
            "nand2_equivalents": round(best.area / self.library.nand2.area, 1),
            "cells": dict(sorted(counts.items())),
            "delay_ps": round(path.delay_ps, 2),
            "path": {
                "from": path.start,
                "to": path.end,
                "setup_ps": round(path.setup_ps, 2),
                "cells": [
                    {
                        "cell": step.cell,
                        "pin": step.pin,
                        "arrival_ps": round(step.arrival_ps, 2),
                    }
                    for step in path.steps
                ],
            },
            "abc_delay_ps": best.mapped.abc_delay_ps,
            "recipe": best.recipe.name,
            "candidates": [dataclasses.asdict(outcome.candidate) for outcome in outcomes],
            "blocks": [dataclasses.asdict(part) for part in parts],
            "tools": _tools(),
        }


@contextmanager
def _workplace(name: str) -> Iterator[Path]:
    """Yield an empty directory; the log of a tool that fails in it is kept in the cache."""
    with tempfile.TemporaryDirectory(prefix="slipstick-") as scratch:
        try:
            yield Path(scratch)
        except ToolError as error:
            if error.log is not None and error.log.is_file():
                kept = cache_dir() / "logs" / f"{name}.log"
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(error.log, kept)
                error.log = kept
            raise


def _tools() -> dict[str, str]:
    try:
        return {"slipstick": __version__, "pyosys": version("pyosys")}
    except PackageNotFoundError as error:
        raise ToolError("yosys", "not installed (pip install pyosys)") from error
