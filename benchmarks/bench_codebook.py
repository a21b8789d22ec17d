"""Cost of a product of two 4-bit codes: decoded and multiplied, or looked up in one table.

Both operands are NF4 codes. Units make one exact product each, in 16 bits where it is an integer:
a table for each operand in front of a multiplier of q1.7 (int8) or E4M3 numbers, or one table of
256 products (what Dally's talk dismisses); INT4 and INT8 without codebooks beside them. Energy for
weights (b) that change in every cycle, and that are held for `HELD` cycles; the last rows are dot
products of 16 lanes with an accumulator. NanGate45, smallest area. Prints a table, or with --json
the same for programs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from amaranth.hdl import Cat, Module
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cosim.operands import unit_of
from gen.config import Config, make_config
from gen.emit import verilog_of
from hdl.bricks.lut import Lut
from hdl.formats import CodebookFormat, IntFormat, parse_format
from hdl.ports import data_port
from hdl.stages.codebook import Codebook
from hdl.unit import Unit
from slipstick.costs import workload_of
from synth.flow import synthesize, synthesize_verilog
from synth.result import SynthResult

__all__ = ["TABLE", "UNITS", "ProductTable", "main", "measure", "operands_of"]

HELD = 64
"""Cycles for which a held weight stays."""

ROWS = 1 << 14

BOOKS = {"a": "nf4", "b": "nf4"}
PRODUCT: dict[str, Any] = {"lanes": 1, "objective": "area"}
SUM: dict[str, Any] = {"lanes": 16, "y": "int32", "accumulate": True, "objective": "area"}
UNITS: dict[str, dict[str, Any]] = {
    "int4 x int4": PRODUCT | {"a": "int4", "b": "int4"},
    "int8 x int8": PRODUCT | {"a": "int8", "b": "int8"},
    "decode, int8 product": PRODUCT | BOOKS | {"a_table": "q1.7", "b_table": "q1.7"},
    "decode, e4m3 product": PRODUCT | BOOKS | {"a_table": "e4m3", "b_table": "e4m3", "y": "fp16"},
    "decode b, int8 product": PRODUCT | {"a": "int8", "b": "nf4", "b_table": "q1.7"},
    "16 x int8 int8": SUM | {"a": "int8", "b": "int8"},
    "16 x int8 nf4 as q1.7": SUM | {"a": "int8", "b": "nf4", "b_table": "q1.7", "lsb": -7},
}
"""What is compared: parameters of `dot`."""

TABLE = "product table"
"""The name of what is no `dot`; it answers as the decoded int8 product does."""


class ProductTable(Unit):
    """``y = round(a) * round(b)`` of two codebooks, by one table. Combinational.

    Parameters
    ----------
    a, b
        The codebooks with integer or fixed-point entries.
    y
        Format of the product.

    Members
    -------
    in_valid : In(1)
    a, b : In
    out_valid : Out(1)
    y : Out
    """

    def __init__(self, a: Codebook, b: Codebook, y: IntFormat) -> None:
        self._books = a, b
        super().__init__(
            (data_port("a", "in", a.fmt), data_port("b", "in", b.fmt)),
            (data_port("y", "out", y),),
            stages=0,
            objective="area",
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, right = (
            [-e.significand if e.negative else e.significand for e in book.entries()]
            for book in self._books
        )
        bits = len(self.y)
        contents = [x * w & ((1 << bits) - 1) for w in right for x in left]
        m.submodules.table = table = Lut(contents, bits)
        m.d.comb += [
            table.x.eq(Cat(self.a, self.b)),
            self.y.eq(table.y),
            self.out_valid.eq(self.in_valid),
        ]
        return m


def operands_of(config: Config, *, held: bool) -> dict[str, NDArray[Any]]:
    """Return uniform codes, `b` new in every cycle or in every `HELD` ones."""
    rng = np.random.default_rng(1)
    params = config.params_dict()
    lanes = params["lanes"]
    shape = (ROWS, lanes) if lanes > 1 else (ROWS,)
    drawn = {
        port: rng.integers(0, 1 << parse_format(params[port]).bits, shape, np.uint8)
        for port in "ab"
    }
    if held:
        drawn["b"] = np.repeat(drawn["b"][: ROWS // HELD], HELD, axis=0)
    if params["accumulate"]:
        drawn["first"] = (np.arange(ROWS) % HELD == 0).astype(np.uint8)
    return drawn


def _synthesized(name: str, config: Config, operands: dict[str, NDArray[Any]]) -> SynthResult:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "operands.npz"
        np.savez(file, allow_pickle=False, **operands)
        workload = workload_of(config, file)
    if name != TABLE:
        return synthesize(config, workload=workload)
    arguments = config.params.constructor_arguments()
    books = [Codebook(arguments[port], arguments[f"{port}_table"]) for port in "ab"]
    y = arguments["y"]
    assert isinstance(y, IntFormat)
    assert all(isinstance(book.fmt, CodebookFormat) for book in books)
    verilog = verilog_of(ProductTable(books[0], books[1], y), "product_table")
    return synthesize_verilog(verilog, "product_table", objective="area", workload=workload)


def measure(name: str) -> dict[str, float]:
    """Return um2 and fJ a product and ps of one of `UNITS`, or of the product table."""
    config = make_config("dot", UNITS["decode, int8 product" if name == TABLE else name])
    lanes = unit_of(config).params["lanes"]
    found: dict[str, float] = {}
    for held in (False, True):
        result = _synthesized(name, config, operands_of(config, held=held))
        assert result.energy is not None
        found["um2"], found["ps"] = result.area_um2 / lanes, result.delay_ps
        found["fJ held" if held else "fJ"] = result.energy.fj_per_op / lanes
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    names = [*UNITS]
    names.insert(4, TABLE)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("units", nargs="*", default=names, help="which [all]")
    options = parser.parse_args(arguments)
    found = {name: measure(name) for name in options.units}
    if options.json:
        click.echo(json.dumps(found, indent=1))
        return 0
    table = Table(title=f"a product of codes, b new in every cycle or held for {HELD}")
    for heading in ("unit", "um2", "ps", "fJ", "fJ held"):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    for name, costs in found.items():
        row = (f"{costs[key]:,.0f}" for key in ("um2", "ps", "fJ", "fJ held"))
        table.add_row(name, *row)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
