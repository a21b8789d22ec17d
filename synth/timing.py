"""Static timing of a mapped netlist from its library's tables.

Every arc's delay comes from the slew at its input and the load at its output, as sign-off tools
compute it from the same tables. Left out are wires (their delay and their capacitance), clock skew
and slew, slew at input ports, load at output ports (all 0), and false paths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gen.errors import ToolError
from synth.cells import Arc, Cell, Table
from synth.libraries import Library
from synth.netlist import Netlist

__all__ = [
    "CombinationalLoopError",
    "Conditions",
    "Step",
    "Tables",
    "TimingPath",
    "conditions",
    "longest_path",
]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


class CombinationalLoopError(ToolError):
    """A netlist without a longest path."""

    def __init__(self, nets: int) -> None:
        super().__init__("timing", f"combinational loop through {nets} nets")


@dataclass(frozen=True)
class Step:
    """A cell on a path, its output pin and the time in ps at which that has settled."""

    cell: str
    pin: str
    arrival_ps: float


@dataclass(frozen=True)
class TimingPath:
    """The longest path from a port or a register's clock edge to a port or a register.

    Attributes
    ----------
    delay_ps
        Its length, the setup time of the register at its end included: the shortest clock period,
        or the delay of a unit without registers. 0 if nothing depends on anything.
    start, end
        A port bit (``a[3]``) or the cell of a register (``DFF_X1``).
    steps
        The cells along it, the register at its start included, the one at its end not.
    setup_ps
        The setup time in it.
    """

    delay_ps: float
    start: str
    end: str
    steps: tuple[Step, ...]
    setup_ps: float


def longest_path(netlist: Netlist, library: Library) -> TimingPath:
    """Return the longest path of a netlist.

    All registers are taken to be clocked at the same instant, once a period.

    Raises
    ------
    CombinationalLoopError
        If the netlist has one.
    """
    return _Analysis(netlist, library).longest_path()


@dataclass(frozen=True)
class Conditions:
    """What decides the delay and the energy of cells.

    Attributes
    ----------
    slew
        Slowest transition of each net, rising and falling, ps; shape (nets, 2). 0 at ports.
    load
        Capacitance of the pins that each net drives, for a rising and a falling edge, fF.
    """

    slew: _Floats
    load: _Floats


def conditions(netlist: Netlist, library: Library) -> Conditions:
    """Return slews and loads of all nets.

    Raises
    ------
    CombinationalLoopError
        If the netlist has one.
    """
    analysis = _Analysis(netlist, library)
    slew, load = (
        values[: analysis.clock].reshape(-1, 2) for values in (analysis.slew, analysis.load)
    )
    return Conditions(slew, load)


class Tables:
    """Tables of a library as arrays, so that many lookups are one operation."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        # Never looked up; so that arrays have their shape even if nothing is.
        self.tables = [Table((0.0,), (0.0,), ((0.0,),))]

    def add(self, table: Table) -> int:
        """Return the number under which a table is looked up."""
        number = self.numbers.setdefault(id(table), len(self.tables))
        if number == len(self.tables):
            self.tables.append(table)
        return number

    def freeze(self) -> None:
        """Bring all tables to one size, at least 2 x 2, by repeating their last row and column."""
        height = max([2, *(len(table.rows) for table in self.tables)])
        width = max([2, *(len(table.columns) for table in self.tables)])
        self.rows = np.array([_continued(table.rows, height) for table in self.tables])
        self.columns = np.array([_continued(table.columns, width) for table in self.tables])
        self.last_row = np.array([max(len(table.rows) - 2, 0) for table in self.tables])
        self.last_column = np.array([max(len(table.columns) - 2, 0) for table in self.tables])
        self.values = np.array(
            [
                np.pad(
                    np.array(table.values),
                    [(0, height - len(table.rows)), (0, width - len(table.columns))],
                    mode="edge",
                )
                for table in self.tables
            ]
        )

    def look_up(self, tables: _Ints, rows: _Floats, columns: _Floats) -> _Floats:
        """Interpolate linearly in both variables; beyond the grid, continue its last interval."""
        row, row_share = _locate(self.rows[tables], self.last_row[tables], rows)
        column, share = _locate(self.columns[tables], self.last_column[tables], columns)
        low, high = (
            self.values[tables, line, column] * (1 - share)
            + self.values[tables, line, column + 1] * share
            for line in (row, row + 1)
        )
        return low * (1 - row_share) + high * row_share


def _continued(points: Sequence[float], length: int) -> list[float]:
    return [*points, *(points[-1] + step for step in range(1, length - len(points) + 1))]


def _locate(grids: _Floats, last: _Ints, points: _Floats) -> tuple[_Ints, _Floats]:
    """Return the interval of its grid that each point is in and how far into it."""
    beyond = (grids[:, 1:] <= points[:, None]).sum(axis=1)
    interval = np.minimum(beyond, last)
    each = np.arange(len(points))
    start = grids[each, interval]
    return interval, (points - start) / (grids[each, interval + 1] - start)


_RISE, _FALL = 0, 1


def _transitions(arc: Arc) -> Iterator[tuple[int, int, Table, Table]]:
    """Yield what the arc carries: direction at its source, at its target, delay and slew."""
    for target, delay, slew in ((_RISE, arc.rise, arc.rise_slew), (_FALL, arc.fall, arc.fall_slew)):
        if delay is None or slew is None:
            continue
        if arc.sense != "negative_unate":
            yield target, target, delay, slew
        if arc.sense != "positive_unate":
            yield 1 - target, target, delay, slew


# What is known of an edge between two nodes, and of a setup check; one array row each.
_SOURCE, _TARGET, _DELAY, _SLEW, _INSTANCE = range(5)
_CHECKED, _SETUP, _REGISTER = range(3)


class _Analysis:
    """Arrival times and slews at the nodes of a netlist.

    Node ``2 * net`` is a net's rising, ``2 * net + 1`` its falling transition. The one node after
    them is the clock edge from which all registers start.
    """

    def __init__(self, netlist: Netlist, library: Library) -> None:
        self.netlist = netlist
        self.clock = 2 * netlist.net_count
        self.load = np.zeros(self.clock + 1)
        self.tables = Tables()
        edges = [np.zeros((5, 0), dtype=np.int64)]
        checks = [np.zeros((3, 0), dtype=np.int64)]
        by_cell: dict[str, list[int]] = defaultdict(list)
        for number, instance in enumerate(netlist.instances):
            by_cell[instance.cell].append(number)
        for name, numbers in by_cell.items():
            cell = library.cells[name]
            nets = self.nets(cell, numbers)
            self.add_loads(cell, nets)
            for arc in cell.arcs:
                if arc.kind == "setup":
                    checks.extend(self.checks_of(arc, nets[arc.target], np.array(numbers)))
                else:
                    edges.extend(self.edges_of(arc, nets, np.array(numbers)))
        self.tables.freeze()
        self.edges = np.concatenate(edges, axis=1)
        self.checks = np.concatenate(checks, axis=1)
        self.delay = np.zeros(self.edges.shape[1])
        self.slew = np.zeros(self.clock + 1)
        self.arrival = np.full(self.clock + 1, -np.inf)
        self.arrival[self.clock] = 0.0
        for net in netlist.inputs.values():
            self.arrival[2 * net : 2 * net + 2] = 0.0
        self.propagate()

    def nets(self, cell: Cell, numbers: Sequence[int]) -> dict[str, _Ints]:
        """Return the net of each pin for these instances of a cell, -1 where there is none."""
        instances = [self.netlist.instances[number] for number in numbers]
        return {
            pin: np.array([instance.nets.get(pin, -1) for instance in instances])
            for pin in cell.pins
        }

    def add_loads(self, cell: Cell, nets: dict[str, _Ints]) -> None:
        for name in cell.inputs:
            pin, connected = cell.pins[name], nets[name][nets[name] >= 0]
            np.add.at(self.load, 2 * connected + _RISE, pin.rise_capacitance)
            np.add.at(self.load, 2 * connected + _FALL, pin.fall_capacitance)

    def edges_of(self, arc: Arc, nets: dict[str, _Ints], instances: _Ints) -> Iterator[_Ints]:
        target = nets[arc.target]
        launched = arc.kind == "launch"
        source = np.full(len(target), self.clock >> 1) if launched else nets[arc.source]
        for begin, end, delay, slew in _transitions(arc):
            edges = np.zeros((5, len(target)), dtype=np.int64)
            edges[_SOURCE] = self.clock if launched else 2 * source + begin
            edges[_TARGET] = 2 * target + end
            edges[_DELAY] = self.tables.add(delay)
            edges[_SLEW] = self.tables.add(slew)
            edges[_INSTANCE] = instances
            yield edges[:, (source >= 0) & (target >= 0)]

    def checks_of(self, arc: Arc, data: _Ints, instances: _Ints) -> Iterator[_Ints]:
        for direction, table in ((_RISE, arc.rise), (_FALL, arc.fall)):
            if table is not None:
                checks = np.zeros((3, len(data)), dtype=np.int64)
                checks[_CHECKED] = 2 * data + direction
                checks[_SETUP] = self.tables.add(table)
                checks[_REGISTER] = instances
                yield checks[:, data >= 0]

    def propagate(self) -> None:
        """Carry arrival times and slews through the netlist, one logic level at a time."""
        levels = self.levels()[self.edges[_TARGET] >> 1]
        order = np.argsort(levels, kind="stable")
        self.edges = self.edges[:, order]
        bounds = np.flatnonzero(np.diff(levels[order], prepend=-1, append=-1))
        for begin, end in pairwise(bounds):
            source, target, delay, slew, _ = self.edges[:, begin:end]
            took = self.tables.look_up(delay, self.slew[source], self.load[target])
            slews = self.tables.look_up(slew, self.slew[source], self.load[target])
            reached = np.isfinite(self.arrival[source])
            self.delay[begin:end] = took
            np.maximum.at(self.arrival, target, self.arrival[source] + took)
            np.maximum.at(self.slew, target[reached], slews[reached])

    def levels(self) -> _Ints:
        """Return each net's distance from the ports and registers, in cells."""
        count = self.netlist.net_count + 1
        sources, targets = self.edges[_SOURCE] >> 1, self.edges[_TARGET] >> 1
        graph: dict[int, list[int]] = defaultdict(list)
        for pair in np.unique(targets * count + sources):
            graph[int(pair) // count].append(int(pair) % count)
        sorter = TopologicalSorter(graph)
        try:
            sorter.prepare()
        except CycleError as error:
            length = len(error.args[1]) - 1
            raise CombinationalLoopError(length) from error
        levels = np.zeros(count, dtype=np.int64)
        level = 0
        while sorter.is_active():
            ready = sorter.get_ready()
            levels[list(ready)] = level
            sorter.done(*ready)
            level += 1
        return levels

    def longest_path(self) -> TimingPath:
        ports = np.array(
            [2 * net + edge for net in self.netlist.outputs.values() for edge in (_RISE, _FALL)],
            dtype=np.int64,
        )
        checked, setup_table, register = self.checks
        setup = self.tables.look_up(setup_table, self.slew[checked], np.zeros(len(checked)))
        nodes = np.concatenate([ports, checked])
        setups = np.concatenate([np.zeros(len(ports)), setup])
        ends = self.arrival[nodes] + setups
        if not np.isfinite(ends).any():
            return TimingPath(0.0, "", "", (), 0.0)
        last = int(np.argmax(ends))
        if last < len(ports):
            end = list(self.netlist.outputs)[last // 2]
        else:
            end = self.netlist.instances[register[last - len(ports)]].cell
        start, steps = self.trace(int(nodes[last]))
        return TimingPath(float(ends[last]), start, end, steps, float(setups[last]))

    def trace(self, node: int) -> tuple[str, tuple[Step, ...]]:
        """Return where the path that settles `node` last starts, and its cells."""
        steps: list[Step] = []
        _, targets, *_ = self.edges
        while (incoming := np.flatnonzero(targets == node)).size:
            sources = self.edges[_SOURCE, incoming]
            latest = int(np.argmax(self.arrival[sources] + self.delay[incoming]))
            instance = self.netlist.instances[self.edges[_INSTANCE, incoming[latest]]]
            pin = next(pin for pin, net in instance.nets.items() if net == node >> 1)
            steps.append(Step(instance.cell, pin, float(self.arrival[node])))
            node = int(sources[latest])
        if node == self.clock:
            start = steps[-1].cell
        else:
            start = next(p for p, net in self.netlist.inputs.items() if net == node >> 1)
        return start, tuple(reversed(steps))
