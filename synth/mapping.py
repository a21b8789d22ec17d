"""Running a recipe: from Verilog to a netlist of library cells."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any, Literal

from gen import yosys
from gen.errors import ToolError
from synth.libraries import Library
from synth.netlist import Netlist
from synth.recipes import DRIVERS, LCU_MAP, Recipe, full_adder_map

__all__ = ["FRONTENDS", "Frontend", "Mapped", "Mapper", "map_at_once"]

Frontend = Literal["verilog", "slang"]
"""Who reads the source: Yosys' own reader, or slang, which knows more of SystemVerilog."""

FRONTENDS: Mapping[Frontend, str] = {
    "verilog": "read_verilog -sv design.v",
    "slang": "read_slang --top {top} design.v",
}
"""The Yosys command of each."""

# Deeper cones are seldom adders that somebody meant, and take long to look through.
_FULL_ADDER_DEPTH = 4


@dataclass(frozen=True)
class Mapped:
    """A flat netlist and what ABC says of its delay, registers left out."""

    netlist: Netlist
    abc_delay_ps: float | None


class _Steps:
    """The Yosys commands from Verilog to cells.

    Designs on the way are kept under names, in files or in memory.

    Parameters
    ----------
    directory
        Where Yosys works; files of earlier designs in it are overwritten.
    text, top, frontend
        The source, its top module and its reader.
    library
        Cells to map to.
    in_files
        Whether another process is to find what is kept.
    """

    def __init__(
        self,
        directory: Path,
        text: str,
        top: str,
        library: Library,
        frontend: Frontend,
        *,
        in_files: bool,
    ) -> None:
        self.directory = directory
        self.top = top
        self.library = library
        self.frontend: Frontend = frontend
        self._save = "write_rtlil {}.il" if in_files else "design -save {}"
        self._load = "read_rtlil {}.il" if in_files else "design -load {}"
        (directory / "design.v").write_text(text)
        (directory / "carry.v").write_text(LCU_MAP)
        if library.driver:
            (directory / DRIVERS).write_text(f"set_driving_cell {library.driver}\n")
        if library.full_adder:
            (directory / "adder.v").write_text(full_adder_map(library.full_adder))

    def read(self) -> Iterator[str]:
        """Read the source; keep it as ``hierarchy``, and dissolved as ``flat``."""
        yield FRONTENDS[self.frontend].format(top=self.top)
        yield f"hierarchy -check -top {self.top}"
        yield "proc"
        # No cell has an initial value; dfflegalize would refuse them.
        yield "attrmap -remove init"
        yield "opt_clean"
        yield self._save.format("hierarchy")
        yield "flatten"
        yield "opt_clean"
        yield self._save.format("flat")

    def gates(self, source: str, recipe: Recipe) -> Iterator[str]:
        """Bring ``hierarchy`` or ``flat`` down to simple gates; keep them under `gates_name`."""
        options = " -booth" if recipe.booth else ""
        # Sharing operators of exclusive branches takes SAT minutes to find that there are none.
        synth = f"synth -noabc -noshare -flatten -hieropt{options} -top {self.top}"
        yield self._load.format(source)
        if source == "hierarchy":
            yield f"setattr -set keep_hierarchy 1 {self.top}/*"
        yield f"{synth} -run begin:fine"
        if recipe.ripple:
            yield "maccmap"
            yield "opt -fast -full"
            yield "memory_map"
            yield "opt -full"
            yield "techmap -map carry.v -map +/techmap.v"
        yield f"{synth} -run fine:"
        yield self._save.format(gates_name(source, recipe))

    def cells(self, source: str, recipe: Recipe, label: str, target_ps: float) -> Iterator[str]:
        """Map gates to cells and write them to ``label.json``."""
        (self.directory / f"{label}.abc").write_text(
            recipe.abc_script(target_ps, loaded=self.library.has_loads)
        )
        cells = f'"{self.library.cache / "cells.lib"}"'
        # ABC keeps libraries in its own binary form, found by the file's path and time alone; in a
        # directory that goes by the library's contents they cannot be mixed up.
        yield f'libcache -scl -dir "{self.library.cache}"'
        yield self._load.format(gates_name(source, recipe))
        if recipe.full_adders:
            # The options' order matters: extract_fa ignores a depth that comes last.
            yield f"extract_fa -d {_FULL_ADDER_DEPTH} -fa"
            yield "techmap -map adder.v"
        if self.library.has_flip_flop:
            yield f"dfflibmap -liberty {cells}"
        yield "opt_clean"
        yield f"abc -liberty {cells} -script {label}.abc"
        yield "opt_clean -purge"
        yield f"write_json {label}.json"

    def run(
        self, label: str, steps: Iterator[str], *, timeout: float, stop: Event | None = None
    ) -> str:
        """Run Yosys; return what it printed, which is kept in ``label.log`` as well."""
        script = "\n".join(steps) + "\n"
        log = self.directory / f"{label}.log"
        try:
            return yosys.run(script, cwd=self.directory, timeout=timeout, log=log, stop=stop)
        except ToolError as error:
            # Yosys only says that a file is missing which ABC should have written.
            if "Reading SCL library from file" not in error.tail:
                raise
            problem = f"cannot read the library {self.library.path}"
            raise ToolError("abc", problem, log=log, tail=error.tail) from error

    def mapped(self, label: str, log: str) -> Mapped:
        """Return what `cells` has written of a dissolved design."""
        text = (self.directory / f"{label}.json").read_text()
        delays = re.findall(r"Delay = *([\d.]+) ps", log)
        return Mapped(
            Netlist.from_json(text, self.top, self.library),
            float(delays[-1]) if delays else None,
        )

    def modules(self, label: str) -> dict[str, Any]:
        """Return what `cells` has written of a hierarchy: Yosys' modules as JSON."""
        return json.loads((self.directory / f"{label}.json").read_text())["modules"]


def gates_name(source: str, recipe: Recipe) -> str:
    """Return the name of the gates that a recipe starts from; some recipes share theirs."""
    kinds = "booth" if recipe.booth else "direct", "ripple" if recipe.ripple else "prefix"
    return "-".join((source, *kinds))


class Mapper:
    """Maps one design, by any number of recipes, each in a process of its own.

    Parameters
    ----------
    directory
        Where to work; files of earlier designs in it are overwritten.
    text, top, frontend
        The source, its top module and its reader.
    library
        Cells to map to.
    timeout
        Seconds for one run of Yosys.
    stop
        Ends what is running when it is set.

    Attributes
    ----------
    multiplies
        Whether there are multiplications that Booth could change.
    """

    def __init__(
        self,
        directory: Path,
        text: str,
        top: str,
        library: Library,
        *,
        frontend: Frontend = "verilog",
        timeout: float = 600,
        stop: Event | None = None,
    ) -> None:
        self.directory = directory
        self.timeout = timeout
        self.stop = stop
        self._steps = _Steps(directory, text, top, library, frontend, in_files=True)
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._run(
            "read",
            *self._steps.read(),
            "tee -q -o multipliers.txt select -count t:$mul",
        )
        self.multiplies = not (directory / "multipliers.txt").read_text().startswith("0 ")

    def flat(self, recipe: Recipe, label: str, target_ps: float) -> Mapped:
        """Map the whole design as one; `label` names the files of this run."""
        return self._steps.mapped(label, self._map("flat", recipe, label, target_ps))

    def by_block(self, recipe: Recipe, label: str, target_ps: float) -> dict[str, Any]:
        """Map the direct submodules of the top one by one; return Yosys' modules as JSON."""
        self._map("hierarchy", recipe, label, target_ps)
        return self._steps.modules(label)

    def _map(self, source: str, recipe: Recipe, label: str, target_ps: float) -> str:
        """Map a design, whose gates are made once; return the log."""
        gates = gates_name(source, recipe)
        with self._locks[gates]:
            if not (self.directory / f"{gates}.il").exists():
                self._run(gates, *self._steps.gates(source, recipe))
        return self._run(label, *self._steps.cells(source, recipe, label, target_ps))

    def _run(self, label: str, *steps: str) -> str:
        return self._steps.run(label, iter(steps), timeout=self.timeout, stop=self.stop)


_MARK = "=== mapping of "


def map_at_once(
    directory: Path,
    text: str,
    top: str,
    library: Library,
    *,
    recipes: Sequence[Recipe],
    outline: Recipe,
    target_ps: float,
    frontend: Frontend = "verilog",
    timeout: float = 600,
) -> tuple[list[Mapped], dict[str, Any]]:
    """Map a design by some recipes in one process, which saves starting and reading.

    Parameters
    ----------
    directory, text, top, library, frontend
        As for `Mapper`.
    recipes
        What to map the whole design by; Booth is tried whether there are multiplications or not.
    outline
        What to map its blocks by.
    target_ps
        Delay to size for.
    timeout
        Seconds for all.

    Returns
    -------
    list of Mapped
        One a recipe.
    dict
        Yosys' modules as JSON, as `Mapper.by_block` returns them.
    """
    steps = _Steps(directory, text, top, library, frontend, in_files=False)
    script = [*steps.read()]
    made: set[str] = set()
    labels = ["blocks", *(f"flat{number}" for number in range(len(recipes)))]
    for label, recipe in zip(labels, (outline, *recipes), strict=True):
        source = "hierarchy" if label == "blocks" else "flat"
        if gates_name(source, recipe) not in made:
            script += steps.gates(source, recipe)
            made.add(gates_name(source, recipe))
        script += [f"log {_MARK}{label}", *steps.cells(source, recipe, label, target_ps)]
    log = steps.run("mapping", iter(script), timeout=timeout)
    sections = {part.partition("\n")[0]: part for part in log.split(_MARK)[1:]}
    mapped = [steps.mapped(label, sections[label]) for label in labels[1:]]
    return mapped, steps.modules("blocks")
