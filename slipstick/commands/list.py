"""`slipstick list`."""

from __future__ import annotations

from typing import Any

import click

from cosim.golden import decode
from gen.catalog import UNITS
from gen.config import load_config, presets
from hdl.formats import FloatFormat, aliases, named_formats
from slipstick.commands.output import console, json_option, print_json, table, value_text

__all__ = ["command"]

OTHER_FORMATS = """\
Also int2 to int64, uint1 to uint64, and e{E}m{M}: a float of E exponent and M mantissa bits,
with the suffix ieee (infinity and NaN), fn (one NaN) or fnuz (one NaN, one zero) if it has
codes that are not finite numbers, and bN before the suffix for a bias of N: e4m3b11fnuz.
Fixed point, logarithms, posits, codebooks and block formats: slipstick formats.
"""


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """List units, formats and presets."""
    units = [{"name": unit.name, "summary": unit.summary} for unit in UNITS.values()]
    formats = [_float(name, fmt) for name, fmt in named_formats() if isinstance(fmt, FloatFormat)]
    ready = [_preset(name) for name in presets()]
    if as_json:
        print_json({"units": units, "formats": formats, "presets": ready})
        return
    tables = {
        "unit": table("unit", "computes"),
        "format": table(
            "format",
            "bits",
            "largest",
            "smallest normal",
            "smallest",
            "inf",
            "NaN",
            "also called",
            right=("bits", "largest", "smallest normal", "smallest"),
        ),
        "preset": table("preset", "unit", "parameters"),
    }
    for unit in units:
        tables["unit"].add_row(unit["name"], unit["summary"])
    for fmt in formats:
        tables["format"].add_row(
            fmt["name"],
            str(fmt["bits"]),
            *(f"{fmt[key]:.6g}" for key in ("max", "min_normal", "min_positive")),
            *("yes" if fmt[key] else "" for key in ("has_inf", "has_nan")),
            ", ".join(fmt["aliases"]),
        )
    for preset in ready:
        words = " ".join(f"{key}={value_text(value)}" for key, value in preset["params"].items())
        tables["preset"].add_row(preset["name"], preset["unit"], words)
    out = console()
    for shown in tables.values():
        out.print(shown)
    out.print(OTHER_FORMATS, end="")


def _float(name: str, fmt: FloatFormat) -> dict[str, Any]:
    smallest_normal = 1 << fmt.mantissa_bits
    codes = [fmt.max_code, smallest_normal, 1]
    largest, normal, positive = decode(codes, fmt).tolist()
    return {
        "name": name,
        "bits": fmt.bits,
        "exponent_bits": fmt.exponent_bits,
        "mantissa_bits": fmt.mantissa_bits,
        "bias": fmt.bias,
        "signed": fmt.is_signed,
        "specials": fmt.specials,
        "has_inf": fmt.has_inf,
        "has_nan": fmt.has_nan,
        "max": largest,
        "min_normal": normal,
        "min_positive": positive,
        "aliases": aliases(fmt),
    }


def _preset(name: str) -> dict[str, Any]:
    config = load_config(presets()[name])
    return {"name": name, "unit": config.unit, "params": config.given()}
