"""The study: which unit stands for a format, and what its points are.

The same question is asked of every format: what does a multiply-accumulate of so many lanes cost?
The answer is a unit that sums its products as its format suggests, with an accumulator that starts
afresh with `first`:

- integers: into 32 bits;
- floats: exactly, rounded to FP32, or in a window where exact words would be wider than
  `Settings.widest_exact` bits;
- logarithms: linearly (a table entry, shifted, for each product), in a sum as wide as it takes;
- block formats: exactly in a block, into FP32, or for integer scales into 32 bits;
- codebooks: entries rounded to eight bits, then as integers;
- posits: decoded by a `convert` for each operand to the smallest float that holds them all, and on
  as a float.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gen.config import make_config
from gen.errors import ConfigError
from hdl.formats import (
    BlockFormat,
    CodebookFormat,
    FloatFormat,
    Format,
    FormatError,
    IntFormat,
    LogFormat,
    PositFormat,
    parse_format,
)
from hdl.options import Objective
from synth.recipes import Effort

__all__ = ["Design", "Part", "Settings", "default_file", "design_of", "load_settings", "sweep_text"]

Params = dict[str, Any]

_SCALE_BITS = 6
"""Bits that the product of two integer scales is rounded to, as in VS-Quant's chip."""

_ENTRY = "q1.7"
"""What the entries of a codebook, which lie within -1 and 1, are rounded to."""

_ENTRY_LSB = -14
"""Weight of the lowest bit of a product of two of these, as a power of two."""


class Settings(BaseModel):
    """A study file: what is compared, and how.

    Attributes
    ----------
    formats, lanes
        Every pair is a point.
    objective, library, effort
        Of the synthesis.
    widest_exact
        Bits of a product of floats in fixed point up to which they are summed exactly.
    fraction_bits
        Bits that are kept below the largest term otherwise.
    vectors
        That each unit is checked with.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    formats: list[str] = Field(min_length=1)
    lanes: list[int] = Field(min_length=1)
    objective: Objective = "area"
    library: str = "nangate45"
    effort: Effort = "quick"
    widest_exact: int = Field(default=40, ge=1)
    fraction_bits: int = Field(default=25, ge=1, le=40)
    vectors: int = Field(default=10_000, ge=1)


@dataclass(frozen=True)
class Part:
    """Some units of one kind.

    Attributes
    ----------
    count
        How many there are of it side by side.
    unit, params
        The config.
    """

    count: int
    unit: str
    params: Params

    @property
    def config_hash(self) -> str:
        """Hash of the hardware, as `gen.config` has it."""
        return make_config(self.unit, self.params, source="study").config_hash


@dataclass(frozen=True)
class Design:
    """A multiply-accumulate unit for a format.

    Attributes
    ----------
    fmt
        Name of the format.
    lanes
        Products that it adds in a cycle.
    parts
        What it is made of, one after the other on the way from operands to result; empty if there
        is no hardware for it.
    how
        How the products are added, or why there is no hardware.
    """

    fmt: str
    lanes: int
    parts: tuple[Part, ...]
    how: str


def default_file() -> Path:
    """Return the study file that comes with slipstick."""
    here = Path(__file__).parent
    # An installed wheel carries it inside this package, a checkout in its own folder.
    installed, checkout = here / "study.toml", here.parent / "configs" / "study.toml"
    return installed if installed.is_file() else checkout


def load_settings(
    path: Path, *, formats: Sequence[str] = (), lanes: Sequence[int] = ()
) -> Settings:
    """Read a study file; `formats` and `lanes` take the place of its own if there are any.

    Raises
    ------
    ConfigError
        If the file cannot be read, a key is wrong, or a format is unknown.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode())
        given = {"formats": list(formats), "lanes": list(lanes)}
        settings = Settings.model_validate(content | {k: v for k, v in given.items() if v})
    except OSError as error:
        raise ConfigError(f"{path}: cannot read it: {error.strerror}") from error
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in details["loc"])
        unknown = details["type"] == "extra_forbidden"
        known = ", ".join(Settings.model_fields)
        rule = f"no such key; there are {known}" if unknown else details["msg"].lower()
        raise ConfigError(f"{path}: {key}: {rule}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: broken TOML: {error}") from error
    try:
        names = [parse_format(name).name for name in settings.formats]
    except FormatError as error:
        raise ConfigError(f"formats: {error}") from error
    for count in settings.lanes:
        if not 1 <= count <= 1024:
            raise ConfigError(f"lanes = {count}: it is 1 to 1024")
    return settings.model_copy(
        update={"formats": list(dict.fromkeys(names)), "lanes": sorted(set(settings.lanes))}
    )


def design_of(name: str, lanes: int, settings: Settings) -> Design:
    """Return the unit for a format."""
    fmt = parse_format(name)
    try:
        parts, how = _parts(fmt, lanes, settings)
        for part in parts:
            make_config(part.unit, part.params, source=f"{fmt.name} x {lanes}")
    except ConfigError as error:
        return Design(fmt.name, lanes, (), str(error))
    return Design(fmt.name, lanes, parts, how)


def _parts(fmt: Format, lanes: int, settings: Settings) -> tuple[tuple[Part, ...], str]:
    common: Params = {"objective": settings.objective}
    if isinstance(fmt, IntFormat):
        return (_dot(fmt.name, lanes, common | {"y": "int32"}),), "int32"
    if isinstance(fmt, FloatFormat):
        return _float_parts(fmt, lanes, settings)
    if isinstance(fmt, LogFormat):
        params = {"format": fmt.name, "lanes": lanes, "accumulator": "linear"}
        return (Part(1, "log_dot", common | params),), "linear"
    if isinstance(fmt, BlockFormat):
        return _block_parts(fmt, lanes, common)
    if isinstance(fmt, CodebookFormat):
        entries = {"a_table": _ENTRY, "b_table": _ENTRY, "y": "int32", "lsb": _ENTRY_LSB}
        return (_dot(fmt.name, lanes, common | entries),), f"{_ENTRY}, int32"
    if isinstance(fmt, PositFormat):
        decoded = posit_float(fmt)
        decoder = Part(2 * lanes, "convert", common | {"x": fmt.name, "y": decoded.name})
        rest, how = _float_parts(decoded, lanes, settings)
        return (decoder, *rest), f"decoded to {decoded.name}, {how}"
    raise ConfigError(f"{fmt.name}: no unit multiplies {fmt.kind} formats")


def _dot(name: str, lanes: int, params: Params) -> Part:
    return Part(1, "dot", {"a": name, "b": name, "lanes": lanes, "accumulate": True} | params)


def _float_parts(fmt: FloatFormat, lanes: int, settings: Settings) -> tuple[tuple[Part, ...], str]:
    params: Params = {"objective": settings.objective, "y": "fp32"}
    # From the lowest bit of the smallest product to the highest of the largest, and a sign.
    bits = 2 * (fmt.max_exponent + 1 - fmt.min_ulp_exponent) + 1
    how = "exact, fp32"
    if bits > settings.widest_exact:
        params |= {"align": "window", "fraction_bits": settings.fraction_bits}
        how = f"window {settings.fraction_bits}, fp32"
    return (_dot(fmt.name, lanes, params),), how


def _block_parts(fmt: BlockFormat, lanes: int, common: Params) -> tuple[tuple[Part, ...], str]:
    """Return units for blocks, which take a longer block in several cycles.

    Exact sums of several blocks whose scales are powers of two would be hundreds of bits wide: more
    lanes than a block has are several units.
    """
    integer = isinstance(fmt.scale, IntFormat)
    together = integer or isinstance(fmt.scale, FloatFormat)
    length = min(lanes, fmt.length)
    if lanes % length:
        raise ConfigError(f"{fmt.name}: {lanes} lanes are no whole number of blocks")
    stem = fmt.name.removesuffix(f"v{fmt.length}")
    name = fmt.name if length == fmt.length else f"{stem}v{length}"
    params = common | {"a": name, "b": name, "accumulate": True}
    params |= {"y": "int32", "scale_bits": _SCALE_BITS} if integer else {"y": "fp32"}
    blocks = lanes // length
    how = f"int32, scales to {_SCALE_BITS} bits" if integer else "exact in a block, fp32"
    if together:
        return (Part(1, "block_dot", params | {"blocks": blocks}),), how
    if blocks > 1:
        how += f"; {blocks} units"
    return (Part(blocks, "block_dot", params | {"blocks": 1}),), how


def posit_float(fmt: PositFormat) -> FloatFormat:
    """Return the smallest float without special codes in which a posit's numbers are normal ones.

    Their exponents reach to 2^es (n - 2) both ways; the most fraction bits, n - 3 - es, are next to
    one.
    """
    reach = (fmt.width - 2) << fmt.exponent_size
    mantissa = max(0, fmt.width - 3 - fmt.exponent_size)
    for exponent_bits in range(1, 12):
        found = parse_format(f"e{exponent_bits}m{mantissa}")
        assert isinstance(found, FloatFormat)
        if min(-found.min_exponent, found.max_exponent) >= reach:
            return found
    raise ConfigError(f"{fmt.name}: no float has all its numbers")


def sweep_text(parts: Iterable[Part], options: Mapping[str, Any], *, vectors: int) -> str:
    """Return a sweep file with these parts as its points, each once.

    Parameters
    ----------
    parts
        The points.
    options
        Table ``[synth]``.
    vectors
        To check each with.
    """
    points = {part.config_hash: part for part in parts}
    lines = [
        "# Written by `slipstick study`; `slipstick sweep` understands it as well.",
        "[synth]",
        *(f"{key} = {json.dumps(value)}" for key, value in options.items()),
        "",
        "[verify]",
        f"vectors = {vectors}",
    ]
    for part in points.values():
        values = {"unit": part.unit, **part.params}
        lines += ["", "[[points]]", *(f"{k} = {json.dumps(v)}" for k, v in values.items())]
    return "\n".join(lines) + "\n"
