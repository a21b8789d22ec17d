"""Number formats as data: what the bits of a code mean, with no code that computes on them."""

from __future__ import annotations

from hdl.formats.base import (
    Format,
    FormatError,
    aliases,
    families,
    named_formats,
    parse_format,
    register,
    register_family,
)
from hdl.formats.binary import FloatFormat, IntFormat, Specials, default_bias
from hdl.formats.block import BlockFormat, ScaleRule
from hdl.formats.codebook import CodebookFormat
from hdl.formats.exponential import LogFormat, PositFormat, PowerFormat
from hdl.formats.linear import FixedFormat, SignMagnitudeFormat

__all__ = [
    "BlockFormat",
    "CodebookFormat",
    "FixedFormat",
    "FloatFormat",
    "Format",
    "FormatError",
    "IntFormat",
    "LogFormat",
    "PositFormat",
    "PowerFormat",
    "ScaleRule",
    "SignMagnitudeFormat",
    "Specials",
    "aliases",
    "default_bias",
    "families",
    "named_formats",
    "parse_format",
    "register",
    "register_family",
]
