"""Rules of dot products of block formats, and what follows for parameters left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from gen.params.base import RuleError
from hdl.formats import BlockFormat, FloatFormat, Format, FormatError, IntFormat, parse_format

if TYPE_CHECKING:
    from hdl.stages.block_shape import BlockWindow

__all__ = ["BlockSum", "Sparsity", "check_selection", "complete", "two_numbers"]

_TOTAL_BITS = 60
_INTEGER_BITS = 48
"""Widths of exact sums and of integer results: golden models compute them in 64 bits."""

_MOST = 64


def two_numbers(text: str) -> tuple[int, int]:
    """Return N and M of ``"N:M"``."""
    n, m = text.split(":")
    return int(n), int(m)


def _sparsity(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]?:[1-9][0-9]?", text):
        raise ValueError('is "N:M", N weights of every M; nearest: 2:4')
    n, m = two_numbers(text)
    if not n < m <= _MOST:
        raise ValueError(f"N:M has an N below M, and an M of {_MOST} at most; nearest: 2:4")
    return text


Sparsity = Annotated[
    str,
    AfterValidator(_sparsity),
    Field(
        examples=["2:4", "1:2", "1:4", "4:8", "2:3"],
        json_schema_extra={"pattern": "^[1-9][0-9]?:[1-9][0-9]?$", "listed": True},
    ),
]


def check_selection(sparsity: str | None, lanes: int) -> None:
    """Raise `RuleError` unless operands can be selected for so many lanes."""
    from hdl.sparse_dot import check_sparsity
    from hdl.sparse_mux import MAX_META_BITS
    from hdl.stages.select import index_bits

    if sparsity is None:
        return
    n, m = two_numbers(sparsity)
    if n * index_bits(m) > MAX_META_BITS:
        raise RuleError("sparsity", f"{sparsity} has more than {MAX_META_BITS} bits a group")
    try:
        check_sparsity(lanes, n, m)
    except ValueError as error:
        raise RuleError("sparsity", str(error)) from error


@dataclass(frozen=True)
class BlockSum:
    """A dot product of block formats, as somebody asks for it.

    Attributes
    ----------
    a, b
        Formats of the vectors.
    blocks, scale_bits, window, accumulate, rounding
        As in `hdl.block_dot.BlockDot`.
    y, c
        Names of the formats of result and addend; None for the default and for none.
    overflow
        None for the default.
    """

    a: BlockFormat
    b: BlockFormat
    blocks: int
    scale_bits: int | None
    window: BlockWindow | None
    y: str | None
    c: str | None
    accumulate: bool
    rounding: str
    overflow: str | None


def complete(asked: BlockSum, key: str) -> tuple[str, str]:
    """Return the format of the result and its overflow.

    Parameters
    ----------
    asked
        What to build.
    key
        The parameter to blame for formats and scales that do not go together.

    Raises
    ------
    RuleError
        If it cannot be built.
    """
    from hdl.stages.block_shape import BlockShape, check_block_options, exact_block_format

    c = None if asked.c is None else parse_format(asked.c)
    try:
        shape = BlockShape(asked.a, asked.b, asked.blocks, asked.scale_bits, asked.window)
    except ValueError as error:
        raise RuleError(key, str(error)) from error
    if shape.integer_scales and shape.total_bits > _TOTAL_BITS:
        raise RuleError(key, f"has sums of {shape.total_bits} bits, more than {_TOTAL_BITS}")
    overflow = asked.overflow or ("wrap" if shape.integer_scales else "ieee")
    try:
        if asked.y is None:
            y: Format = exact_block_format(shape, c, accumulate=asked.accumulate)
        else:
            y = parse_format(asked.y)
        check_block_options(
            shape,
            y,
            c,
            accumulate=asked.accumulate,
            rounding=asked.rounding,
            overflow=overflow,
        )
    except (ValueError, FormatError) as error:
        raise RuleError("y", str(error)) from error
    for name, fmt in (("y", y), ("c", c)):
        limit = _TOTAL_BITS + 1 if name == "y" else _INTEGER_BITS
        if isinstance(fmt, IntFormat) and fmt.bits > limit:
            raise RuleError(name, f"has at most {limit} bits, unlike {fmt.name}")
        if isinstance(fmt, FloatFormat) and fmt.exponent_bits > 8:
            raise RuleError(name, f"has at most 8 exponent bits, unlike {fmt.name}")
    return y.name, overflow
