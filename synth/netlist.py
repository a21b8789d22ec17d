"""A mapped netlist: cells of a library and the nets between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gen.errors import ConfigError
from synth.libraries import Library

__all__ = ["Instance", "Netlist"]


@dataclass(frozen=True)
class Instance:
    """One cell of the netlist; `nets` holds the net of every connected pin."""

    name: str
    cell: str
    nets: Mapping[str, int]


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
    """

    name: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    instances: tuple[Instance, ...]
    net_count: int

    @classmethod
    def from_json(cls, text: str, top: str, library: Library) -> Netlist:
        """Read what Yosys' ``write_json`` wrote of a flattened and mapped module `top`.

        Raises
        ------
        ConfigError
            If the library has no cell for something in the design.
        """
        module = json.loads(text)["modules"][top]
        nets: dict[int, int] = {}
        instances: list[Instance] = []
        for name, cell in module["cells"].items():
            kind = cell["type"]
            if kind == "$scopeinfo":  # where a flattened module came from: no hardware
                continue
            if kind not in library.cells:
                raise ConfigError(f"{library.path}: the library has no cell for {kind} in {top}")
            bits = ((pin, bit[0]) for pin, bit in cell["connections"].items() if len(bit) == 1)
            connected = {
                pin: nets.setdefault(bit, len(nets)) for pin, bit in bits if isinstance(bit, int)
            }
            instances.append(Instance(name, kind, connected))
        inputs, outputs = (_port_nets(module, side, nets) for side in ("input", "output"))
        return cls(top, inputs, outputs, tuple(instances), len(nets))


def _port_nets(module: Mapping[str, Any], side: str, nets: dict[int, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, port in module["ports"].items():
        if port["direction"] != side:
            continue
        bits = port["bits"]
        for index, bit in enumerate(bits):
            if isinstance(bit, int):
                label = name if len(bits) == 1 else f"{name}[{index}]"
                found[label] = nets.setdefault(bit, len(nets))
    return found
