"""Cost of a lane of log numbers, beside integers and floats: area, delay, energy on NanGate45.

All units have 32 lanes (but for the chain of `log_add`) and their accumulators, and no further
registers. Their energy is measured with sums of 512 products, 16 cycles each, of two kinds:
Gaussian operands, and the first layer of the digits network. Prints a table, or with --json the
same for programs.
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
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cosim.digits import load_network
from cosim.golden import decode, encode
from gen.config import Config, make_config
from hdl.formats import FloatFormat, IntFormat, LogFormat, parse_format
from slipstick.costs import workload_of
from synth.flow import synthesize

__all__ = ["UNITS", "main", "measure", "operands_of"]

LANES = 32
CYCLES = 16
"""Cycles of a sum."""

SUMS = 1024

BUSY_LANE = 20
"""Whose operands `log_add` gets; the first pixels are always black."""

LOG: dict[str, Any] = {"format": "log4.3", "lanes": LANES}
FLOAT: dict[str, Any] = {"a": "e4m3", "b": "e4m3", "y": "fp32", "lanes": LANES, "accumulate": True}
UNITS: dict[str, tuple[str, dict[str, Any]]] = {
    "int8 to int32": ("dot", FLOAT | {"a": "int8", "b": "int8", "y": "int32"}),
    "e4m3 exact": ("dot", FLOAT),
    "e4m3 window": ("dot", FLOAT | {"align": "window", "fraction_bits": 25}),
    "log4.3 bins": ("log_dot", LOG),
    "log4.3 narrow bins": ("log_dot", LOG | {"bin_width": 24, "drop": 14}),
    "log4.3 serial": ("log_dot", LOG | {"finish": "serial"}),
    "log4.3 elma": ("log_dot", LOG | {"accumulator": "linear"}),
    "log4.3 elma, G = 5": ("log_dot", LOG | {"accumulator": "linear", "constant_bits": 5}),
    "log2.2 bins": ("log_dot", LOG | {"format": "log2.2"}),
    "log2.2 pairs": ("log_dot", LOG | {"format": "log2.2", "accumulator": "pairs"}),
    "log2.2 elma": ("log_dot", LOG | {"format": "log2.2", "accumulator": "linear"}),
    "log_add": ("log_add", {"format": "log4.3"}),
}
"""What is compared: unit and parameters."""

KINDS = ("gaussian", "digits")


def _format_of(config: Config) -> str:
    params = config.params_dict()
    return params["format"] if "format" in params else params["a"]


def _codes(numbers: NDArray[np.float64], name: str, largest: float) -> NDArray[Any]:
    """Return codes of numbers scaled so that `largest` is the largest number of the format."""
    fmt = parse_format(name)
    if isinstance(fmt, IntFormat):
        top = float(fmt.max_value)
    else:
        assert isinstance(fmt, FloatFormat | LogFormat)
        top = float(decode(np.array([fmt.max_code]), fmt)[0])
    return encode(numbers * (top / largest), fmt, overflow="saturate")


def operands_of(config: Config, kind: str) -> dict[str, NDArray[Any]]:
    """Return `SUMS` sums of `CYCLES` cycles in the unit's format.

    Parameters
    ----------
    kind
        ``gaussian``: the largest number is at four sigma. ``digits``: pixels in a, weights in b.
    """
    name = _format_of(config)
    shape = (SUMS * CYCLES, LANES)
    if kind == "gaussian":
        rng = np.random.default_rng(1)
        a, b = (_codes(rng.normal(size=shape), name, 4.0) for _ in "ab")
    else:
        network = load_network()
        pixels = network.images.astype(np.float64)
        weights = network.weight1.astype(np.float64)
        # Neuron after neuron, image after image; 64 inputs are two cycles.
        count = -(-shape[0] * LANES // pixels.shape[1])
        image, neuron = np.divmod(np.arange(count), weights.shape[1])
        a = _codes(pixels, name, float(pixels.max()))[image].reshape(-1, LANES)[: shape[0]]
        b = _codes(weights.T, name, float(np.abs(weights).max()))
        b = b[neuron].reshape(-1, LANES)[: shape[0]]
    if config.unit == "log_add":
        return {"a": a[:, BUSY_LANE], "b": b[:, BUSY_LANE]}
    cycle = np.arange(shape[0]) % CYCLES
    operands = {"a": a, "b": b, "first": (cycle == 0).astype(np.uint8)}
    if config.unit == "log_dot":
        operands["last"] = (cycle == CYCLES - 1).astype(np.uint8)
    return operands


def measure(name: str) -> dict[str, float]:
    """Return um2 and fJ a lane and ps of one of `UNITS`, and the shares of its blocks."""
    config = make_config(*UNITS[name])
    lanes = config.params_dict().get("lanes", 1)
    found: dict[str, float] = {}
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "operands.npz"
            np.savez(file, allow_pickle=False, **operands_of(config, kind))
            result = synthesize(config, workload=workload_of(config, file))
        assert result.energy is not None
        found["um2"], found["ps"] = result.area_um2 / lanes, result.delay_ps
        found[f"{kind} fJ"] = result.energy.fj_per_op / lanes
        found |= {f"um2 {block.name}": block.area_um2 / lanes for block in result.blocks}
        found |= {f"{kind} fJ {block.name}": block.fj / lanes for block in result.energy.blocks}
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON, with all blocks")
    parser.add_argument("units", nargs="*", default=UNITS, help="which [all]")
    options = parser.parse_args(arguments)
    found = {name: measure(name) for name in options.units}
    if options.json:
        click.echo(json.dumps(found, indent=1))
        return 0
    table = Table(title="a lane of 32, accumulators included")
    for heading in ("unit", "um2", "ps", "gaussian fJ", "digits fJ"):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    for name, costs in found.items():
        numbers = (costs[key] for key in ("um2", "ps", "gaussian fJ", "digits fJ"))
        table.add_row(name, *(f"{number:,.0f}" for number in numbers))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
