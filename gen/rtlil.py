"""Reading RTLIL, the form in which Yosys hands over a design, once it holds no processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "Cell",
    "Chunk",
    "Constant",
    "Module",
    "Signal",
    "Slice",
    "Wire",
    "cut",
    "joined",
    "parse",
    "width_of",
]


@dataclass(frozen=True)
class Constant:
    """Bits of a constant, the highest first; each 0, 1 or x."""

    bits: str

    @property
    def width(self) -> int:
        return len(self.bits)


@dataclass(frozen=True)
class Slice:
    """Bits `offset` to ``offset + width - 1`` of a wire."""

    wire: str
    offset: int
    width: int


Chunk = Constant | Slice
Signal = tuple[Chunk, ...]
"""Chunks side by side, the highest first."""


def width_of(signal: Signal) -> int:
    """Return the number of bits of a signal."""
    return sum(chunk.width for chunk in signal)


def cut(signal: Signal, offset: int, width: int) -> Signal:
    """Return bits `offset` to ``offset + width - 1`` of a signal."""
    chunks: list[Chunk] = []
    low = width_of(signal)
    for chunk in signal:
        low -= chunk.width
        first = max(offset - low, 0)
        count = min(offset + width - low, chunk.width) - first
        if count <= 0:
            continue
        if isinstance(chunk, Constant):
            end = chunk.width - first
            chunks.append(Constant(chunk.bits[end - count : end]))
        else:
            chunks.append(Slice(chunk.wire, chunk.offset + first, count))
    return tuple(chunks)


def joined(signal: Signal) -> Signal:
    """Return a signal with neighbouring constants made one."""
    chunks: list[Chunk] = []
    for chunk in signal:
        last = chunks[-1] if chunks else None
        if isinstance(last, Constant) and isinstance(chunk, Constant):
            chunks[-1] = Constant(last.bits + chunk.bits)
        else:
            chunks.append(chunk)
    return tuple(chunks)


@dataclass
class Wire:
    """A wire; `direction` is None unless it is a port.

    `name` begins with ``$`` where Yosys or Amaranth made it up.
    """

    name: str
    width: int
    direction: str | None = None
    position: int = 0


@dataclass
class Cell:
    """An operator (`kind` begins with ``$``) or an instance of a module."""

    kind: str
    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    ports: dict[str, Signal] = field(default_factory=dict)

    def constant(self, parameter: str, width: int) -> Constant:
        """Return a parameter of `width` bits; one of 32 may be written as a number."""
        text = self.parameters[parameter]
        return Constant(text.partition("'")[2] if "'" in text else _bits(text)[-width:])

    def is_set(self, parameter: str) -> bool:
        """Return whether a parameter of one bit is 1; it is written ``1`` or ``1'1``."""
        return self.parameters.get(parameter, "0").endswith("1")


@dataclass
class Module:
    """A module: wires by name, cells, and connections of one signal to another."""

    name: str
    wires: dict[str, Wire] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    connections: list[tuple[Signal, Signal]] = field(default_factory=list)

    def ports(self) -> list[Wire]:
        """Return the wires that are ports, in order, clock and reset first.

        Those without any bits are left out: Verilog has none.
        """
        ports = (wire for wire in self.wires.values() if wire.direction and wire.width)
        return sorted(ports, key=lambda port: (port.name not in ("clk", "rst"), port.position))


def restore_order(module: Module, original: str) -> None:
    """Put wires and cells in the order that they have in an earlier form of the module.

    Yosys keeps everything in hash tables; a person numbers lanes and thinks in dataflow order.
    """
    names = re.findall(r"^  (?:wire|cell) .*?(\S+)$", original, re.MULTILINE)
    rank = {_name(name): index for index, name in enumerate(names)}
    last = len(rank)
    module.cells.sort(key=lambda cell: rank.get(cell.name, last))
    wires = sorted(module.wires.values(), key=lambda wire: rank.get(wire.name, last))
    module.wires = {wire.name: wire for wire in wires}


def parse(text: str) -> list[Module]:
    """Return the modules of an RTLIL file.

    Raises
    ------
    ValueError
        If it holds processes or memories.
    """
    modules: list[Module] = []
    cell: Cell | None = None
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word in ("", "#", "autoidx", "attribute"):
            continue
        if word == "module":
            modules.append(Module(_name(rest)))
        elif word == "wire":
            wire = _wire(rest)
            modules[-1].wires[wire.name] = wire
        elif word == "cell":
            kind, name = rest.split()
            cell = Cell(_name(kind), _name(name))
            modules[-1].cells.append(cell)
        elif word == "parameter" and cell:
            name, value = rest.removeprefix("signed ").split()
            cell.parameters[_name(name)] = value
        elif word == "connect":
            words = rest.split()
            wires = modules[-1].wires
            if cell is None:
                modules[-1].connections.append((_signal(words, wires), _signal(words, wires)))
            else:
                port = _name(words.pop(0))
                cell.ports[port] = _signal(words, wires)
        elif word == "end":
            cell = None
        else:
            raise ValueError(f"cannot read this RTLIL: {line}")
    return modules


def _name(text: str) -> str:
    r"""Return a name without the backslash that marks it as somebody's own choice."""
    return text.removeprefix("\\")


def _wire(text: str) -> Wire:
    *options, name = text.split()
    wire = Wire(_name(name), 1)
    words = iter(options)
    for word in words:
        if word == "width":
            wire.width = int(next(words))
        elif word in ("input", "output"):
            wire.direction = word
            wire.position = int(next(words))
        elif word != "signed":  # the operators say by themselves what is signed
            raise ValueError(f"cannot read this RTLIL: wire {text}")
    return wire


def _signal(words: list[str], wires: Mapping[str, Wire]) -> Signal:
    """Take a signal off the front of `words`: one chunk, or several in braces."""
    chunks: list[Chunk] = []
    if words[0] == "{":
        words.pop(0)
        while words[0] != "}":
            chunks.append(_chunk(words, wires))
        words.pop(0)
    else:
        chunks.append(_chunk(words, wires))
    return tuple(chunk for chunk in chunks if chunk.width)


def _chunk(words: list[str], wires: Mapping[str, Wire]) -> Chunk:
    word = words.pop(0)
    if "'" in word:
        return Constant(word.partition("'")[2])
    if word[0] in "-0123456789":  # short for a constant of 32 bits
        return Constant(_bits(word))
    name = _name(word)
    if words and words[0].startswith("["):
        high, _, low = words.pop(0)[1:-1].partition(":")
        offset = int(low or high)
        return Slice(name, offset, int(high) - offset + 1)
    return Slice(name, 0, wires[name].width)


def _bits(number: str) -> str:
    return f"{int(number) % (1 << 32):032b}"
