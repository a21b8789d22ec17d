"""What it costs to have an instruction do arithmetic: little work in each, much overhead.

The figures beside ours are those of Dally's talk: fetching and decoding an instruction and its
operands takes 30 pJ at 45 nm, whatever the instruction does. His energies follow from Horowitz's
table: 1.5 pJ is an FP16 multiplication and addition, 160 pJ are 512 of INT8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synth.claims import VOLTAGE, Evidence
from synth.sheets import Cell, Sheet
from synth.study_costs import Cost

__all__ = ["INSTRUCTIONS", "OVERHEAD_PJ", "Instruction", "instructions_sheet"]

OVERHEAD_PJ = 30.0
"""Of an instruction at 45 nm, without what it computes."""

_LIBRARY_VOLTAGE = 1.1


@dataclass(frozen=True)
class Instruction:
    """An instruction, made of operations of one of our units.

    Attributes
    ----------
    name, does
        What it is called, and what it computes.
    unit
        One of `synth.claims.COMPARED`, or the format of a design of the study.
    lanes
        Of the design; 0 for one of `COMPARED`.
    operations
        Of the unit in one instruction.
    macs
        Multiplications in one instruction.
    published_pj, published_overhead
        Of the talk; the overhead as it stands there.
    """

    name: str
    does: str
    unit: str
    lanes: int
    operations: int
    macs: int
    published_pj: float | None = None
    published_overhead: str | None = None


INSTRUCTIONS = (
    Instruction("HFMA", "1 fma, FP16", "hfma", 0, 1, 1, 1.5, "2000 %"),
    Instruction("HDP4A", "4 products, FP16", "hdp4a", 0, 1, 4, 6.0, "500 %"),
    Instruction("DP4A", "4 products, INT8 into INT32", "dp4a", 0, 1, 4),
    Instruction("HMMA", "4 x 4 x 4, FP16 into FP32", "hmma", 0, 16, 64, 110, "22 %"),
    Instruction("IMMA", "8 x 8 x 8, INT8 into INT32", "imma", 0, 64, 512, 160, "16 %"),
    Instruction("", "16 x 8 x 32, E4M3 into FP32", "e4m3", 32, 128, 4096),
    Instruction("", "16 x 8 x 64, NVFP4 into FP32", "nvfp4", 64, 128, 8192),
)
"""From small to large; the last two are as large as tensor cores have them today."""


def _picojoules(instruction: Instruction, known: Evidence) -> float | None:
    """Return the energy of what an instruction computes, at the voltage of the talk's figures."""
    if not instruction.lanes:
        each = known.picojoules(instruction.unit)
        return None if each is None else each * instruction.operations
    cost: Cost = known.cost(instruction.unit, instruction.lanes)
    if cost.fj_per_mac is None:
        return None
    return cost.fj_per_mac * instruction.macs / 1000 * (VOLTAGE / _LIBRARY_VOLTAGE) ** 2


def instructions_sheet(known: Evidence) -> Sheet:
    """Return the table: overhead over what is computed, and its share of both together."""
    rows: list[Sequence[Cell]] = []
    for one in INSTRUCTIONS:
        ours = _picojoules(one, known)
        rows.append(
            [
                one.name or None,
                one.does,
                str(one.macs),
                None if one.published_pj is None else f"{one.published_pj:g}",
                one.published_overhead,
                None if ours is None else f"{ours:.1f}",
                None if ours is None else f"{OVERHEAD_PJ / ours:.1%}".replace("%", " %"),
                None
                if ours is None
                else f"{OVERHEAD_PJ / (OVERHEAD_PJ + ours):.1%}".replace("%", " %"),
            ]
        )
    headings = (
        *("instruction", "computes", "MACs", "talk, pJ", "talk, overhead"),
        *("ours, pJ", "30 pJ over ours", "30 pJ of all"),
    )
    caption = f"Energies at {VOLTAGE} V; the overhead is {OVERHEAD_PJ:g} pJ an instruction."
    title = "Overhead of instructions"
    return Sheet("instructions", title, caption, headings, rows)
