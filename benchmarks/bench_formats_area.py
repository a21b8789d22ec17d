"""Area of formats against INT8, beside what others have published.

Qualcomm ("FP8 versus INT8 for efficient deep learning inference", arXiv 2303.17951): one lane, five
formats, three accumulators, in gates with two inputs. FormatScope: fused dot products of 32 lanes,
on sky130. Ours are mapped for the smallest area, to the same gates and to NanGate45. Prints the
tables, or with --json the same for programs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gen.config import make_config
from synth.flow import synthesize
from synth.libraries import load_library

__all__ = ["FUSED", "LANES", "ONE_LANE", "Row", "fused", "main", "one_lane"]

LIBRARIES = ("generic", "nangate45")
LANES = 32


@dataclass(frozen=True)
class Row:
    """A unit in all libraries.

    Attributes
    ----------
    name
        Formats of operands and accumulator, and which unit of ours it is.
    published
        Ratio to INT8; None if there is none.
    area
        By library, in gates or um2.
    ratio
        To that of INT8, by library.
    """

    name: str
    published: float | None
    area: dict[str, float]
    ratio: dict[str, float]


_FIXED = {
    "int8": ("int27", 0),
    "e2m5": ("int29", -10),
    "e3m4": ("int35", -12),
    "e4m3": ("int49", -18),
    # FX79 in the paper; integers here end at 64 bits. The lowest bit is the same.
    "e5m2": ("int64", -32),
}
"""Fixed-point accumulators that hold every product exactly: format, weight of the lowest bit."""

ONE_LANE: dict[tuple[str, str], float | None] = {
    ("int8", "fixed"): 1.0,
    ("e2m5", "fixed"): 1.21,
    ("e3m4", "fixed"): 1.25,
    ("e4m3", "fixed"): 1.48,
    ("e5m2", "fixed"): 2.09,
    **{(fmt, "fp16"): None for fmt in _FIXED},
    **{(fmt, "fp32"): None for fmt in _FIXED},
    ("e4m3", "fp16"): 1.54,
    ("e4m3", "fp32"): 2.84,
}
"""Published ratio of each pair of format and accumulator to INT8 with a fixed-point one."""

FUSED: dict[str, tuple[float, dict[str, Any]]] = {
    "INT8": (100_177, {"a": "int8", "b": "int8"}),
    "E4M3": (111_259, {"a": "e4m3", "b": "e4m3"}),
    "MXINT8": (110_692, {"a": "int8", "b": "int8", "y": "fp32"}),
    "INT4": (27_906, {"a": "int4", "b": "int4"}),
    "MXFP4": (35_967, {"a": "e2m1", "b": "e2m1", "y": "fp32"}),
}
"""Published um2 on sky130, and the `dot` of ours that comes nearest; block scales left out."""


def _area(unit: str, params: dict[str, Any], library: str) -> float:
    config = make_config(unit, params | {"objective": "area"})
    return synthesize(config, library=library).area_um2


def _flip_flop(library: str) -> float:
    """Return the area of the smallest flip-flop without set or reset."""
    cells = load_library(library).cells.values()
    return min(cell.area for cell in cells if cell.sequential == "ff" and len(cell.inputs) == 2)


def _rows(
    areas: Iterable[tuple[str, float | None, dict[str, float]]], first: dict[str, float]
) -> list[Row]:
    return [
        Row(name, published, area, {key: area[key] / first[key] for key in area})
        for name, published, area in areas
    ]


def one_lane(pairs: Iterable[tuple[str, str]] = tuple(ONE_LANE)) -> list[Row]:
    """Return what multiply-accumulate units of one lane take.

    The `dot` of one lane with its own accumulator; for float accumulators also an `fma` with a
    register for its result, which needs no sum of lanes and is what one would build.
    """
    found: list[tuple[str, float | None, dict[str, float]]] = []
    for fmt, accumulator in pairs:
        published = ONE_LANE[fmt, accumulator]
        params: dict[str, Any] = {"a": fmt, "b": fmt, "lanes": 1, "accumulate": True}
        label = accumulator
        if accumulator == "fixed":
            label, lsb = _FIXED[fmt]
            params |= {"y": label, "overflow": "saturate"} | ({"lsb": lsb} if lsb else {})
        else:
            params["y"] = accumulator
        areas = {library: _area("dot", params, library) for library in LIBRARIES}
        found.append((f"{fmt} -> {label}, dot", published, areas))
        if accumulator != "fixed":
            operands = {"a": fmt, "b": fmt, "c": accumulator, "y": accumulator}
            bits = int(accumulator.removeprefix("fp"))
            areas = {
                library: _area("fma", operands, library) + bits * _flip_flop(library)
                for library in LIBRARIES
            }
            found.append((f"{fmt} -> {label}, fma", published, areas))
    return _rows(found, found[0][2])


def fused(names: Iterable[str] = tuple(FUSED), *, lanes: int = LANES) -> list[Row]:
    """Return what fused dot products take, exact before the one rounding."""
    reference = FUSED["INT8"][0]
    found: list[tuple[str, float | None, dict[str, float]]] = []
    for name in names:
        published, params = FUSED[name]
        areas = {library: _area("dot", params | {"lanes": lanes}, library) for library in LIBRARIES}
        found.append((f"{name}, {lanes} lanes", published / reference, areas))
    return _rows(found, found[0][2])


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    headings = ("", "published", *(word for library in LIBRARIES for word in (library, "ratio")))
    for heading in (*headings, "off"):
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        cells = [row.name, "" if row.published is None else f"{row.published:.2f}"]
        for library in LIBRARIES:
            cells += [f"{row.area[library]:,.0f}", f"{row.ratio[library]:.2f}"]
        off = "" if row.published is None else f"{row.ratio['generic'] / row.published - 1:+.0%}"
        table.add_row(*cells, off)
    return table


def main(arguments: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lanes", type=int, default=LANES, help="of the fused products [32]")
    options = parser.parse_args(arguments)
    tables = {"one_lane": one_lane(), "fused": fused(lanes=options.lanes)}
    if options.json:
        content = {name: [asdict(row) for row in rows] for name, rows in tables.items()}
        click.echo(json.dumps(content, indent=1))
        return 0
    console = Console(width=110)
    console.print(_table("one lane, beside Qualcomm's", tables["one_lane"]))
    console.print(_table("fused dot products, beside FormatScope's", tables["fused"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
