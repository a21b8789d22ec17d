"""The result of a synthesis, as JSON and as rows of tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hdl.options import Objective
from synth.recipes import Effort

__all__ = [
    "NOTES",
    "Block",
    "Candidate",
    "Energy",
    "EnergyBlock",
    "SynthResult",
    "area_unit",
    "block_rows",
    "energy_rows",
    "summary_rows",
]

NOTES = (
    "Area is the sum of cell areas: no wires, no placement, no clock tree, no test logic.",
    "Delay is static timing of the mapped netlist at one corner: no wires, an ideal clock, "
    "steep inputs, unloaded outputs.",
    "Blocks were also synthesized one by one and then scaled to the total of the whole unit, "
    "which is optimized across their borders.",
)
"""What the numbers are not."""

QUICK_NOTE = (
    "Effort is quick: short recipes, whose results are some per cents larger or slower than those "
    "of the full ones."
)
"""What else the numbers are not."""

ENERGY_NOTE = (
    "Energy is of a zero-delay simulation of the mapped netlist: no glitches, no wires, no clock "
    "tree; every result in it was compared with the golden model. Leakage is not in it."
)
"""What the energy is not."""


@dataclass(frozen=True)
class Block:
    """A part of a unit: all instances of one kind of submodule, or its registers.

    Attributes
    ----------
    name
        Common name of the instances: ``product`` for ``product_0``, ``product_1``, ...
    instances
        How many there are; 0 for what is not a submodule.
    area_um2
        Their area together.
    share
        Of the unit's area, 0 to 1.
    """

    name: str
    instances: int
    area_um2: float
    share: float


@dataclass(frozen=True)
class Candidate:
    """What one recipe made of the unit."""

    recipe: str
    area_um2: float
    delay_ps: float


@dataclass(frozen=True)
class EnergyBlock:
    """Energy of a part of a unit in an operation, and its share of the whole, 0 to 1."""

    name: str
    fj: float
    share: float


@dataclass(frozen=True)
class Energy:
    """Energy of an operation, the mean over a workload.

    Attributes
    ----------
    operands
        Name of the workload.
    operations
        Operations that it is the mean of.
    checked_bits
        Bits of results that were compared with the golden model.
    fj_per_op
        All but leakage.
    fj_per_mac
        The same for each multiplication in it; None for units that multiply nothing.
    cells_fj, nets_fj, registers_fj, clock_fj, inputs_fj
        What it consists of: inside combinational cells; loads of nets that they drive; inside
        registers and loads of nets that they drive; clock pins and what the clock moves inside
        registers; loads of input ports.
    toggles
        Movements of nets in an operation, the clock's not counted.
    leakage_nw
        Mean over the states of each cell.
    voltage
        Supply, V.
    blocks
        Split of `fj_per_op`, largest first.
    """

    operands: str
    operations: int
    checked_bits: int
    fj_per_op: float
    fj_per_mac: float | None
    cells_fj: float
    nets_fj: float
    registers_fj: float
    clock_fj: float
    inputs_fj: float
    toggles: float
    leakage_nw: float
    voltage: float
    blocks: tuple[EnergyBlock, ...]


@dataclass(frozen=True)
class SynthResult:
    """What a unit costs on a cell library.

    Attributes
    ----------
    name, unit, config_hash, latency
        Of the config; all but the name None for Verilog from elsewhere.
    library
        ``name``, ``corner`` and ``sha256`` of the library; ``area_unit`` and ``delay_unit``, which
        are um2 and ps unless it is one that counts gates.
    objective
        What was synthesized for.
    period_ps
        The clock period asked for, or None.
    effort
        How many recipes were tried, see `synth.recipes.Effort`.
    area_um2, sequential_area_um2
        All cells; the registers among them.
    nand2_equivalents
        The area in 2-input NAND cells of the library.
    cells
        How many of each type.
    delay_ps
        The longest path: shortest clock period, or delay of a unit without registers.
    path
        That path: ``from``, ``to``, ``setup_ps``, and the cells on it.
    abc_delay_ps
        What ABC says of the combinational part, for comparison; it leaves registers out.
    recipe, candidates
        The recipe that won, and the results of all.
    blocks
        Split of the area; the areas sum up to `area_um2`.
    tools
        Versions.
    energy
        What an operation costs, if that was measured.
    """

    name: str
    unit: str | None
    config_hash: str | None
    latency: int | None
    library: Mapping[str, str]
    objective: Objective
    period_ps: float | None
    effort: Effort
    area_um2: float
    sequential_area_um2: float
    nand2_equivalents: float
    cells: Mapping[str, int]
    delay_ps: float
    path: Mapping[str, Any]
    abc_delay_ps: float | None
    recipe: str
    candidates: tuple[Candidate, ...]
    blocks: tuple[Block, ...]
    tools: Mapping[str, str]
    energy: Energy | None = None

    @property
    def slack_ps(self) -> float | None:
        """Time left in the clock period, negative if it is not met; None without a period."""
        return None if self.period_ps is None else round(self.period_ps - self.delay_ps, 2)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        content = {"schema": 1, "target": "asic", **dataclasses.asdict(self)}
        content["slack_ps"] = self.slack_ps
        content["notes"] = list(self.notes)
        return content

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers are not."""
        more = ((self.effort == "quick", QUICK_NOTE), (self.energy is not None, ENERGY_NOTE))
        return (*NOTES, *(note for applies, note in more if applies))


def area_unit(result: SynthResult) -> str:
    """Return what areas are in: ``um2``, or the gates that a library counts."""
    return result.library.get("area_unit", "um2")


def summary_rows(result: SynthResult) -> list[tuple[str, str]]:
    """Return the result as rows of a table for people: quantity and value with its unit."""
    share = result.sequential_area_um2 / result.area_um2 if result.area_um2 else 0.0
    area, time = area_unit(result), result.library.get("delay_unit", "ps")
    nand2 = f" = {result.nand2_equivalents:,.0f} NAND2" if area == "um2" else ""
    rows = [
        ("library", f"{result.library['name']} ({result.library['corner']})"),
        ("objective", f"{result.objective} ({result.recipe})"),
        *((("effort", result.effort),) if result.effort != "full" else ()),
        ("area", f"{result.area_um2:,.1f} {area}{nand2}"),
        ("registers", f"{result.sequential_area_um2:,.1f} {area} ({share:.1%})"),
        ("delay", f"{result.delay_ps:,.0f} {time} through {len(result.path['cells'])} cells"),
        ("path", f"{result.path['from']} to {result.path['to']}"),
    ]
    if result.latency is not None:
        rows.append(("latency", f"{result.latency} cycles"))
    if result.slack_ps is not None:
        met = "met" if result.slack_ps >= 0 else "NOT met"
        rows.append(
            ("period", f"{result.period_ps:,.0f} {time}, {met} by {abs(result.slack_ps):,.0f}")
        )
    return rows


def energy_rows(energy: Energy) -> list[tuple[str, str]]:
    """Return the energy as rows of a table for people: quantity and value with its unit."""
    each = f" = {energy.fj_per_mac:,.1f} fJ a MAC" if energy.fj_per_mac is not None else ""
    parts = (
        ("inside gates", energy.cells_fj),
        ("nets", energy.nets_fj),
        ("registers", energy.registers_fj),
        ("clock", energy.clock_fj),
        ("input ports", energy.inputs_fj),
    )
    return [
        ("operands", f"{energy.operands}, {energy.operations:,} operations"),
        ("energy", f"{energy.fj_per_op:,.1f} fJ an operation{each} at {energy.voltage:g} V"),
        *((f"  {name}", f"{fj:,.1f} fJ") for name, fj in parts if fj),
        ("leakage", f"{energy.leakage_nw:,.0f} nW"),
    ]


def block_rows(result: SynthResult) -> list[tuple[str, ...]]:
    """Return the breakdown as rows of a table for people, largest area first.

    Block, area and share; with an energy also that in fJ and its share.
    """
    energies = {} if result.energy is None else {one.name: one for one in result.energy.blocks}
    rows: list[tuple[str, ...]] = []
    for block in result.blocks:
        label = f"{block.name} x {block.instances}" if block.instances > 1 else block.name
        row = (label, f"{block.area_um2:,.1f}", f"{block.share:.1%}")
        rows.append((*row, *_energy_cells(result, energies.pop(block.name, None))))
    rows += [(name, "", "", *_energy_cells(result, one)) for name, one in energies.items()]
    return rows


def _energy_cells(result: SynthResult, block: EnergyBlock | None) -> tuple[str, ...]:
    if result.energy is None:
        return ()
    return ("", "") if block is None else (f"{block.fj:,.1f}", f"{block.share:.1%}")
