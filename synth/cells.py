"""Cells of a library: what they do, how long it takes, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "MAJORITY",
    "NAND",
    "PARITY",
    "Arc",
    "ArcKind",
    "Cell",
    "FullAdder",
    "Pin",
    "PowerArc",
    "Register",
    "Table",
    "cell_of",
    "power_arc_of",
]

# Truth tables over two and three inputs.
NAND = 0b0111
MAJORITY = 0b1110_1000
PARITY = 0b1001_0110


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


ArcKind = Literal["combinational", "launch", "setup"]


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

    kind: ArcKind
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
        return len(self.inputs) == 2 and functions == [NAND]


@dataclass(frozen=True)
class FullAdder:
    """The library's full adder: the cell and its pins."""

    cell: str
    inputs: tuple[str, ...]
    carry: str
    sum: str


def cell_of(fact: dict[str, Any]) -> Cell:
    """Return the cell that `dataclasses.asdict` made a dict of, which is used up."""
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


def power_arc_of(fact: dict[str, Any]) -> PowerArc:
    """Return the power arc that `dataclasses.asdict` made a dict of, which is used up."""
    for name in ("rise", "fall"):
        if fact[name] is not None:
            fact[name] = _table(fact[name])
    return PowerArc(**fact)


def _table(fact: dict[str, Any]) -> Table:
    return Table(
        tuple(fact["rows"]), tuple(fact["columns"]), tuple(tuple(row) for row in fact["values"])
    )
