"""Zero-delay simulation of a mapped netlist, many independent streams at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
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
    """All instances of one cell: the row of `Simulation.values` behind each pin.

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
    """Cells of one kind that can be evaluated together: rows read, rows written, by function."""

    inputs: NDArray[np.int64]
    outputs: tuple[tuple[int, NDArray[np.int64]], ...]


class Simulation:
    """The state of a netlist, one bit a net and stream.

    Registers start at 0 and are all clocked at once by `step`. Nothing takes time: a net moves at
    most once a cycle, so that the glitches of a real circuit are missing.

    Parameters
    ----------
    netlist
        What to simulate.
    library
        Its cells.
    words
        How many words of 64 streams.

    Attributes
    ----------
    values
        Current values, shape (nets + 3, words): nets, the constants 0 and 1, unconnected pins.
    kinds
        The cells that there are.

    Raises
    ------
    ConfigError
        If there is a cell whose function is not known, such as a latch.
    ToolError
        If there is a combinational loop.
    """

    def __init__(self, netlist: Netlist, library: Library, words: int) -> None:
        self.netlist = netlist
        self.library = library
        zero, one, nowhere = (netlist.net_count + i for i in range(3))
        self.values = np.zeros((netlist.net_count + 3, words), dtype=np.uint64)
        self.values[one] = _ONES
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
                    unknown = nowhere if cell.pins[pin].direction == "output" else zero
                    found.append(instance.nets.get(pin, unknown if tied is None else zero + tied))
                rows[pin] = np.array(found, dtype=np.int64)
            self.kinds.append(Kind(name, np.array(numbers), rows))
        self._registers = [kind for kind in self.kinds if library.cells[kind.cell].sequential]
        for kind in self._registers:
            self._check_register(kind)
        self._steps = self._schedule()

    def _check_register(self, kind: Kind) -> None:
        register = self.library.cells[kind.cell].register
        if register is None:
            raise ConfigError(
                f"{self.library.path}: cannot simulate {kind.cell}: no plain flip-flop"
            )
        if not set(kind.rows[register.clock].tolist()) <= set(self.netlist.inputs.values()):
            raise ToolError("simulation", f"{kind.cell} has a clock that is no port")

    def _schedule(self) -> list[_Step]:
        """Order combinational cells by their distance from ports and registers."""
        position = {
            int(number): (kind, index)
            for kind in self.kinds
            if not self.library.cells[kind.cell].sequential
            for index, number in enumerate(kind.instances)
        }
        driver: dict[int, int] = {}
        for number, (kind, index) in position.items():
            for pin in self.library.cells[kind.cell].outputs:
                driver[int(kind.rows[pin][index])] = number
        driver.pop(len(self.values) - 1, None)
        graph = {
            number: {
                driver[net]
                for pin in self.library.cells[kind.cell].inputs
                if (net := int(kind.rows[pin][index])) in driver
            }
            for number, (kind, index) in position.items()
        }
        sorter = TopologicalSorter(graph)
        try:
            sorter.prepare()
        except CycleError as error:
            length = len(error.args[1]) - 1
            raise ToolError("simulation", f"combinational loop through {length} cells") from error
        steps: list[_Step] = []
        while sorter.is_active():
            ready = sorter.get_ready()
            level: dict[str, list[int]] = defaultdict(list)
            for number in ready:
                kind, index = position[number]
                level[kind.cell].append(index)
            by_name = {kind.cell: kind for kind in self.kinds}
            steps += [self._step(by_name[cell], index) for cell, index in level.items()]
            sorter.done(*ready)
        return steps

    def _step(self, kind: Kind, index: Sequence[int]) -> _Step:
        cell = self.library.cells[kind.cell]
        inputs = [kind.rows[pin][index] for pin in cell.inputs]
        outputs = []
        for pin in cell.outputs:
            rows = kind.rows[pin][index]
            function = cell.pins[pin].function
            if function is not None:
                outputs.append((function, rows))
            elif (rows != len(self.values) - 1).any():
                raise ConfigError(
                    f"{self.library.path}: cannot simulate {kind.cell}: no function for {pin}"
                )
        shape = (len(inputs), len(index))
        return _Step(np.array(inputs, dtype=np.int64).reshape(shape), tuple(outputs))

    def step(self, inputs: Mapping[int, Words]) -> None:
        """Clock all registers, then put values on the ports and let everything settle.

        Parameters
        ----------
        inputs
            Words by net; ports that are left out keep their values.
        """
        states = []
        for kind in self._registers:
            cell = self.library.cells[kind.cell]
            assert cell.register is not None
            operands = self.values[np.array([kind.rows[pin] for pin in cell.inputs])]
            state = evaluate(cell.register.next_state, operands)
            states += [
                (kind.rows[pin], state if cell.pins[pin].state == "state" else ~state)
                for pin in cell.outputs
                if cell.pins[pin].state
            ]
        for rows, state in states:
            self.values[rows] = state
        for net, words in inputs.items():
            self.values[net] = words
        for step in self._steps:
            operands = self.values[step.inputs]
            for function, rows in step.outputs:
                self.values[rows] = evaluate(function, operands)


def evaluate(table: int, operands: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a truth table's value, see `synth.liberty.truth_table`, for each bit.

    Parameters
    ----------
    table
        The function.
    operands
        Its inputs, shape (inputs, ...).
    """
    return np.broadcast_to(_compiled(table, len(operands))(operands), operands.shape[1:])


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
