"""A mapped netlist: cells of a library and the nets between them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gen.errors import ConfigError
from synth.libraries import Library

__all__ = ["Instance", "Netlist"]


@dataclass(frozen=True)
class Instance:
    """One cell of the netlist.

    Attributes
    ----------
    name, cell
        Its own, and that of its kind in the library.
    nets
        The net of every connected pin.
    tied
        Pins that a constant drives, with its value.
    block
        The direct submodule of the top that it is part of; empty for the top's own.
    """

    name: str
    cell: str
    nets: Mapping[str, int]
    tied: Mapping[str, int] = field(default_factory=dict)
    block: str = ""


@dataclass(frozen=True)
class Netlist:
    """A flat netlist of one-bit nets, numbered from 0.

    Attributes
    ----------
    name
        The module's.
    inputs, outputs
        Net of every port bit, ``data[3]`` or ``valid``. A constant output bit has none.
    instances
        The cells. A pin tied to a constant is not in their nets.
    net_count
        How many nets there are.
    tied
        Constant output bits, with their value.
    """

    name: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    instances: tuple[Instance, ...]
    net_count: int
    tied: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str, top: str, library: Library) -> Netlist:
        """Read what Yosys' ``write_json`` wrote of a mapped module `top`, flattened or not.

        Raises
        ------
        ConfigError
            If the library has no cell for something in the design.
        """
        return cls.from_modules(json.loads(text)["modules"], top, library)

    @classmethod
    def from_modules(cls, modules: Mapping[str, Any], top: str, library: Library) -> Netlist:
        """Return module `top` of Yosys' JSON with all modules in it dissolved."""
        return _Flattener(modules, top, library).netlist()

    def dump(self) -> bytes:
        """Return all but the names of the instances, compressed."""
        cells = [[one.cell, one.nets, one.tied, one.block] for one in self.instances]
        content = [self.name, self.inputs, self.outputs, cells, self.net_count, self.tied]
        return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 1, mtime=0)

    @classmethod
    def load(cls, content: bytes) -> Netlist:
        """Return what `dump` was made of; instances are named after their cell and number."""
        name, inputs, outputs, cells, net_count, tied = json.loads(gzip.decompress(content))
        instances = tuple(
            Instance(f"{cell}_{number}", cell, nets, tied_pins, block)
            for number, (cell, nets, tied_pins, block) in enumerate(cells)
        )
        return cls(name, inputs, outputs, instances, net_count, tied)


_Bit = int | str
"""Of Yosys' JSON: the number of a net, or a constant."""


class _Flattener:
    """Makes one netlist of a hierarchy.

    Nodes are bits of one instance of a module each. What a port connects is one net: the nodes are
    merged, the two constants among them being nodes too.
    """

    def __init__(self, modules: Mapping[str, Any], top: str, library: Library) -> None:
        self.modules = modules
        self.top = top
        self.library = library
        self.merged = [0, 1]  # the constants; every other node's entry leads towards its net
        self.cells: list[tuple[str, str, dict[str, int], str]] = []
        self.ports = self.dissolve(top, {}, "", "")

    def node(self, bits: dict[_Bit, int], bit: _Bit) -> int:
        """Return the node of a bit; what is undefined is 0."""
        if isinstance(bit, str):
            return int(bit == "1")
        if bit not in bits:
            bits[bit] = len(self.merged)
            self.merged.append(bits[bit])
        return bits[bit]

    def root(self, node: int) -> int:
        while self.merged[node] != node:
            self.merged[node] = self.merged[self.merged[node]]
            node = self.merged[node]
        return node

    def merge(self, one: int, other: int) -> None:
        # Constants have the lowest numbers, so they stay roots.
        low, high = sorted((self.root(one), self.root(other)))
        self.merged[high] = low

    def dissolve(
        self, module: str, outside: Mapping[str, list[int]], path: str, block: str
    ) -> dict[str, dict[str, list[int]]]:
        """Add the cells of an instance of a module; return the nodes of its ports by direction."""
        content = self.modules[module]
        bits: dict[_Bit, int] = {}
        ports: dict[str, dict[str, list[int]]] = {"input": {}, "output": {}}
        for name, port in content["ports"].items():
            nodes = [self.node(bits, bit) for bit in port["bits"]]
            ports.setdefault(port["direction"], {})[name] = nodes
            for inner, outer in zip(nodes, outside.get(name, []), strict=False):
                self.merge(inner, outer)
        for name, cell in content["cells"].items():
            kind = cell["type"]
            if kind == "$scopeinfo":  # where a flattened module came from: no hardware
                continue
            pins = {
                pin: [self.node(bits, bit) for bit in connected]
                for pin, connected in cell["connections"].items()
            }
            if kind in self.modules:
                self.dissolve(kind, pins, f"{path}{name}.", block or name)
            elif kind in self.library.cells:
                single = {pin: nodes[0] for pin, nodes in pins.items() if len(nodes) == 1}
                self.cells.append((path + name, kind, single, block))
            else:
                place = self.library.path
                raise ConfigError(f"{place}: the library has no cell for {kind} in {self.top}")
        return ports

    def netlist(self) -> Netlist:
        nets: dict[int, int] = {}

        def split(nodes: Iterator[tuple[str, int]]) -> tuple[dict[str, int], dict[str, int]]:
            """Return the nets of named nodes, and the values of those that are constant."""
            connected, tied = {}, {}
            for name, node in nodes:
                root = self.root(node)
                if root < 2:
                    tied[name] = root
                else:
                    connected[name] = nets.setdefault(root, len(nets))
            return connected, tied

        instances = tuple(
            Instance(name, kind, *split(iter(pins.items())), block)
            for name, kind, pins, block in self.cells
        )
        inputs, _ = split(_labels(self.ports["input"]))
        outputs, tied = split(_labels(self.ports["output"]))
        return Netlist(self.top, inputs, outputs, instances, len(nets), tied)


def _labels(ports: Mapping[str, list[int]]) -> Iterator[tuple[str, int]]:
    for name, nodes in ports.items():
        for index, node in enumerate(nodes):
            yield (name if len(nodes) == 1 else f"{name}[{index}]"), node
