"""Energy of single operations on NanGate45, beside Horowitz's figures for 45 nm and 0.9 V.

Mark Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9.
NanGate45 is characterized at 1.1 V; energies are scaled by the square of the voltage. Prints a
table, or with --json the same for programs. Exit code 1 if a ratio between two integer operations
is more than 40 % off.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from gen.config import make_config
from gen.emit import verilog_of
from hdl.bricks.adder import Adder
from hdl.options import Objective, adder_for
from slipstick.costs import workload_of
from synth.energy import Workload
from synth.flow import synthesize, synthesize_verilog
from synth.result import SynthResult

__all__ = ["OPERATIONS", "main", "measure", "worst_ratio"]

VOLTAGE = 0.9
MOST_OFF = 0.4

OPERATIONS: dict[str, tuple[float, dict[str, Any] | int]] = {
    "add int8": (0.03, 8),
    "add int32": (0.1, 32),
    "multiply int8": (0.2, {"a": "int8", "b": "int8", "lanes": 1}),
    "multiply int32": (3.1, {"a": "int32", "b": "int32", "lanes": 1}),
    "multiply fp16": (1.1, {"a": "fp16", "b": "fp16", "y": "fp16", "lanes": 1}),
    "multiply fp32": (3.7, {"a": "fp32", "b": "fp32", "y": "fp32", "lanes": 1}),
}
"""Published pJ, and what of ours does it: bits of an adder, or the parameters of a `dot`."""

STREAMS, CYCLES = 512, 32
OBJECTIVE: Objective = "area"


def _adder(bits: int) -> SynthResult:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 1 << bits, (2, STREAMS * CYCLES), dtype=np.uint64)
    ports = [
        {"name": name, "dir": way, "width": width, "lanes": 1, "role": "data"}
        for name, way, width in (("a", "in", bits), ("b", "in", bits), ("total", "out", bits + 1))
    ]
    workload = Workload(
        name="uniform",
        ports=ports,
        latency=0,
        operands={"a": a, "b": b},
        expected={"total": a + b},
        due=np.ones(len(a), np.bool_),
        streams=STREAMS,
        macs=0,
    )
    name = f"add{bits}"
    return synthesize_verilog(
        verilog_of(Adder(bits, adder_for(OBJECTIVE)), name),
        name,
        objective=OBJECTIVE,
        workload=workload,
    )


def _product(params: dict[str, Any]) -> SynthResult:
    config = make_config("dot", params | {"objective": OBJECTIVE})
    # Uniform integers as for the adders; uniform codes of floats would mostly be huge or tiny.
    source = "uniform" if params["a"].startswith("int") else "gaussian"
    return synthesize(config, workload=workload_of(config, source))


def measure(names: Sequence[str]) -> dict[str, float]:
    """Return pJ of operations at 0.9 V."""
    found: dict[str, float] = {}
    for name in names:
        what = OPERATIONS[name][1]
        energy = (_adder(what) if isinstance(what, int) else _product(what)).energy
        assert energy is not None
        found[name] = energy.fj_per_op / 1000 * (VOLTAGE / energy.voltage) ** 2
    return found


def worst_ratio(ours: dict[str, float]) -> float:
    """Return how far a ratio between two integer operations is off, at most: 0.4 is 40 %."""
    factors = [pj / OPERATIONS[name][0] for name, pj in ours.items() if "int" in name]
    return max(one / other - 1 for one, other in itertools.product(factors, repeat=2))


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if a ratio is too far off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("operations", nargs="*", default=OPERATIONS, help="which [all]")
    options = parser.parse_args(arguments)
    ours = measure(options.operations)
    off = worst_ratio(ours)
    if options.json:
        published = {name: OPERATIONS[name][0] for name in ours}
        click.echo(json.dumps({"published_pj": published, "ours_pj": ours, "worst": off}, indent=1))
        return int(off > MOST_OFF)
    table = Table(title=f"pJ an operation at {VOLTAGE} V")
    for heading in ("operation", "Horowitz", "ours", "factor"):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    for name in ours:
        published = OPERATIONS[name][0]
        table.add_row(name, f"{published:g}", f"{ours[name]:.3f}", f"{ours[name] / published:.2f}")
    console = Console()
    console.print(table)
    console.print(f"ratios between integer operations: at most {off:.0%} off")
    return int(off > MOST_OFF)


if __name__ == "__main__":
    sys.exit(main())
