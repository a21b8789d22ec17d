"""A layer in one number format after the other, its matrix product by the Verilog of a tile.

Weights and activations of the first layer of the network of train.py are quantized, to integers and
floats with one scale for a tensor and to block formats, and weights to a codebook. The product, 600
x 64 times 64 x 32, runs step by step through a `tile` unit under Verilator, and has to equal the
golden model in every bit.
What comes out goes through the rest of the network in float: accuracy, beside the noise that the
format brought about and the bits that it takes. Exit code 1 if one bit differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from cosim.golden import decode
from cosim.golden.metrics import bits_per_value, sqnr
from cosim.results import Result, story
from cosim.tensors import Outcome, Settings, quantize_as
from cosim.verify import verify_operands
from examples.digits.demo import Network, load_network
from gen.config import Config, make_config
from gen.errors import ToolError
from hdl.formats import (
    BlockFormat,
    CodebookFormat,
    FixedFormat,
    IntFormat,
    PowerFormat,
    parse_format,
)

__all__ = [
    "FORMATS",
    "Product",
    "Row",
    "evaluate",
    "formats_of",
    "main",
    "multiply",
    "operands_of",
    "tile_of",
]

FORMATS = (
    *("int8", "e4m3", "e5m2", "mxint8", "mxfp8-e4m3", "mxfp8-e5m2", "mxfp6-e2m3", "mxfp6-e3m2"),
    *("msfp16", "vsq8", "vsq6", "int8 nf4", "int4", "mxfp4", "nvfp4", "vsq4", "msfp12"),
)
"""Formats of both factors, or of the one and the other, wide ones first."""

TABLE = "q1.7"
"""What the entries of a codebook are rounded into, beside integers."""

K = 32
"""Products in a step."""


def tile_of(fmt: str, m: int = 2, n: int = 2, k: int = K) -> Config:
    """Return a tile for factors of a format, with accumulators that hold whole sums.

    Parameters
    ----------
    fmt
        Name of an integer, a float or a block format, or of an integer and a codebook for weights.
    m, n
        Rows and columns of the result.
    k
        Products in a step; a block of formats whose blocks cannot be added exactly.
    """
    left, right = formats_of(fmt)
    parsed = parse_format(left)
    integers = isinstance(parsed, IntFormat)
    if isinstance(parsed, BlockFormat):
        integers = isinstance(parsed.scale, IntFormat)
        if isinstance(parsed.scale, PowerFormat):
            k = parsed.length
    params = {"m": m, "n": n, "k": k, "a": left, "b": right, "accumulate": True, "stages": 1}
    if isinstance(parse_format(right), CodebookFormat):
        table = parse_format(TABLE)
        assert isinstance(table, FixedFormat)
        params |= {"b_table": TABLE, "lsb": -table.fraction_bits}
    return make_config("tile", params | {"y": "int40" if integers else "fp32"})


def formats_of(fmt: str) -> tuple[str, str]:
    """Return the formats of activations and weights."""
    left, _, right = fmt.partition(" ")
    return left, right or left


def operands_of(config: Config, left: Outcome, right: Outcome) -> dict[str, NDArray[Any]]:
    """Lay out a matrix product as the operands of a tile.

    Parameters
    ----------
    config
        A tile with accumulators.
    left, right
        The quantized factors, blocks along the columns of the left one and the rows of the other.
        Their sizes are multiples of the tile's.

    Returns
    -------
    dict
        Codes by port: the steps of an element of the result in consecutive cycles, results row by
        row of tiles.
    """
    params = config.params_dict()
    m, n, k = params["m"], params["n"], params["k"]
    matrices = {"a": left.arrays["codes"], "b": right.arrays["codes"]}
    lengths = {"a": 1, "b": 1}
    fmt = parse_format(params["a"])
    if isinstance(fmt, BlockFormat):
        matrices |= {"scale_a": left.arrays["scales"], "scale_b": right.arrays["scales"]}
        lengths |= {"scale_a": fmt.length, "scale_b": fmt.length}
    found: dict[str, NDArray[Any]] = {}
    rows, steps = matrices["a"].shape[0] // m, matrices["a"].shape[1] // k
    columns = matrices["b"].shape[1] // n
    for port, matrix in matrices.items():
        depth = k // lengths[port]
        if port in ("a", "scale_a"):
            tiles = _tiles(matrix, m, depth)[:, None]
        else:
            tiles = _tiles(matrix, depth, n).transpose(1, 0, 2)[None]
        shape = rows, columns, steps, tiles.shape[-1]
        found[port] = np.broadcast_to(tiles, shape).reshape(-1, shape[-1])
    first = np.broadcast_to(np.arange(steps) == 0, (rows, columns, steps))
    return found | {"first": first.reshape(-1).astype(np.uint8)}


def _tiles(matrix: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Return (rows of tiles, columns of tiles, elements of a tile, row-major)."""
    height, width = matrix.shape
    if height % rows or width % columns:
        raise ValueError(f"{height} x {width} elements are not whole tiles of {rows} x {columns}")
    parts = matrix.reshape(height // rows, rows, width // columns, columns)
    return parts.transpose(0, 2, 1, 3).reshape(height // rows, width // columns, rows * columns)


class Product(NamedTuple):
    """A matrix product by the Verilog.

    Attributes
    ----------
    values
        What came out, times the scales of the tensors.
    result
        How it compares with the golden model.
    """

    values: NDArray[np.float64]
    result: Result


def multiply(left: NDArray[Any], right: NDArray[Any], config: Config) -> Product:
    """Quantize two matrices and multiply them on a tile, under Verilator.

    Parameters
    ----------
    left, right
        (rows, depth) and (depth, columns), multiples of the tile's sizes.
    config
        The tile, see `tile_of`.
    """
    params = config.params_dict()
    factors = [
        quantize_as(matrix, params[port], Settings(axis=axis))
        for port, matrix, axis in (("a", left, 1), ("b", right, 0))
    ]
    operands = operands_of(config, *factors)
    result, answers = verify_operands(config, operands)
    m, n = params["m"], params["n"]
    steps = left.shape[1] // params["k"]
    tiles = (
        decode(answers["y"].reshape(-1, steps, m * n)[:, -1], params["y"]) * 2.0 ** params["lsb"]
    )
    shape = left.shape[0] // m, right.shape[1] // n, m, n
    sums = tiles.reshape(shape).transpose(0, 2, 1, 3).reshape(left.shape[0], right.shape[1])
    return Product(sums * _scale(factors[0]) * _scale(factors[1]), result)


def _scale(factor: Outcome) -> NDArray[np.float64]:
    """Return the scale of a whole tensor."""
    name = "scales" if "outer" not in factor.arrays else "outer"
    if isinstance(parse_format(factor.name), BlockFormat) and name == "scales":
        return np.ones(())
    return factor.arrays[name].astype(np.float64)


class Row(NamedTuple):
    """What a format does to the network.

    Attributes
    ----------
    fmt
        Name of the format.
    bits
        Bits of a weight, with its share of the block's scale.
    sqnr_db
        Of the layer's sums, beside those of the unquantized layer.
    accuracy
        Of the network with this layer quantized.
    result
        How the Verilog compares with the golden model.
    """

    fmt: str
    bits: float
    sqnr_db: float
    accuracy: float
    result: Result


def evaluate(network: Network, fmt: str) -> Row:
    """Run the first layer of a network's test images through a tile."""
    images = network.images.astype(np.float64)
    weights = network.weight1.astype(np.float64)
    product = multiply(images, weights, tile_of(fmt))
    hidden = np.maximum(product.values + network.bias1, 0)
    logits = (hidden @ network.weight2 + network.bias2).astype(np.float64)
    accuracy = network.accuracy(logits)
    noise = sqnr(images @ weights, product.values)
    return Row(fmt, bits_per_value(formats_of(fmt)[1]), noise, accuracy, product.result)


def report(network: Network, rows: Iterable[Row], console: Console) -> bool:
    """Print the table row by row, and wrong answers; return whether there were none."""
    fp32 = network.accuracy(network.fp32_logits())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("format", no_wrap=True)
    for heading in ("bits", "SQNR dB", "accuracy", "cycles", "mismatches"):
        table.add_column(heading, justify="right")
    passed = True
    for row in rows:
        table.add_row(
            row.fmt,
            f"{row.bits:.2f}",
            f"{row.sqnr_db:.1f}",
            f"{row.accuracy:.1%}",
            f"{row.result.vectors:,}",
            str(row.result.mismatches),
        )
        passed = passed and row.result.passed
        if row.result.failure is not None:
            console.print(row.result.name, style="red")
            console.print(story(row.result.failure), markup=False)
    console.print(table)
    console.print(
        f"First layer of {len(network.labels)} test images on tiles under Verilator, every bit "
        f"compared with the golden model; the rest in float. Without quantization: {fp32:.1%}."
    )
    return passed


def main(arguments: list[str] | None = None) -> int:
    """Run some formats; return 0, or 1 on a mismatch, or 3 if a tool is missing or failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", default=FORMATS, help="default: all of them")
    formats = parser.parse_args(arguments).formats
    console = Console()
    network = load_network()
    try:
        rows = [evaluate(network, fmt) for fmt in formats]
    except ToolError as error:
        console.print(error, style="red", markup=False)
        return 3
    return 0 if report(network, rows, console) else 1


if __name__ == "__main__":
    sys.exit(main())
