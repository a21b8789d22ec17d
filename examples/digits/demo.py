"""Digits through the generated hardware: FP8 and INT8 dot products, checked bit by bit and priced.

The network of train.py is quantized to E4M3 and to INT8, and every dot product of its first layer
for 64 images runs through the Verilog of a 32-lane dot-product unit under Verilator: two cycles
each, since a neuron has 64 inputs. Exit code 1 if one bit differs from the golden model.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cosim.digits import Network, load_network
from cosim.golden import decode, encode, get_model
from cosim.results import Result, story
from cosim.verify import verify_operands
from gen.config import Config, make_config
from gen.emit import generate, write
from gen.errors import ToolError
from hdl.formats import FloatFormat, IntFormat, parse_format
from synth.flow import SynthResult, synthesize

__all__ = ["LANES", "Network", "Quantized", "load_network", "main", "quantize", "stream"]

LANES = 32
IMAGES = 64
"""How many images go through the hardware."""

UNITS = (("e4m3", "fp32"), ("int8", "int32"))
"""Formats of the operands and of the accumulator, one row of the table each."""

Codes = NDArray[np.unsignedinteger]


class Scaled(NamedTuple):
    """Codes of a tensor; their values times `scale` stand for its elements."""

    codes: Codes
    scale: float


def quantize(tensor: NDArray, fmt: str, largest: float | None = None) -> Scaled:
    """Quantize with one scale for the whole tensor, which takes `largest` to the largest code.

    Parameters
    ----------
    tensor
        Any shape.
    fmt
        Name of an integer or float format.
    largest
        Magnitude that becomes the format's largest number, by default that of the tensor.
    """
    parsed = parse_format(fmt)
    if isinstance(parsed, IntFormat):
        top = parsed.max_value
    else:
        assert isinstance(parsed, FloatFormat)
        top = float(decode(np.array([parsed.max_code]), parsed)[0])
    scale = float(np.abs(tensor).max() if largest is None else largest) / top
    return Scaled(encode(tensor / scale, fmt, overflow="saturate"), scale)


def stream(x: Codes, w: Codes) -> dict[str, NDArray]:
    """Lay out all dot products of a layer as operands of an accumulating unit.

    Parameters
    ----------
    x
        (images, inputs), `inputs` a multiple of `LANES`.
    w
        (inputs, outputs).

    Returns
    -------
    dict of str to ndarray
        ``a`` and ``b`` (images * outputs * inputs / LANES, LANES), ``first``: the inputs of one
        dot product in consecutive cycles, its outputs before the next image.
    """
    images, inputs = x.shape
    outputs = w.shape[1]
    cycles = inputs // LANES
    shape = (images, outputs, cycles, LANES)
    a = np.broadcast_to(x.reshape(images, 1, cycles, LANES), shape)
    b = np.broadcast_to(w.T.reshape(1, outputs, cycles, LANES), shape)
    first = np.broadcast_to(np.arange(cycles) == 0, shape[:3])
    return {
        "a": a.reshape(-1, LANES),
        "b": b.reshape(-1, LANES),
        "first": first.reshape(-1).astype(np.uint8),
    }


class Quantized:
    """The network in one operand format, its layers as streams of dot products.

    Parameters
    ----------
    network
        What to quantize: one scale per tensor, from the largest magnitude (of the hidden layer:
        on the training images).
    config
        The accumulating dot-product unit that computes it.
    """

    def __init__(self, network: Network, config: Config) -> None:
        self.network = network
        self.config = config
        self.fmt: str = config.params_dict()["a"]
        self.y: str = config.params_dict()["y"]
        self.pixels = quantize(network.images, self.fmt)
        self.weight1 = quantize(network.weight1, self.fmt)
        self.weight2 = quantize(network.weight2, self.fmt)

    def first_layer(self, images: slice) -> dict[str, NDArray]:
        """Return the operands of the first layer for some of the test images."""
        return stream(self.pixels.codes[images], self.weight1.codes)

    def golden(self, operands: dict[str, NDArray]) -> Codes:
        """Return what the golden model of the unit answers in every cycle."""
        model = get_model(self.config.unit)
        return model(self.config.params_dict(), operands)["y"]

    def logits(self, y: Codes) -> NDArray[np.float64]:
        """Return the logits of all test images, the second layer by the golden model.

        Parameters
        ----------
        y
            Answers of the unit to the first layer of all test images.
        """
        net = self.network
        hidden = self._results(y, self.weight1, self.pixels.scale, net.bias1)
        activations = quantize(np.maximum(hidden, 0), self.fmt, float(net.hidden_max))
        answers = self.golden(stream(activations.codes, self.weight2.codes))
        return self._results(answers, self.weight2, activations.scale, net.bias2)

    def _results(
        self, y: Codes, weight: Scaled, scale: float, bias: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Take the last cycle of every dot product, and its scales back."""
        inputs, outputs = weight.codes.shape
        sums = decode(y.reshape(-1, outputs, inputs // LANES)[..., -1], self.y)
        return sums * (scale * weight.scale) + bias


class Row(NamedTuple):
    """What the demo found out about one unit."""

    config: Config
    result: Result
    accuracy: float
    cost: SynthResult


def check(quantized: Quantized, progress: Progress) -> tuple[Result, float]:
    """Run the first layer of `IMAGES` images through the Verilog; return result and accuracy."""
    operands = quantized.first_layer(slice(IMAGES))
    task = progress.add_task(f"{quantized.config.name}: Verilator", total=len(operands["first"]))

    def show(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)

    result, outputs = verify_operands(quantized.config, operands, progress=show)
    rest = quantized.golden(quantized.first_layer(slice(IMAGES, None)))
    logits = quantized.logits(np.concatenate([outputs["y"], rest]))
    return result, quantized.network.accuracy(logits)


def price(config: Config, progress: Progress) -> SynthResult:
    """Map one unit to cells."""
    task = progress.add_task(f"{config.name}: Yosys", total=None)
    cost = synthesize(config)
    progress.update(task, completed=1, total=1)
    return cost


def run(network: Network, directory: Path, progress: Progress) -> list[Row]:
    """Generate the units, check and price them."""
    configs = [
        make_config("dot", {"a": operand, "b": operand, "y": y, "lanes": LANES, "accumulate": True})
        for operand, y in UNITS
    ]
    for config in configs:
        write(generate(config), directory)
    # Synthesis takes longest and most of it happens in other processes.
    with ThreadPoolExecutor(len(configs)) as pool:
        costs = [pool.submit(price, config, progress) for config in configs]
        checks = [check(Quantized(network, config), progress) for config in configs]
        return [
            Row(config, *checked, cost.result())
            for config, checked, cost in zip(configs, checks, costs, strict=True)
        ]


def report(rows: list[Row], network: Network, directory: Path, console: Console) -> None:
    """Print the table, and the first wrong answer of each unit that gave one."""
    title = "Digits, first layer, on generated hardware"
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("unit", no_wrap=True)
    for heading in ("vectors", "mismatches", "accuracy", "um2", "NAND2", "ns"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row.config.name,
            f"{row.result.vectors:,}",
            str(row.result.mismatches),
            f"{row.accuracy:.1%}",
            f"{row.cost.area_um2:,.0f}",
            f"{row.cost.nand2_equivalents:,.0f}",
            f"{row.cost.delay_ps / 1000:.2f}",
        )
    console.print(table)
    fp32 = network.accuracy(network.fp32_logits())
    console.print(
        f"Accuracy on {len(network.labels)} test images; fp32 has {fp32:.1%}. "
        f"First layer of {IMAGES} images by the Verilog, every bit compared with the golden model, "
        "which computes all the rest. One scale per tensor.",
        f"Area and delay: NanGate 45 nm, typical corner, no wires. Verilog: {directory}",
        sep="\n",
    )
    for row in rows:
        if row.result.failure is not None:
            console.print(row.config.name, style="red")
            console.print(story(row.result.failure), markup=False)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; return 0, or 1 on a mismatch, or 3 if a tool is missing or failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("build/demo"), help="where the Verilog goes"
    )
    directory: Path = parser.parse_args(arguments).output
    console = Console()
    network = load_network()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            rows = run(network, directory, progress)
    except ToolError as error:
        console.print(error, style="red", markup=False)
        if error.log is not None:
            console.print(f"its output: {error.log}", markup=False)
        return 3
    report(rows, network, directory, console)
    return 0 if all(row.result.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
