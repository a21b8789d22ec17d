"""Wires of a netlist: who reads them, which bits of them, and what they are called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Set
from itertools import chain, count

from gen.names import KEYWORDS
from gen.netlist import Netlist, Source, slices
from gen.rtlil import Slice

__all__ = ["Wires", "stem_of", "unused"]


def stem_of(name: str) -> str:
    """Return a name without the number that Amaranth appends to tell equal names apart."""
    return re.sub(r"\$\d+$", "", name).replace("$", "")


def unused(stem: str, taken: Set[str]) -> str:
    """Return `stem`, or with the first number that makes it differ from all that is taken."""
    names = chain([stem], (f"{stem}_{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


class Wires:
    """What is to be known of the wires of a netlist before it is written.

    Parameters
    ----------
    netlist
        The netlist.
    reserved
        Names that no wire may have, beside Verilog's own words.
    """

    def __init__(self, netlist: Netlist, reserved: Set[str]) -> None:
        self._netlist = netlist
        # For each wire: who reads it, in words; whether only parts of it; which bits.
        self._readers: dict[str, list[str]] = defaultdict(list)
        self._sliced: set[str] = set()
        self._used: dict[str, int] = defaultdict(int)
        self._find_readers()
        self._reserved = KEYWORDS | reserved
        self._taken: set[str] = set()
        self._names: dict[str, str] = {}
        self._name_wires()

    def width(self, wire: str) -> int:
        """Return the bits of a wire."""
        return self._netlist.wires[wire].width

    def readers(self, wire: str) -> int:
        """Return how many times a wire is read."""
        return len(self._readers[wire])

    def is_sliced(self, wire: str) -> bool:
        """Tell whether somebody reads a part of a wire only."""
        return wire in self._sliced

    def is_used(self, wire: str) -> bool:
        """Tell whether every bit of a wire is read by something that matters."""
        return self._used[wire] == (1 << self.width(wire)) - 1

    def _find_readers(self) -> None:
        """Go from what leaves the module, or is kept in it, back to all that goes into it."""
        netlist = self._netlist
        for wire, register in netlist.registers.items():
            self._read(register.data, f"{wire}_next")
        for control in dict.fromkeys(register.control for register in netlist.registers.values()):
            for source in control.sources:
                self._read(source, "control")
        for instance in netlist.instances:
            for port, signal in instance.inputs.items():
                self._read(signal, f"{instance.name}_{port}")
        live = [port.name for port in netlist.ports if port.direction == "output"]
        for port in live:
            self._used[port] = (1 << self.width(port)) - 1
        live += self._readers
        visited = set(live)
        while live:
            wire = live.pop()
            for _, _, source in netlist.parts.get(wire, ()):
                self._read(source, wire)
                new = {chunk.wire for chunk in slices(source)} - visited
                visited |= new
                live += sorted(new)

    def _read(self, source: Source, reader: str) -> None:
        for chunk in slices(source):
            self._readers[chunk.wire].append(reader)
            self._used[chunk.wire] |= ((1 << chunk.width) - 1) << chunk.offset
            if chunk.width < self.width(chunk.wire):
                self._sliced.add(chunk.wire)

    def _name_wires(self) -> None:
        """Give ports their own names, then instances, then all wires that have one."""
        netlist = self._netlist
        for port in netlist.ports:
            self._names[port.name] = port.name
        self._taken.update(self._names, (instance.name for instance in netlist.instances))
        for instance in netlist.instances:
            for port, wire in instance.outputs.items():
                if wire.startswith("$"):
                    self._names[wire] = self._unused(f"{instance.name}_{port}")
        delays = {wire: self._delayed(wire) for wire in netlist.registers}
        for wire in self._netlist.wires:
            if wire not in self._names and not wire.startswith("$") and not delays.get(wire):
                self._names[wire] = self._unused(stem_of(wire))
        for wire, delayed in delays.items():
            if delayed and wire not in self._names:
                source, cycles = delayed
                stem = self._names.get(source, stem_of(source))
                self._names[wire] = self._unused(f"{stem}_{cycles}")

    def _delayed(self, wire: str) -> tuple[str, int] | None:
        """Return which named wire a register does nothing but delay, and by how many cycles."""
        cycles = 0
        source = wire
        while source in self._netlist.registers and cycles <= len(self._netlist.registers):
            register = self._netlist.registers[source]
            chunk = register.data[0]
            if len(register.data) > 1 or not isinstance(chunk, Slice) or register.control.enable:
                break
            if chunk.width < self.width(chunk.wire) or chunk.wire.startswith("$"):
                break
            source = chunk.wire
            cycles += 1
        return (source, cycles) if cycles else None

    def _unused(self, stem: str) -> str:
        """Return a name that nothing has yet, `stem` if possible, and mark it as taken."""
        name = unused(stem if stem not in self._reserved else f"{stem}_", self._taken)
        self._taken.add(name)
        return name

    def name(self, wire: str) -> str:
        """Return the name of a wire; a temporary is called after the one thing it is for."""
        if wire not in self._names:
            purposes = set(self._purposes(wire))
            stem = f"{purposes.pop().rstrip('_')}_t" if len(purposes) == 1 else "t"
            names = (f"{stem}{number}" for number in count(1))
            self._names[wire] = self._unused(next(n for n in names if n not in self._taken))
        return self._names[wire]

    def _purposes(self, wire: str) -> Iterator[str]:
        """Yield the names of what a temporary goes into."""
        visited = {wire}
        path = [wire]
        while path:
            for reader in self._readers[path.pop()]:
                if not reader.startswith("$"):
                    yield self._names.get(reader, reader)
                elif reader not in visited:
                    visited.add(reader)
                    path.append(reader)
