"""Zero-delay simulation of a mapped netlist, many independent streams at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.errors import ConfigError, ToolError
from synth.libraries import Library
from synth.netlist import Netlist

__all__ = ["Kind", "Simulation", "evaluate", "pack"]

Words = NDArray[np.uint64]
"""64 streams a word, along the last axis."""

_ZEROS = np.uint64(0)
_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class Kind:
    """All instances of one cell: the row of a simulation's values behind each pin.

    Attributes
    ----------
    cell
        Name of the cell.
    instances
        Their numbers in the netlist.
    rows
        By pin, one row an instance. Pins that nothing is connected to share a row of their own.
    """

    cell: str
    instances: NDArray[np.int64]
    rows: Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class _Step:
    """Cells of one kind that can be evaluated together: rows read, rows written, by function.

    `next_state` is that of registers, whose rows follow in the next cycle; a function is then
    whether its rows show the state (1) or its complement (0).
    """

    inputs: NDArray[np.int64]
    outputs: tuple[tuple[int, NDArray[np.int64]], ...]
    next_state: int | None = None


class Simulation:
    """A netlist that can be run, one bit a net, cycle and stream.

    Registers start at 0 and are all clocked at once, between two cycles. Nothing takes time: a net
    moves at most once a cycle, so that the glitches of a real circuit are missing.

    Only what is part of a loop through registers, an accumulator say, and what lies between two
    loops, is evaluated cycle by cycle. What comes before and after is evaluated in all cycles at
    once, its registers being delays.

    Parameters
    ----------
    netlist
        What to simulate.
    library
        Its cells.

    Attributes
    ----------
    rows
        Rows of the values that `run` returns: one a net, one for each of the constants 0 and 1, and
        one for pins that nothing is connected to.
    kinds
        The cells that there are.

    Raises
    ------
    ConfigError
        If there is a cell whose function is not known, such as a latch.
    ToolError
        If there is a combinational loop.
    """

    def __init__(self, netlist: Netlist, library: Library) -> None:
        self.netlist = netlist
        self.library = library
        zero, self._one, self._nowhere = (netlist.net_count + i for i in range(3))
        self.rows = netlist.net_count + 3
        by_cell: dict[str, list[int]] = defaultdict(list)
        for number, instance in enumerate(netlist.instances):
            by_cell[instance.cell].append(number)
        self.kinds: list[Kind] = []
        for name, numbers in by_cell.items():
            cell = library.cells[name]
            rows: dict[str, NDArray[np.int64]] = {}
            for pin in cell.pins:
                found = []
                for number in numbers:
                    instance = netlist.instances[number]
                    tied = instance.tied.get(pin)
                    unknown = self._nowhere if cell.pins[pin].direction == "output" else zero
                    found.append(instance.nets.get(pin, unknown if tied is None else zero + tied))
                rows[pin] = np.array(found, dtype=np.int64)
            self.kinds.append(Kind(name, np.array(numbers), rows))
        for kind in self.kinds:
            if library.cells[kind.cell].sequential:
                self._check_register(kind)
        self._schedule()

    def _check_register(self, kind: Kind) -> None:
        register = self.library.cells[kind.cell].register
        if register is None:
            raise ConfigError(
                f"{self.library.path}: cannot simulate {kind.cell}: no plain flip-flop"
            )
        if not set(kind.rows[register.clock].tolist()) <= set(self.netlist.inputs.values()):
            raise ToolError("simulation", f"{kind.cell} has a clock that is no port")

    def _schedule(self) -> None:
        """Divide the cells into what is before, in and after loops, and put them in order."""
        place = {
            int(number): (kind, index)
            for kind in self.kinds
            for index, number in enumerate(kind.instances)
        }
        cells = self.library.cells
        registers = {n for n, (kind, _) in place.items() if cells[kind.cell].sequential}
        driver = {
            int(kind.rows[pin][index]): number
            for number, (kind, index) in place.items()
            for pin in cells[kind.cell].outputs
            if int(kind.rows[pin][index]) != self._nowhere
        }
        sources = {
            number: {
                driver[net]
                for pin in cells[kind.cell].inputs
                if (net := int(kind.rows[pin][index])) in driver
            }
            for number, (kind, index) in place.items()
        }
        readers: dict[int, set[int]] = {number: set() for number in place}
        for number, needed in sources.items():
            for source in needed:
                readers[source].add(number)
        before = _peeled(sources, readers)
        rest = place.keys() - set(chain.from_iterable(before))
        later = {number: readers[number] & rest for number in rest}
        after = _peeled(later, {number: sources[number] & rest for number in rest})
        looped = rest - set(chain.from_iterable(after))
        through = {
            number: set() if number in registers else sources[number] & looped - registers
            for number in looped
        }
        inner = _peeled(through, {n: readers[n] & looped - registers for n in looped - registers})
        loops = looped - set(chain.from_iterable(inner))
        if loops:
            raise ToolError("simulation", f"combinational loop through {len(loops)} cells")
        self._before = self._steps(before, place)
        self._after = self._steps(reversed(after), place)
        self._states = [step for step in self._steps(inner, place) if step.next_state is not None]
        self._loop = [step for step in self._steps(inner, place) if step.next_state is None]

    def _steps(
        self, levels: Iterable[Sequence[int]], place: Mapping[int, tuple[Kind, int]]
    ) -> list[_Step]:
        """Return cells that can be evaluated level by level, those of a kind at a time."""
        steps: list[_Step] = []
        for level in levels:
            by_cell: dict[str, list[int]] = defaultdict(list)
            kinds: dict[str, Kind] = {}
            for number in level:
                kind, index = place[number]
                kinds[kind.cell] = kind
                by_cell[kind.cell].append(index)
            steps += [self._step(kinds[cell], index) for cell, index in by_cell.items()]
        return steps

    def _step(self, kind: Kind, index: Sequence[int]) -> _Step:
        cell = self.library.cells[kind.cell]
        inputs = np.array([kind.rows[pin][index] for pin in cell.inputs], dtype=np.int64)
        inputs = inputs.reshape(len(cell.inputs), len(index))
        outputs = []
        for pin in cell.outputs:
            rows = kind.rows[pin][index]
            function = cell.pins[pin].function
            if cell.register is not None and cell.pins[pin].state:
                outputs.append((int(cell.pins[pin].state == "state"), rows))
            elif cell.register is None and function is not None:
                outputs.append((function, rows))
            elif (rows != self._nowhere).any():
                raise ConfigError(
                    f"{self.library.path}: cannot simulate {kind.cell}: no function for {pin}"
                )
        return _Step(inputs, tuple(outputs), cell.register and cell.register.next_state)

    def run(self, inputs: Mapping[int, Words]) -> Words:
        """Run all streams from the start.

        Parameters
        ----------
        inputs
            What is on the ports, by net, shape (cycles, words) each; ports that are left out are 0.

        Returns
        -------
        ndarray
            The values of all nets, shape (rows, cycles, words).
        """
        cycles, words = next(iter(inputs.values())).shape
        values = np.zeros((self.rows, cycles, words), dtype=np.uint64)
        values[self._one] = _ONES
        for net, given in inputs.items():
            values[net] = given
        self._evaluate(self._before, values)
        if self._states:
            self._evaluate_loops(values)
        self._evaluate(self._after, values)
        return values

    def _evaluate_loops(self, values: Words) -> None:
        """Evaluate what is in loops, cycle by cycle."""
        for step in self._states:
            for shown, rows in step.outputs:
                values[rows, 0] = _ZEROS if shown else _ONES
        for cycle in range(values.shape[1]):
            for step in self._loop:
                operands = values[step.inputs, cycle]
                for function, rows in step.outputs:
                    values[rows, cycle] = evaluate(function, operands)
            if cycle + 1 == values.shape[1]:
                return
            for step in self._states:
                assert step.next_state is not None
                state = evaluate(step.next_state, values[step.inputs, cycle])
                for shown, rows in step.outputs:
                    values[rows, cycle + 1] = state if shown else ~state

    @staticmethod
    def _evaluate(steps: Iterable[_Step], values: Words) -> None:
        """Evaluate cells that are not part of a loop, in all cycles at once."""
        for step in steps:
            operands = values[step.inputs]
            if step.next_state is None:
                for function, rows in step.outputs:
                    values[rows] = evaluate(function, operands)
            else:
                state = evaluate(step.next_state, operands)
                for shown, rows in step.outputs:
                    values[rows, 0] = _ZEROS if shown else _ONES
                    values[rows, 1:] = (state if shown else ~state)[:, :-1]


def _peeled(
    needs: Mapping[int, Collection[int]], needed_by: Mapping[int, Collection[int]]
) -> list[list[int]]:
    """Return the nodes of a graph that no cycle leads to, by their distance from its sources.

    Parameters
    ----------
    needs, needed_by
        The edges, from either end.
    """
    missing = {node: len(others) for node, others in needs.items()}
    levels: list[list[int]] = []
    ready = [node for node, count in missing.items() if count == 0]
    while ready:
        levels.append(ready)
        freed: list[int] = []
        for node in ready:
            for other in needed_by.get(node, ()):
                missing[other] -= 1
                if missing[other] == 0:
                    freed.append(other)
        ready = freed
    return levels


def evaluate(table: int, operands: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a truth table's value, see `synth.liberty.truth_table`, for each bit.

    Parameters
    ----------
    table
        The function.
    operands
        Its inputs, shape (inputs, ...).
    """
    values = _compiled(table, len(operands))(operands)
    # Broadcasting takes longer than a gate of a few words; a function of nothing needs it.
    shape = operands.shape[1:]
    return values if np.shape(values) == shape else np.broadcast_to(values, shape)


_Function = Callable[[Any], Any]


@cache
def _compiled(table: int, inputs: int) -> _Function:
    """Return a truth table as bitwise operations, split at its last input first."""
    if table == 0:
        return lambda _: _ZEROS
    if table == (1 << (1 << inputs)) - 1:
        return lambda _: _ONES
    half = 1 << (inputs - 1)
    low, high = table & ((1 << half) - 1), table >> half
    return _compiled(low, inputs - 1) if low == high else _choice(low, high, inputs - 1)


def _choice(low: int, high: int, last: int) -> _Function:
    """Return ``high`` where input `last` is 1, otherwise ``low``; the two differ."""
    ones = (1 << (1 << last)) - 1
    zero, one = (_compiled(part, last) for part in (low, high))
    if {low, high} == {0, ones}:
        return (lambda x: x[last]) if high else (lambda x: ~x[last])
    if low == 0:
        return lambda x: x[last] & one(x)
    if high == 0:
        return lambda x: ~x[last] & zero(x)
    if low == ones:
        return lambda x: ~x[last] | one(x)
    if high == ones:
        return lambda x: x[last] | zero(x)
    if low == ones ^ high:
        return lambda x: x[last] ^ zero(x)
    return lambda x: (x[last] & one(x)) | (~x[last] & zero(x))


def pack(codes: NDArray[Any], bits: int, streams: int) -> Words:
    """Return codes as words of streams.

    Parameters
    ----------
    codes
        Shape (n,) or (n, lanes), n a multiple of `streams`: each stream is a contiguous part.
    bits
        Of one code.
    streams
        A multiple of 64.

    Returns
    -------
    ndarray
        Shape (n / streams, lanes * bits, streams / 64): cycle, bit of the port, word.
    """
    cycles = len(codes) // streams
    # Codes of more than 64 bits are Python's integers.
    limbs = [
        ((codes >> low & 0xFFFF_FFFF) if codes.dtype == object else codes).astype(np.uint64)
        for low in (range(0, bits, 32) if codes.dtype == object else (0,))
    ]
    width = 32 if codes.dtype == object else bits
    lanes = np.stack(limbs, axis=-1).reshape(streams, cycles, -1, len(limbs))
    shifts = np.arange(width, dtype=np.uint64)
    spread = (lanes[..., None] >> shifts & np.uint64(1)).astype(np.uint8)
    spread = spread.reshape(*lanes.shape[:3], -1)[..., :bits]
    by_bit = spread.reshape(streams, cycles, -1).transpose(1, 2, 0)
    packed = np.packbits(by_bit, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64)
