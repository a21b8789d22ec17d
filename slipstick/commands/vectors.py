"""`slipstick vectors`."""

from __future__ import annotations

from pathlib import Path

import click

from cosim.vectors import vectors, write_vectors
from slipstick.commands.output import config_argument, file_option, resolve_one, seed_option

__all__ = ["command"]


@click.command()
@config_argument(several=False)
@click.option(
    "-n", "--count", type=click.IntRange(1), default=1000, show_default=True, help="How many."
)
@seed_option
@file_option(
    "-o",
    "--output",
    metavar="FILE.{npz,csv,hex}",
    text="File to write: arrays of codes by port, a column a lane, or words for $readmemh.",
    required=True,
)
def command(config: tuple[str, ...], count: int, seed: int, output: Path) -> None:
    """Write operands for CONFIG and the golden results, for another testbench.

    They are those that `verify` uses: directed corners, then random operands.
    """
    one = resolve_one(config)
    write_vectors(one, vectors(one, count, seed), output)
