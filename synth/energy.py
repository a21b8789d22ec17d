"""Energy of a unit at work: what moves in its mapped netlist, and what each movement costs.

The netlist is simulated with the operands of a workload, and every bit that comes out is compared
with what the golden model says, so that there is no energy of a netlist that computes something
else. Nothing takes time in the simulation: a net moves at most once a cycle, and the glitches of a
real circuit, which can double the energy of a multiplier, are missing.

Energy of a cycle
-----------------
- Inside cells: the library's internal power tables, at the slew and load that static timing finds.
- Nets: ``C V^2 / 2`` for each movement, C being the pins that the net drives. No wires.
- Registers: both of these for flip-flops and the nets that they drive.
- Clock: the clock pins of registers and what moves inside registers with the clock. No clock tree.
- Input ports: the pins that they drive, loaded by whoever drives the ports.

Leakage is stated apart, in nW.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.errors import ConfigError, ToolError
from hdl.formats import BlockFormat, parse_format
from synth.blocks import OWN_LOGIC, REGISTERS, kind_of
from synth.libraries import Library
from synth.movements import ONES, Counter, population
from synth.netlist import Netlist
from synth.result import Energy, EnergyBlock
from synth.simulate import Simulation, Words, pack
from synth.timing import Conditions, conditions

__all__ = ["CLOCK", "INPUT_PORTS", "Workload", "macs_of", "measure"]

CLOCK = "clock"
INPUT_PORTS = "input ports"

_MOST_WORDS = 1 << 23
"""Words of 64 streams that a simulation may have at a time: 64 MB."""


@dataclass(frozen=True)
class Workload:
    """Operands for a unit, one set a cycle, and what the unit must answer.

    Attributes
    ----------
    name
        What they are: ``gaussian``, ``uniform``, or a file.
    ports
        As a manifest lists them; those of data need a name, a width and lanes.
    latency
        Cycles from operands to result.
    operands, expected
        Codes by port, shape (n,) or (n, lanes).
    due
        In which cycles there is an answer, shape (n,).
    streams
        How many independent streams they are cut into, each a contiguous part; a multiple of 64
        that divides n. Each starts after a reset.
    macs
        Multiplications in an operation; 0 for units that multiply nothing.
    """

    name: str
    ports: Sequence[Mapping[str, Any]]
    latency: int
    operands: Mapping[str, NDArray[Any]]
    expected: Mapping[str, NDArray[Any]]
    due: NDArray[np.bool_]
    streams: int
    macs: int


def macs_of(params: Mapping[str, Any]) -> int:
    """Return how many products a unit with these parameters makes in a cycle, 0 if none."""
    if {"m", "n", "k"} <= params.keys() and "a" in params:
        return params["m"] * params["n"] * params["k"]
    if {"rows", "cols"} <= params.keys():
        return params["rows"] * params["cols"]
    if "lanes" in params:
        return 0 if "x" in params else params["lanes"]
    if "blocks" in params:
        block = parse_format(params["a"])
        assert isinstance(block, BlockFormat)
        return params["blocks"] * block.length
    return int({"a", "b"} <= params.keys())


def measure(flat: Netlist, by_block: Netlist, library: Library, workload: Workload) -> Energy:
    """Measure what an operation costs.

    Parameters
    ----------
    flat
        The unit mapped as one, which the total is of.
    by_block
        The same mapped block by block, for the split: its combinational blocks are scaled to the
        total of `flat`, as areas are.
    library
        The cells of both.
    workload
        What to do.

    Raises
    ------
    ConfigError
        If the library lacks what energies are computed from, or a cell's function.
    ToolError
        If a netlist answers differently from the golden model.
    """
    if not library.voltage or not library.power:
        raise ConfigError(f"{library.path}: the library has no voltage or no internal power")
    total = _Run(flat, library, workload)
    split = _Run(by_block, library, workload)
    fj = total.parts()
    separate = split.by_block()
    logic = sum(separate.values())
    scale = (fj["cells"] + fj["nets"]) / logic if logic else 0.0
    blocks = {name: energy * scale for name, energy in separate.items()}
    blocks |= {REGISTERS: fj["registers"], CLOCK: fj["clock"], INPUT_PORTS: fj["inputs"]}
    whole = sum(fj.values())
    leakage = sum(library.cells[instance.cell].leakage for instance in flat.instances)
    return Energy(
        operands=workload.name,
        operations=total.operations,
        checked_bits=total.checked_bits,
        fj_per_op=round(whole, 4),
        fj_per_mac=round(whole / workload.macs, 4) if workload.macs else None,
        cells_fj=round(fj["cells"], 4),
        nets_fj=round(fj["nets"], 4),
        registers_fj=round(fj["registers"], 4),
        clock_fj=round(fj["clock"], 4),
        inputs_fj=round(fj["inputs"], 4),
        toggles=round(total.toggles, 3),
        leakage_nw=round(leakage, 3),
        voltage=library.voltage,
        blocks=tuple(
            EnergyBlock(name, round(energy, 4), round(energy / whole, 6))
            for name, energy in sorted(blocks.items(), key=lambda item: -item[1])
            if energy
        ),
    )


class _Run:
    """One netlist under a workload: what moved, how often, and what that cost.

    Attributes
    ----------
    operations
        Cycles that were counted, over all streams.
    checked_bits
        Bits that were compared.
    internal
        fJ inside each instance, the clock's part left out; all operations together.
    clock
        fJ inside each instance that the clock causes.
    loads
        fJ for each net.
    """

    def __init__(self, netlist: Netlist, library: Library, workload: Workload) -> None:
        self.netlist = netlist
        self.library = library
        self.simulation = Simulation(netlist, library)
        self.counters = [Counter(kind, library) for kind in self.simulation.kinds]
        self.rises = np.zeros(netlist.net_count, dtype=np.int64)
        self.falls = np.zeros(netlist.net_count, dtype=np.int64)
        self.operations = 0
        self.checked_bits = 0
        self._play(workload)
        self._add_up(conditions(netlist, library))

    def _play(self, workload: Workload) -> None:
        widths = {port["name"]: port["width"] for port in workload.ports}
        lanes = {port["name"]: port["lanes"] for port in workload.ports}

        def packed(codes: Mapping[str, NDArray[Any]]) -> dict[str, Words]:
            return {
                name: pack(array, widths[name] // lanes[name], workload.streams)
                for name, array in codes.items()
            }

        operands, expected = packed(workload.operands), packed(workload.expected)
        due = pack(workload.due, 1, workload.streams)
        expected |= {
            port["name"]: due
            for port in workload.ports
            if port["dir"] == "out" and port["role"] == "valid"
        }
        always = {port["name"] for port in workload.ports if port["role"] == "valid"}
        cycles = len(due)
        inputs = self._inputs(workload, operands, cycles)
        # What fills the pipeline, and what empties it, is not what it costs to keep it busy. The
        # reset comes first.
        counted = slice(1 + workload.latency + 1, 1 + cycles)
        answers = slice(1 + workload.latency, 1 + workload.latency + cycles)
        words = workload.streams // 64
        total = 1 + cycles + workload.latency
        # Streams do not depend on each other, so a few at a time will do where there is much.
        share = max(1, _MOST_WORDS // (self.simulation.rows * total))
        for first in range(0, words, share):
            part = slice(first, min(first + share, words))
            values = self.simulation.run({net: w[:, part] for net, w in inputs.items()})
            for port, wanted in expected.items():
                mask = np.full_like(due, ONES) if port in always else due
                self._check(port, wanted[..., part], mask[:, 0, part], values[:, answers])
            self._count(values, counted)

    def _inputs(
        self, workload: Workload, operands: Mapping[str, Words], cycles: int
    ) -> dict[int, Words]:
        """Return what is on the nets of the input ports: a reset, the operands, and nothing."""
        roles = {port["role"]: port["name"] for port in workload.ports if port["dir"] == "in"}
        words = workload.streams // 64
        busy = np.full((cycles, 1, words), ONES)
        driven = {roles["valid"]: busy} if "valid" in roles else {}
        driven |= operands
        inputs = {
            net: np.zeros((1 + cycles + workload.latency, words), dtype=np.uint64)
            for net in self.netlist.inputs.values()
        }
        known = self.netlist.inputs
        if roles.get("reset") in known:
            inputs[known[roles["reset"]]][0] = ONES
        for port, bits in driven.items():
            for bit in range(bits.shape[1]):
                label = port if port in known else f"{port}[{bit}]"
                if label in known:
                    inputs[known[label]][1 : 1 + cycles] = bits[:, bit]
        return inputs

    def _check(self, port: str, wanted: Words, due: Words, values: Words) -> None:
        """Compare an output bit by bit, in the cycles and streams in which it is due.

        Parameters
        ----------
        port
            Name of the output.
        wanted
            Shape (cycles, bits, words).
        due
            Shape (cycles, words).
        values
            Of all nets, shape (rows, cycles, words).
        """
        outputs, tied = self.netlist.outputs, self.netlist.tied
        single = port in outputs or port in tied
        for bit in range(wanted.shape[1]):
            label = port if single else f"{port}[{bit}]"
            net = outputs.get(label)
            got = ONES * np.uint64(tied[label]) if net is None else values[net]
            wrong = np.bitwise_count((got ^ wanted[:, bit]) & due).sum(axis=1)
            if wrong.any():
                cycle = int(np.flatnonzero(wrong)[0])
                raise ToolError(
                    "simulation",
                    f"{self.netlist.name}: the mapped netlist disagrees with the golden model: "
                    f"{label} of {wrong[cycle]} operations in cycle {cycle}",
                )
            self.checked_bits += int(np.bitwise_count(due).sum())

    def _count(self, values: Words, cycles: slice) -> None:
        """Count what moves at the beginning of these cycles."""
        before = values[:, cycles.start - 1 : cycles.stop - 1].reshape(len(values), -1)
        after = values[:, cycles].reshape(len(values), -1)
        nets = slice(0, self.netlist.net_count)
        moved = before[nets] ^ after[nets]
        self.rises += population(moved & after[nets])
        self.falls += population(moved & before[nets])
        for counter in self.counters:
            counter.count(before, after)
        self.operations += 64 * before.shape[1]

    def _add_up(self, found: Conditions) -> None:
        self.internal = np.zeros(len(self.netlist.instances))
        self.clock = np.zeros(len(self.netlist.instances))
        volts = self.library.voltage
        rise, fall = found.load.T
        self.loads = (rise + fall) / 2 * volts**2 / 2 * (self.rises + self.falls)
        for counter in self.counters:
            internal, clock = counter.energy(found)
            numbers = counter.kind.instances
            self.internal[numbers] += internal
            cell = self.library.cells[counter.kind.cell]
            if cell.register is not None:
                pin = cell.pins[cell.register.clock]
                capacitance = (pin.rise_capacitance + pin.fall_capacitance) / 2
                self.clock[numbers] += clock + capacitance * volts**2 * self.operations

    @property
    def toggles(self) -> float:
        return float((self.rises + self.falls).sum()) / max(self.operations, 1)

    def parts(self) -> dict[str, float]:
        """Return fJ an operation by what it is spent on."""
        parts = dict.fromkeys(("cells", "nets", "registers", "clock", "inputs"), 0.0)
        for number, instance in enumerate(self.netlist.instances):
            inside, outside = float(self.internal[number]), self._driven(number)
            if self.library.cells[instance.cell].sequential:
                parts["registers"] += inside + outside
            else:
                parts["cells"] += inside
                parts["nets"] += outside
        parts["clock"] = float(self.clock.sum())
        parts["inputs"] = float(self.loads[list(self.netlist.inputs.values())].sum())
        return {name: energy / max(self.operations, 1) for name, energy in parts.items()}

    def by_block(self) -> dict[str, float]:
        """Return fJ an operation in the logic of each block, its nets included."""
        found: dict[str, float] = defaultdict(float)
        for number, instance in enumerate(self.netlist.instances):
            if not self.library.cells[instance.cell].sequential:
                name = kind_of(instance.block) if instance.block else OWN_LOGIC
                found[name] += float(self.internal[number]) + self._driven(number)
        return {name: energy / max(self.operations, 1) for name, energy in found.items()}

    def _driven(self, number: int) -> float:
        """Return fJ in the loads that an instance drives."""
        instance = self.netlist.instances[number]
        outputs = self.library.cells[instance.cell].outputs
        return float(sum(self.loads[instance.nets[pin]] for pin in outputs if pin in instance.nets))
