"""What scales of vectors cost: INT4 with VS-Quant's beside INT8 with one scale a channel.

VS-Quant (arXiv 2102.04503) finds that a product of two scales rounded to 4 to 6 bits makes an INT4
datapath cheaper in energy than INT8 with scales of whole channels. Here: a dot product with an
accumulator and Gaussian operands, one vector a cycle, on NanGate45. Channels can be had in two
ways: scales that multiply every partial sum (kind ``channel``), or none in the datapath, where
somebody else scales the result at the end. Accumulators have room for the sum of 256 vectors.

Prints a table, or with --json the same for programs. Exit code 1 if INT4 with scales rounded to 4
to 6 bits takes as much energy as with the whole product, or as either kind of INT8.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gen.config import Config, make_config
from slipstick.costs import workload_of
from synth.flow import synthesize

__all__ = ["CASES", "config_of", "holds", "main", "measure"]

CASES: dict[str, tuple[str, dict[str, Any] | None, int]] = {
    "int4, vsq, product of 12 bits": ("int4", {"kind": "vsq"}, 12),
    "int4, vsq, rounded to 6": ("int4", {"kind": "vsq", "bits": 6}, 6),
    "int4, vsq, rounded to 5": ("int4", {"kind": "vsq", "bits": 5}, 5),
    "int4, vsq, rounded to 4": ("int4", {"kind": "vsq", "bits": 4}, 4),
    "int4, no scales": ("int4", None, 0),
    "int8, channel": ("int8", {"kind": "channel", "a": "uint6"}, 12),
    "int8, no scales": ("int8", None, 0),
}
"""Format of the elements, scales, and the bits of the factor that these make."""

ROOM = 8
"""Bits of an accumulator above those of a partial sum."""


def config_of(case: str, lanes: int) -> Config:
    """Return the unit of a case."""
    element, scale, factor = CASES[case]
    bits = 2 * int(element.removeprefix("int")) + (lanes - 1).bit_length() + factor + ROOM
    params: dict[str, Any] = {"a": element, "b": element, "y": f"int{bits}", "lanes": lanes}
    params |= {"accumulate": True, "stages": 2, "objective": "area"}
    if scale is not None:
        params["scale"] = scale | {"vector": lanes}
    return make_config("dot", params)


def measure(cases: Sequence[str], lanes: int) -> dict[str, dict[str, float]]:
    """Return area, energy of a cycle and of a product for each case."""
    found: dict[str, dict[str, float]] = {}
    for case in cases:
        config = config_of(case, lanes)
        result = synthesize(config, workload=workload_of(config))
        assert result.energy is not None
        assert result.energy.fj_per_mac is not None
        found[case] = {
            "area_um2": result.area_um2,
            "fj_per_op": result.energy.fj_per_op,
            "fj_per_mac": result.energy.fj_per_mac,
        }
    return found


def holds(found: dict[str, dict[str, float]]) -> bool:
    """Tell whether rounding takes less energy than whole products of scales, and than INT8."""
    energy = {case: numbers["fj_per_op"] for case, numbers in found.items()}
    rounded = [fj for case, fj in energy.items() if "rounded" in case]
    others = [fj for case, fj in energy.items() if "12 bits" in case or "int8" in case]
    return bool(rounded and others) and max(rounded) < min(others)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if the claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lanes", type=int, default=16, help="lanes, and those of a vector [16]")
    parser.add_argument("cases", nargs="*", default=CASES, help="which [all]")
    options = parser.parse_args(arguments)
    found = measure(options.cases, options.lanes)
    claim = holds(found)
    if options.json:
        click.echo(json.dumps({"lanes": options.lanes, "cases": found, "holds": claim}, indent=1))
        return int(not claim)
    table = Table(title=f"{options.lanes} lanes, one vector a cycle, NanGate45")
    for heading in ("datapath", "um2", "fJ a cycle", "fJ a product"):
        table.add_column(heading, justify="left" if heading == "datapath" else "right")
    for case, numbers in found.items():
        columns = (numbers["area_um2"], numbers["fj_per_op"], numbers["fj_per_mac"])
        table.add_row(case, *(f"{number:,.0f}" for number in columns))
    console = Console()
    console.print(table)
    console.print(f"rounded products of scales are the cheapest: {'yes' if claim else 'no'}")
    return int(not claim)


if __name__ == "__main__":
    sys.exit(main())
