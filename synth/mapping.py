"""Running a recipe: from Verilog to a netlist of library cells."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any, Literal

from gen import yosys
from gen.errors import ToolError
from synth.libraries import Library
from synth.netlist import Netlist
from synth.recipes import LCU_MAP, Recipe, full_adder_map

__all__ = ["FRONTENDS", "Frontend", "Mapped", "Mapper"]

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


class Mapper:
    """Maps one design, by any number of recipes.

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
        self.top = top
        self.library = library
        self.timeout = timeout
        self.stop = stop
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        (directory / "design.v").write_text(text)
        (directory / "carry.v").write_text(LCU_MAP)
        if library.full_adder:
            (directory / "adder.v").write_text(full_adder_map(library.full_adder))
        self._run(
            "read",
            FRONTENDS[frontend].format(top=top),
            f"hierarchy -check -top {top}",
            "proc",
            # No cell has an initial value; dfflegalize would refuse them.
            "attrmap -remove init",
            "opt_clean",
            "write_rtlil hierarchy.il",
            "flatten",
            "opt_clean",
            "write_rtlil flat.il",
            "tee -q -o multipliers.txt select -count t:$mul",
        )
        self.multiplies = not (directory / "multipliers.txt").read_text().startswith("0 ")

    def flat(self, recipe: Recipe, label: str, target_ps: float) -> Mapped:
        """Map the whole design as one; `label` names the files of this run."""
        log = self._map("flat", recipe, label, target_ps)
        text = (self.directory / f"{label}.json").read_text()
        delays = re.findall(r"Delay = *([\d.]+) ps", log)
        return Mapped(
            Netlist.from_json(text, self.top, self.library),
            float(delays[-1]) if delays else None,
        )

    def by_block(self, recipe: Recipe, label: str, target_ps: float) -> dict[str, Any]:
        """Map the direct submodules of the top one by one; return Yosys' modules as JSON."""
        self._map("hierarchy", recipe, label, target_ps)
        return json.loads((self.directory / f"{label}.json").read_text())["modules"]

    def _map(self, source: str, recipe: Recipe, label: str, target_ps: float) -> str:
        gates = self._gates(source, booth=recipe.booth, ripple=recipe.ripple)
        (self.directory / f"{label}.abc").write_text(
            recipe.abc_script(target_ps, loaded=self.library.has_loads)
        )
        cells = f'"{self.library.cache / "cells.lib"}"'
        # ABC keeps libraries in its own binary form, found by the file's path and time alone; in a
        # directory that goes by the library's contents they cannot be mixed up.
        steps = [f'libcache -scl -dir "{self.library.cache}"', f"read_rtlil {gates}.il"]
        if recipe.full_adders:
            # The options' order matters: extract_fa ignores a depth that comes last.
            steps += [f"extract_fa -d {_FULL_ADDER_DEPTH} -fa", "techmap -map adder.v"]
        if self.library.has_flip_flop:
            steps.append(f"dfflibmap -liberty {cells}")
        steps += [
            "opt_clean",
            f"abc -liberty {cells} -script {label}.abc",
            "opt_clean -purge",
            f"write_json {label}.json",
        ]
        return self._run(label, *steps)

    def _gates(self, source: str, *, booth: bool, ripple: bool) -> str:
        """Bring a design down to simple gates, once; return the name of the file with them."""
        label = "-".join([source, "booth" * booth or "direct", "ripple" * ripple or "prefix"])
        with self._locks[label]:
            if not (self.directory / f"{label}.il").exists():
                self._run(label, *self._to_gates(source, booth, ripple), f"write_rtlil {label}.il")
        return label

    def _to_gates(self, source: str, booth: bool, ripple: bool) -> Iterator[str]:
        options = " -booth" if booth else ""
        # Sharing operators of exclusive branches takes SAT minutes to find that there are none.
        synth = f"synth -noabc -noshare -flatten -hieropt{options} -top {self.top}"
        yield f"read_rtlil {source}.il"
        if source == "hierarchy":
            yield f"setattr -set keep_hierarchy 1 {self.top}/*"
        yield f"{synth} -run begin:fine"
        if ripple:
            yield "maccmap"
            yield "opt -fast -full"
            yield "memory_map"
            yield "opt -full"
            yield "techmap -map carry.v -map +/techmap.v"
        yield f"{synth} -run fine:"

    def _run(self, label: str, *steps: str) -> str:
        script = "\n".join(steps) + "\n"
        log = self.directory / f"{label}.log"
        try:
            return yosys.run(
                script, cwd=self.directory, timeout=self.timeout, log=log, stop=self.stop
            )
        except ToolError as error:
            # Yosys only says that a file is missing which ABC should have written.
            if "Reading SCL library from file" not in error.tail:
                raise
            problem = f"cannot read the library {self.library.path}"
            raise ToolError("abc", problem, log=log, tail=error.tail) from error
