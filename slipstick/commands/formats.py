"""`slipstick formats`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosim.golden.metrics import bits_per_value, dynamic_range, worst_relative_error
from cosim.plots import error_curves, number_line
from gen.errors import ConfigError
from gen.files import write_atomically
from hdl.formats import BlockFormat, Format, aliases, families, named_formats, parse_format
from slipstick.commands.output import console, file_option, json_option, print_json, table

__all__ = ["command"]

COMMON = "int4 int8 int16 uint8 sm8 q4.4 log4.3 bfp8 vsq4 vsq8"
"""Members of the families that have no names of their own, for the table of all."""


@click.command("formats")
@click.argument("names", nargs=-1, metavar="[FORMAT...]")
@file_option(
    "--plot",
    metavar="FILE.svg",
    text="Draw the values of one FORMAT, or the errors of several over magnitudes.",
)
@json_option
def command(names: tuple[str, ...], plot: Path | None, as_json: bool) -> None:
    """Show number formats: bits, range and error of these FORMATs, or of one of every kind."""
    try:
        formats = [parse_format(name) for name in names] or _all()
        rows = [_row(fmt) for fmt in formats]
        if plot is not None:
            if not names:
                raise click.UsageError("--plot needs a FORMAT")
            picture = number_line(formats[0]) if len(formats) == 1 else error_curves(formats)
            write_atomically(plot.parent, {plot.name: picture.encode()})
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if as_json:
        print_json({"formats": rows, "families": families()})
        return
    numbers = ("bits", "least", "largest", "dB", "error")
    shown = table("format", "kind", *numbers, "also called", right=numbers)
    for row in rows:
        error = row["worst_relative_error"]
        shown.add_row(
            row["name"],
            row["kind"],
            f"{row['bits_per_value']:g}",
            f"{row['least']:.4g}",
            f"{row['largest']:.4g}",
            f"{row['dynamic_range_db']:.0f}",
            "" if error is None else f"{error:.1%}",
            ", ".join(row["aliases"]),
        )
    out = console()
    out.print(shown)
    out.print(
        "bits: a value's, with its share of the block's scale. least, largest, dB: of the positive "
        "values,\nin a block format of its elements. error: the worst of the nearest value, "
        "relative to the number,\nfrom the least normal one up."
    )
    if not names:
        out.print(f"Families: {'; '.join(families())}")


def _all() -> list[Format]:
    """Return the formats with names of their own and some of the families, kind by kind."""
    formats = [*(fmt for _, fmt in named_formats()), *map(parse_format, COMMON.split())]
    kinds = list(dict.fromkeys(fmt.kind for fmt in formats))
    return sorted(formats, key=lambda fmt: kinds.index(fmt.kind))


def _row(fmt: Format) -> dict[str, Any]:
    scalar = fmt.element if isinstance(fmt, BlockFormat) else fmt
    span = dynamic_range(scalar)
    return {
        "name": fmt.name,
        "kind": fmt.kind,
        "bits_per_value": bits_per_value(fmt),
        "element": scalar.name,
        "scale": fmt.scale.name if isinstance(fmt, BlockFormat) else None,
        "block_length": fmt.length if isinstance(fmt, BlockFormat) else None,
        "signed": fmt.is_signed,
        "least": span.least,
        "largest": span.largest,
        "dynamic_range_db": span.decibels,
        "worst_relative_error": (
            worst_relative_error(scalar, subnormals=False) if scalar.bits <= 16 else None
        ),
        "aliases": aliases(fmt),
    }
