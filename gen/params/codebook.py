"""Operands that may be posits or codebooks, and the formats of their entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from gen.params.base import RuleError
from gen.params.rounding import operand
from gen.params.scalar import identifier
from hdl.formats import CodebookFormat, FixedFormat, PositFormat, parse_format

__all__ = ["FactorFormat", "TableFormat", "check_tables", "factor_name"]

_ENTRIES = 4096
_ENTRY_BITS = 16


def _factor(name: str) -> str:
    fmt = parse_format(name)
    if isinstance(fmt, PositFormat):
        return fmt.name
    if not isinstance(fmt, CodebookFormat):
        return operand(name)
    if len(fmt.values) > _ENTRIES:
        raise ValueError(f"a codebook has at most {_ENTRIES} entries, {fmt.name} {len(fmt.values)}")
    return fmt.name


def _table(name: str) -> str:
    fmt = parse_format(name)
    if fmt.bits > _ENTRY_BITS:
        raise ValueError(f"an entry has at most {_ENTRY_BITS} bits, {fmt.name} has {fmt.bits}")
    return fmt.name if isinstance(fmt, FixedFormat) else operand(name)


FactorFormat = Annotated[
    str, AfterValidator(_factor), Field(examples=["e4m3", "int8", "bf16", "posit8es2", "nf4"])
]
TableFormat = Annotated[
    str, AfterValidator(_table), Field(examples=["q1.7", "int8", "fp16", "e4m3"])
]


def check_tables(factors: Mapping[str, tuple[str, str | None]]) -> None:
    """Raise `RuleError` unless codebooks, and they only, have a format of their entries.

    Parameters
    ----------
    factors
        Names of an operand's format and of its entries' (None for none), by the operand's name.
    """
    for key, (fmt, table) in factors.items():
        is_codebook = isinstance(parse_format(fmt), CodebookFormat)
        if is_codebook and table is None:
            raise RuleError(
                f"{key}_table",
                f"is needed with the codebook {fmt}: the format its entries are rounded into, "
                "for example q1.7, fp16 or e4m3",
            )
        if table is not None and not is_codebook:
            raise RuleError(f"{key}_table", f"needs a codebook, for example nf4, as {key}")


def factor_name(fmt: str, table: str | None) -> str:
    """Return an operand's format as a part of a Verilog identifier."""
    return identifier(fmt) if table is None else f"{identifier(fmt)}_as_{identifier(table)}"
