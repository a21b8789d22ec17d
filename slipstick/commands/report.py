"""`slipstick report`."""

from __future__ import annotations

from pathlib import Path

import click

from slipstick.commands.output import activity
from synth.database import read_rows
from synth.report import write_report

__all__ = ["command"]


@click.command()
@click.argument("database", type=click.Path(path_type=Path), metavar="DB")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    required=True,
    help="Directory to write to.",
)
@click.option("--title", help="Heading of the page.  [default: the name of DB]")
def command(*, database: Path, output: Path, title: str | None) -> None:
    """Show what a sweep found: CSV, plots, Verilog, and one HTML page to choose from.

    The page works without a network, from wherever the directory is put.
    """
    with activity("drawing"):
        page, *_ = write_report(read_rows(database), output, title or database.stem)
    click.echo(page)
