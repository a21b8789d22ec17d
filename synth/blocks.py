"""Splitting the area of a unit among its blocks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from synth.libraries import Library
from synth.result import Block

__all__ = ["kind_of", "split"]

OWN_LOGIC = "top level"
REGISTERS = "registers"


def kind_of(instance: str) -> str:
    """Return the common name of instances that differ in their indices and operands.

    ``product_3`` is a ``product``, ``unpack_a_0`` and ``unpack_b_0`` are both ``unpack``.
    """
    return re.sub(r"(_\d+|_[a-z]|\[\d+\]|\$\d+)+$", "", instance) or instance


def split(
    modules: Mapping[str, Any],
    top: str,
    library: Library,
    *,
    combinational_um2: float,
    sequential_um2: float,
) -> tuple[Block, ...]:
    """Split a unit's area by the kinds of its direct submodules.

    Every module was mapped on its own, which no optimization across borders could make smaller.
    The combinational areas are therefore scaled to the total of the whole unit mapped as one.

    Parameters
    ----------
    modules
        The mapped hierarchy, as Yosys writes it in JSON.
    top
        Name of the top module.
    library
        Its cells.
    combinational_um2, sequential_um2
        Areas of the whole unit.

    Returns
    -------
    tuple of Block
        Largest first; the areas sum up to that of the unit.
    """
    known: dict[str, float] = {}

    def combinational(module: str) -> float:
        if module not in known:
            kinds = Counter(cell["type"] for cell in modules[module]["cells"].values())
            known[module] = sum(area(kind) * count for kind, count in kinds.items())
        return known[module]

    def area(kind: str) -> float:
        if kind in modules:
            return combinational(kind)
        cell = library.cells.get(kind)
        return cell.area if cell and not cell.sequential else 0.0

    areas: dict[str, float] = defaultdict(float)
    instances: Counter[str] = Counter()
    for name, cell in modules[top]["cells"].items():
        kind = kind_of(name) if cell["type"] in modules else OWN_LOGIC
        areas[kind] += area(cell["type"])
        instances[kind] += kind != OWN_LOGIC
    separate = sum(areas.values())
    scale = combinational_um2 / separate if separate else 0.0
    parts = {kind: part * scale for kind, part in areas.items()}
    parts[REGISTERS] = sequential_um2
    total = combinational_um2 + sequential_um2
    found = [
        Block(kind, instances[kind], round(part, 3), round(part / total, 6))
        for kind, part in parts.items()
        if part
    ]
    return tuple(sorted(found, key=lambda block: -block.area_um2))
