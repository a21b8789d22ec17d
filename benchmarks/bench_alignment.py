"""What other ways to align exact float products cost, beside the one that `dot` has.

Every alternative (`benchmarks.alignments`, `benchmarks.bin_accumulators`) is generated, its Verilog
checked bit for bit against the golden model of `dot` on directed and random vectors, NaN among
them, and synthesized for area and for delay by the recipes of the unit, whose cost comes first in
each table. NanGate45. In energies, of the smallest area, the mapped netlist's answers are compared
as well. Running sums have as many registers as the unit; three, beside the accumulator, leave the
loop to itself, and bins take two more behind it. Their delay is the clock period.

All takes a quarter of an hour the first time; name tables, or take the short recipes (--effort
quick), for less. Prints Markdown, or with --json the same for programs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from benchmarks.aligned_dot import AlignedDot
from benchmarks.alignments import Alignment, Bins, Groups, Pairs
from benchmarks.bin_accumulators import BinnedDot, Loop
from cosim.verify import Options, verify
from gen.config import Config, resolve
from gen.emit import verilog_of
from gen.errors import ToolError
from hdl.dot import Dot
from hdl.options import Objective
from slipstick.costs import workload_of
from synth.flow import synthesize, synthesize_verilog
from synth.recipes import EFFORTS, Effort
from synth.result import SynthResult

__all__ = ["CASES", "UNIT", "Case", "checked_verilog", "main", "measure", "table"]

UNIT = "dot"
"""The row of what is compared with."""

Build = Callable[[Mapping[str, Any]], Dot]
"""From the arguments of `Dot` to something that answers alike."""

Costs = dict[str, float]
"""``um2`` (at ``slow_ps``, and ``fJ`` an operation) of the smallest; ``ps`` (at ``fast_um2``)."""


class Case(NamedTuple):
    """Parameters of `dot` as words, and what is compared with it."""

    words: str
    alternatives: Mapping[str, Build]


def _aligned(alignment: Alignment) -> Build:
    return lambda arguments: AlignedDot(alignment, **arguments)


def _binned(low_bits: int, loop: Loop) -> Build:
    return lambda arguments: BinnedDot(low_bits, loop, **arguments)


_OTHERS = {
    "pairs share the smaller exponent": _aligned(Pairs()),
    "largest exponent of 2 lanes first": _aligned(Groups(2)),
    "largest exponent of 4 lanes first": _aligned(Groups(4)),
}
_RUNNING = "dot a=e4m3 b=e4m3 accumulate=true y=int48 lsb=-18"
CASES: Mapping[str, Case] = {
    "e4m3": Case(
        "dot a=e4m3 b=e4m3 lanes=8",
        {
            "2 bins, shift by 4 bits": _aligned(Bins(4)),
            "4 bins, shift by 3 bits": _aligned(Bins(3)),
            "8 bins, shift by 2 bits": _aligned(Bins(2)),
            "29 bins, no shift": _aligned(Bins(0)),
            **_OTHERS,
        },
    ),
    "e3m2": Case(
        "dot a=e3m2 b=e3m2 lanes=8",
        {
            "2 bins, shift by 3 bits": _aligned(Bins(3)),
            "4 bins, shift by 2 bits": _aligned(Bins(2)),
            "13 bins, no shift": _aligned(Bins(0)),
            **_OTHERS,
        },
    ),
    "e2m1": Case(
        "dot a=e2m1 b=e2m1 lanes=8",
        {
            "2 bins, shift by 2 bits": _aligned(Bins(2)),
            "5 bins, no shift": _aligned(Bins(0)),
            **_OTHERS,
        },
    ),
    "running, 2 stages": Case(
        f"{_RUNNING} lanes=8 stages=2",
        {"one word, clamped as in dot": _binned(5, "clamped")},
    ),
    "running, 3 stages": Case(
        f"{_RUNNING} lanes=8 stages=3",
        {
            "one word, clamped as in dot": _binned(5, "clamped"),
            "one word, an adder": _binned(5, "binary"),
        },
    ),
    "running, 5 stages": Case(
        f"{_RUNNING} lanes=8 stages=5",
        {
            "one word, carry-save": _binned(5, "carry_save"),
            "4 bins, an adder each": _binned(3, "binary"),
        },
    ),
    "running, 5 stages, 1 lane": Case(
        f"{_RUNNING} lanes=1 stages=5",
        {
            "one word, carry-save": _binned(5, "carry_save"),
            "29 bins, an adder each": _binned(0, "binary"),
            "29 bins, one adder": _binned(0, "shared"),
        },
    ),
}
"""The tables by name."""


def checked_verilog(config: Config, build: Build, vectors: int) -> str:
    """Return the Verilog of what answers as the unit of a config does.

    Raises
    ------
    ToolError
        If it answers differently to any of so many vectors.
    """
    unit = build(config.params.constructor_arguments())
    text = verilog_of(unit, config.name)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"{config.name}.v"
        path.write_text(text)
        result = verify(config, Options(vectors=vectors, verilog=path, directory=Path(directory)))
    if result.vectors < vectors or result.mismatches:
        raise ToolError(
            type(unit).__name__, f"{result.mismatches} of {result.vectors} answers are wrong"
        )
    return text


def measure(case: Case, name: str, effort: Effort, vectors: int) -> Costs:
    """Return what `UNIT`, or one of a case's alternatives, costs."""

    def priced(objective: Objective) -> SynthResult:
        (config,) = resolve([*case.words.split(), f"objective={objective}"])
        workload = workload_of(config) if objective == "area" else None
        if name == UNIT:
            return synthesize(config, effort=effort, workload=workload, timeout=3600)
        return synthesize_verilog(
            checked_verilog(config, case.alternatives[name], vectors),
            config.name,
            objective=objective,
            effort=effort,
            workload=workload,
            timeout=3600,
        )

    small, fast = priced("area"), priced("delay")
    assert small.energy is not None
    return {
        "um2": small.area_um2,
        "slow_ps": small.delay_ps,
        "fJ": small.energy.fj_per_op,
        "ps": fast.delay_ps,
        "fast_um2": fast.area_um2,
    }


def table(name: str, found: Mapping[str, Costs]) -> str:
    """Return what was found for a case as a Markdown table."""
    rows = [
        f"| {name} | smallest, um2 (ps) | fJ | fastest, ps (um2) |",
        "|---|---:|---:|---:|",
    ]
    for row, costs in found.items():
        small = f"{costs['um2']:,.0f} ({costs['slow_ps']:,.0f})"
        fast = f"{costs['ps']:,.0f} ({costs['fast_um2']:,.0f})"
        rows.append(f"| {row} | {small} | {costs['fJ']:,.0f} | {fast} |")
    return "\n".join(rows) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--effort", choices=EFFORTS, default="full", help="of the recipes [full]")
    parser.add_argument("--vectors", type=int, default=20_000, help="to check each with [20000]")
    parser.add_argument("cases", nargs="*", metavar="TABLE", help=f"of {', '.join(CASES)} [all]")
    options = parser.parse_args(arguments)
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    everything: dict[str, dict[str, Costs]] = {}
    for name in options.cases or CASES:
        case, found = CASES[name], {}
        for row in (UNIT, *case.alternatives):
            found[row] = measure(case, row, options.effort, options.vectors)
            if sys.stderr.isatty():
                sys.stderr.write(f"{name}: {row}\n")
        everything[name] = found
        if not options.json:
            click.echo(table(name, found))
    if options.json:
        click.echo(json.dumps(everything, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
