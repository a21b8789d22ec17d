"""Parameters of units that turn codes of one scalar format into codes of another."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from hdl.formats import BlockFormat, FloatFormat, Format, parse_format

__all__ = ["ScalarFormat", "identifier", "scalar"]

_EXPONENT_BITS = 10
_LARGEST_EXPONENT = 500
"""Values, and products of two, then lie in the range of float64, in which golden models count."""


def scalar(name: str) -> str:
    """Return the canonical name of a scalar format of ordinary range."""
    fmt = parse_format(name)
    if isinstance(fmt, BlockFormat):
        raise ValueError(f"{fmt.name} is a block format: its codes are elements and scales")
    if isinstance(fmt, FloatFormat):
        _check_range(fmt)
    return fmt.name


def _check_range(fmt: FloatFormat) -> None:
    if fmt.exponent_bits > _EXPONENT_BITS:
        raise ValueError(f"{fmt.name} has more than {_EXPONENT_BITS} exponent bits")
    if max(fmt.max_exponent, -fmt.min_ulp_exponent) > _LARGEST_EXPONENT:
        raise ValueError(f"{fmt.name} has values beyond 2^+-{_LARGEST_EXPONENT}")


ScalarFormat = Annotated[
    str,
    AfterValidator(scalar),
    Field(examples=["e4m3", "int8", "fp32", "q4.4", "sm8", "e8m0", "log4.3", "posit8es2"]),
]


def identifier(fmt: str | Format) -> str:
    """Return the name of a format as a part of a Verilog identifier."""
    return re.sub(r"\W", "_", str(fmt))
