"""One synthesis: recipes tried, the best kept, and all of it remembered."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
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
from gen.errors import ToolError
from gen.version import __version__
from hdl.options import Objective
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
from synth.libraries import Library
from synth.mapping import Frontend, Mapped, Mapper, map_at_once
from synth.netlist import Netlist
from synth.recipes import Effort, Recipe, candidates, merit, outline
from synth.result import Candidate

__all__ = ["BY_BLOCK", "FLAT", "Job"]

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


_Attempt = _Outcome | ToolError

_PATIENCE = 6
"""How many times as long a run of Yosys may take where effort is long."""


@dataclass(frozen=True)
class Job:
    """Everything that a result depends on."""

    text: str
    top: str
    library: Library
    objective: Objective
    period_ps: float | None
    effort: Effort
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
            *(self.effort, self.frontend, _tools(), hashlib.sha256(code).hexdigest()),
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
        attempts, modules = (
            self.quick(directory) if self.effort == "quick" else self.thorough(directory, workers)
        )
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

    def usable(self, *, multiplies: bool) -> list[Recipe]:
        """Return the recipes to try; Booth changes nothing where there is no multiplication."""
        return [
            recipe
            for recipe in candidates(self.objective, self.period_ps, self.effort)
            if (multiplies or not recipe.booth)
            and (self.library.full_adder or not recipe.full_adders)
            and ((self.has_registers and self.library.driver) or not recipe.driven)
        ]

    @property
    def has_registers(self) -> bool:
        """Whether the source has any."""
        return "posedge" in self.text

    @property
    def target_ps(self) -> float:
        """What ABC is to size for, which knows of nothing but the logic between registers.

        Without a period, sizing for 1 ps is sizing for speed alone.
        """
        if self.period_ps is None:
            return 1.0
        registers = self.library.register_ps if self.has_registers else 0.0
        return max(self.period_ps - registers, 1.0)

    def thorough(self, directory: Path, workers: int) -> tuple[list[_Attempt], dict[str, Any]]:
        """Try recipes side by side; return what came of them, and the modules mapped apart."""
        stop = Event()
        mapper = Mapper(
            directory,
            self.text,
            self.top,
            self.library,
            frontend=self.frontend,
            timeout=self.timeout * (_PATIENCE if self.effort == "long" else 1),
            stop=stop,
        )
        usable = self.usable(multiplies=mapper.multiplies)
        needed = candidates(self.objective, self.period_ps, "full")

        def attempt(number: int) -> _Attempt:
            try:
                mapped = mapper.flat(usable[number], f"flat{number}", self.target_ps)
            except ToolError as error:
                # What is tried beyond the full recipes may end in nothing, as long as they do not.
                if usable[number] in needed:
                    raise
                return error
            return self.judged(usable[number], mapped)

        pool = ThreadPoolExecutor(workers)
        try:
            # The split does not wait for the best recipe: shares hardly depend on it.
            separate = pool.submit(mapper.by_block, usable[0], "blocks", self.target_ps)
            attempts = list(pool.map(attempt, range(len(usable))))
            modules = separate.result()
        finally:
            # A failure, or Ctrl-C, ends the other runs at once.
            stop.set()
            pool.shutdown(cancel_futures=True)
        return attempts, modules

    def quick(self, directory: Path) -> tuple[list[_Attempt], dict[str, Any]]:
        """Do what `thorough` does by short recipes, all in one process."""
        usable = self.usable(multiplies=False)
        mapped, modules = map_at_once(
            directory,
            self.text,
            self.top,
            self.library,
            recipes=usable,
            outline=outline(self.objective),
            target_ps=self.target_ps,
            frontend=self.frontend,
            timeout=self.timeout,
        )
        return [self.judged(*pair) for pair in zip(usable, mapped, strict=True)], modules

    def judged(self, recipe: Recipe, mapped: Mapped) -> _Attempt:
        """Return what a recipe's netlist costs."""
        try:
            path = timing.longest_path(mapped.netlist, self.library)
        except timing.CombinationalLoopError as error:
            # Seldom, but it happens: ABC puts one node in place of another that computes the
            # same, though its gates also read, to no effect, what comes out of a full-adder
            # cell that the other leads to.
            return error
        area = sum(self.library.cells[one.cell].area for one in mapped.netlist.instances)
        return _Outcome(recipe, mapped, path, area)

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
            "effort": self.effort,
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
