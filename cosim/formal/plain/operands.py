"""Operands as sign, significand, shift and class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cosim.formal.plain.verilog import bits
from hdl.formats import (
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    PowerFormat,
    SignMagnitudeFormat,
)

__all__ = ["Kind", "Vector", "integer", "kind_of", "unpack"]

Kind = IntFormat | FixedFormat | FloatFormat | PowerFormat | SignMagnitudeFormat
"""Formats of which there is a description."""


def kind_of(fmt: Format) -> Kind:
    """Return a format of which there is a description.

    Raises
    ------
    LookupError
        If there is none.
    """
    if not isinstance(fmt, Kind):
        raise LookupError(f"format {fmt.name!r} has no reference description")
    return fmt


@dataclass(frozen=True)
class Vector:
    """What is in the lanes of a port.

    Attributes
    ----------
    port
        Its name, or that of a wire.
    bits
        Width of a code.
    fmt
        Format of the numbers that are multiplied.
    table
        Their codes by the codes in the port; None where those are such numbers themselves.
    """

    port: str
    bits: int
    fmt: Kind
    table: tuple[int, ...] | None = None

    def code(self, lane: int) -> str:
        """Return what is in a lane."""
        return f"{self.port}[{lane * self.bits}+:{self.bits}]"

    def number(self, stem: str, lane: int) -> Iterator[str]:
        """Yield a wire called `stem` with the number that a lane stands for."""
        if self.table is None:
            yield f"wire [{self.fmt.bits - 1}:0] {stem} = {self.code(lane)};"
            return
        entries = ", ".join(bits(code, self.fmt.bits) for code in reversed(self.table))
        yield f"wire [{len(self.table) * self.fmt.bits - 1}:0] {stem}_table = {{{entries}}};"
        yield f"wire [{self.bits - 1}:0] {stem}_code = {self.code(lane)};"
        yield (
            f"wire [{self.fmt.bits - 1}:0] {stem} = {stem}_table >> "
            f"({stem}_code * {bits(self.fmt.bits, 16)});"
        )

    @property
    def precision(self) -> int:
        """Bits of a significand."""
        if isinstance(self.fmt, PowerFormat):
            return 1
        return self.fmt.precision if isinstance(self.fmt, FloatFormat) else self.fmt.bits

    @property
    def unit(self) -> int:
        """Weight of the lowest bit of a significand that is not shifted, as a power of two."""
        match self.fmt:
            case FloatFormat():
                return self.fmt.min_ulp_exponent
            case PowerFormat():
                return -self.fmt.bias
            case FixedFormat():
                return -self.fmt.fraction_bits
            case _:
                return 0

    @property
    def span(self) -> int:
        """Bits that every significand has room in, however it is shifted."""
        if isinstance(self.fmt, PowerFormat):
            return 1 << self.fmt.bits
        if isinstance(self.fmt, FloatFormat):
            return self.precision + (1 << self.fmt.exponent_bits)
        return self.precision


def integer(code: str, fmt: Kind) -> str:
    """Return the code of an integer as a number."""
    return f"$signed({code})" if fmt.is_signed else f"$signed({{1'b0, {code}}})"


def unpack(stem: str, fmt: Kind, *, flush: bool) -> Iterator[str]:
    """Yield sign, classes, significand and shift: the value is significand << shift, in units."""
    yield f"wire {stem}_negative = " + (f"{stem}[{fmt.bits - 1}];" if fmt.is_signed else "0;")
    match fmt:
        case FloatFormat():
            yield from _unpack_float(stem, fmt, flush=flush)
        case PowerFormat():
            # Powers of two have no sign, no zero and no infinity.
            yield f"wire {stem}_significand = 1'b1, {stem}_inf = 0, {stem}_signaling = 0;"
            yield f"wire [{fmt.bits - 1}:0] {stem}_shift = {stem};"
            yield f"wire {stem}_nan = &{stem}, {stem}_zero = 0;"
        case _:
            magnitude = f"{stem}_negative ? -{stem} : {stem}"
            if isinstance(fmt, SignMagnitudeFormat):
                magnitude = f"{{1'b0, {stem}[{fmt.bits - 2}:0]}}"
            yield f"wire [{fmt.bits - 1}:0] {stem}_significand = {magnitude};"
            yield f"wire {stem}_shift = 0, {stem}_nan = 0, {stem}_signaling = 0, {stem}_inf = 0;"
            yield f"wire {stem}_zero = {stem}_significand == 0;"


def _unpack_float(stem: str, fmt: FloatFormat, *, flush: bool) -> Iterator[str]:
    m, e = fmt.mantissa_bits, fmt.exponent_bits
    field = f"{stem}[{m + e - 1}:{m}]"
    mantissa = f"{stem}[{m - 1}:0]" if m else "1'b0"
    yield f"wire {stem}_subnormal = {field} == 0;"
    significand = f"{{!{stem}_subnormal, {mantissa}}}" if m else f"!{stem}_subnormal"
    if flush:
        significand = f"{stem}_subnormal ? {bits(0, m + 1)} : {significand}"
    yield f"wire [{m}:0] {stem}_significand = {significand};"
    yield f"wire [{e - 1}:0] {stem}_shift = {stem}_subnormal ? 0 : {field} - 1;"
    top = bits((1 << e) - 1, e)
    if fmt.specials == "ieee":
        yield f"wire {stem}_inf = {field} == {top} && {mantissa} == 0;"
        yield f"wire {stem}_nan = {field} == {top} && {mantissa} != 0;"
    else:
        nan = {
            "none": "0",
            "fn": f"&{stem}[{m + e - 1}:0]",
            "fnuz": f"{stem} == {bits(1 << (m + e), fmt.bits)}",
        }[fmt.specials]
        yield f"wire {stem}_inf = 0, {stem}_nan = {nan};"
    signaling = f"{stem}_nan && !{stem}[{m - 1}]" if fmt.specials == "ieee" and m >= 2 else "0"
    yield f"wire {stem}_signaling = {signaling};"
    yield f"wire {stem}_zero = {stem}_significand == 0 && !{stem}_nan;"
