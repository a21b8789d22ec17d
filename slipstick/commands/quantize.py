"""`slipstick quantize`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

import click

from cosim.golden.blocks import VsqOrder
from cosim.golden.calibrate import Method
from cosim.golden.rounding import ROUNDINGS
from cosim.operands import as_npz
from cosim.plots import tensor_errors
from cosim.tensors import Outcome, Settings, load_tensor, quantize_as
from gen.errors import ConfigError
from gen.files import write_atomically
from slipstick.commands.output import console, file_option, json_option, print_json, table

__all__ = ["command"]


@click.command("quantize")
@click.argument("tensor", type=click.Path(path_type=Path), metavar="TENSOR")
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    required=True,
    metavar="FORMAT",
    help="Format to quantize to; several are compared.",
)
@click.option("--axis", type=int, default=-1, show_default=True, help="Axis of the blocks.")
@click.option(
    "--channel-axis",
    type=int,
    multiple=True,
    help="Axis with a scale for each index; may be repeated. [none: one for the tensor]",
)
@click.option(
    "--clip",
    "method",
    type=click.Choice(get_args(Method)),
    default="max",
    show_default=True,
    help="Where formats without block scales clip; octav is for integers only.",
)
@click.option("--percentile", type=float, default=99.9, show_default=True, help="Of --clip.")
@click.option(
    "--order",
    type=click.Choice(get_args(VsqOrder)),
    default="published",
    show_default=True,
    help="Of VS-Quant: divide by the ideal scale, or by the stored one.",
)
@click.option(
    "--rounding", type=click.Choice(ROUNDINGS), default="rne", show_default=True, help="Of codes."
)
@file_option("-o", "--output", metavar="FILE.npz", text="Write codes and scales of one FORMAT.")
@file_option("--plot", metavar="FILE.svg", text="Draw the error over the magnitude of elements.")
@json_option
def command(
    tensor: Path,
    formats: tuple[str, ...],
    output: Path | None,
    plot: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Quantize TENSOR, which is FILE.npy or FILE.safetensors:NAME, and say what is lost."""
    if output is not None and len(formats) > 1:
        raise click.UsageError(f"--output is for one FORMAT, not {len(formats)}")
    exact = load_tensor(tensor)
    settings = Settings(**options)
    outcomes = [quantize_as(exact, name, settings) for name in formats]
    if output is not None:
        write_atomically(output.parent, {output.name: as_npz(outcomes[0].arrays)})
    if plot is not None:
        try:
            picture = tensor_errors(exact, {result.name: result.values for result in outcomes})
        except ValueError as error:
            raise ConfigError(str(error)) from error
        write_atomically(plot.parent, {plot.name: picture.encode()})
    if as_json:
        print_json([_json(outcome) for outcome in outcomes])
        return
    numbers = ("bits", "SQNR", "largest error", "scales")
    shown = table("format", *numbers, right=numbers)
    for outcome in outcomes:
        scales = outcome.arrays["scales"]
        shown.add_row(
            outcome.name,
            f"{outcome.bits_per_value:g}",
            f"{outcome.sqnr_db:.2f} dB",
            f"{outcome.largest_error:.4g}",
            f"{scales.item():.6g}" if scales.size == 1 else f"{scales.size:,}",
        )
    console().print(shown)


def _json(outcome: Outcome) -> dict[str, Any]:
    return {
        "format": outcome.name,
        "bits_per_value": outcome.bits_per_value,
        "sqnr_db": outcome.sqnr_db if math.isfinite(outcome.sqnr_db) else None,
        "largest_error": outcome.largest_error,
        "scales": outcome.arrays["scales"].size,
    }
