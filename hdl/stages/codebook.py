"""Operands that are places in a table: the entries as numbers that hardware multiplies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.lut import Lut
from hdl.formats import CodebookFormat, FixedFormat, FloatFormat, Format, IntFormat, PositFormat
from hdl.stages.decode import Decode
from hdl.stages.tabulate import MAX_TABLE_BITS, tabulate
from hdl.stages.terms import Case, Term, TermRange
from hdl.stages.unpack import TermFields, Unpack

__all__ = ["Codebook", "Entry", "UnpackCodebook", "as_factor", "unpack_of"]


class Entry(NamedTuple):
    """A number, ``significand * 2**weight`` with a sign; a zero may have one, too."""

    negative: bool
    significand: int
    weight: int


@dataclass(frozen=True)
class Codebook:
    """A codebook whose entries are rounded into a number format: to nearest even, saturating.

    Parameters
    ----------
    fmt
        The codebook.
    table
        Format of the rounded entries: a signed float, an integer, or fixed point.
    lsb
        Values are in units of ``2**lsb``.

    Raises
    ------
    ValueError
        If the table cannot be one.
    """

    fmt: CodebookFormat
    table: Format
    lsb: int = 0

    def __post_init__(self) -> None:
        if self.fmt.bits > MAX_TABLE_BITS:
            raise ValueError(
                f"a codebook to decode has at most {1 << MAX_TABLE_BITS} entries, "
                f"not the {1 << self.fmt.bits} of {self.fmt.name}"
            )
        if not isinstance(self.table, IntFormat | FixedFormat | FloatFormat):
            raise ValueError(f"entries in {self.table.name} are not to be multiplied")

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.fmt.bits

    @cached_property
    def codes(self) -> list[int]:
        """The rounded entries, as codes of the table's format."""
        rounded = tabulate(
            self.fmt, self.table, rounding="rne", overflow="saturate", flush=False, random_bits=0
        )
        return rounded.lower

    @property
    def integer(self) -> IntFormat:
        """What the codes of an integer or fixed-point table are, without their weight."""
        assert isinstance(self.table, IntFormat | FixedFormat)
        return IntFormat(self.table.bits, self.table.signed)

    @property
    def weight(self) -> int:
        """Weight of the lowest bit of those."""
        fraction = self.table.fraction_bits if isinstance(self.table, FixedFormat) else 0
        return -fraction - self.lsb

    def entries(self, *, flush: bool = False) -> list[Entry]:
        """Return the rounded entries; with `flush`, a float table's subnormals are zero."""
        table = self.table
        if not isinstance(table, FloatFormat):
            fmt = self.integer
            wrap = 1 << fmt.width if fmt.signed else 0
            numbers = [code - wrap if code > fmt.max_value else code for code in self.codes]
            return [Entry(number < 0, abs(number), self.weight) for number in numbers]
        entries: list[Entry] = []
        for code in self.codes:
            field, mantissa = divmod(code & table.magnitude_mask, 1 << table.mantissa_bits)
            significand = mantissa | 1 << table.mantissa_bits if field else mantissa * (not flush)
            weight = max(field, 1) - 1 + table.min_ulp_exponent - self.lsb
            entries.append(Entry(bool(code & table.sign_mask), significand, weight))
        return entries

    def range(self, *, flush: bool = False) -> TermRange:
        """Return the range of the entries: narrower than that of all numbers of their format."""
        numbers = [entry for entry in self.entries(flush=flush) if entry.significand]
        weights = [entry.weight for entry in numbers] or [self.weight]
        # A window counts exponents from a float's hidden bit, whether or not an entry has it.
        bits = self.table.precision if isinstance(self.table, FloatFormat) else 1
        bits = max([bits, *(entry.significand.bit_length() for entry in numbers)])
        leading = {entry.significand.bit_length() - 1 for entry in numbers}
        cases = tuple(
            Case(bit, max(e.weight for e in numbers if e.significand.bit_length() == bit + 1))
            for bit in sorted(leading)
        )
        lowest, highest = min(weights), max(weights)
        return TermRange(
            bits,
            lowest,
            lowest,
            highest,
            cases or (Case(0, lowest),),
            has_inf=False,
            has_nan=False,
        )

    @property
    def largest(self) -> int:
        """Largest magnitude, in units of the lowest weight that an entry has."""
        lowest = self.range().min_weight
        # A zero may weigh less than all others.
        return max(e.significand << max(0, e.weight - lowest) for e in self.entries())


class UnpackCodebook(wiring.Component):
    """Looks a code's entry up, as the fields that `hdl.stages.unpack.Unpack` makes of a code.

    One table holds all fields, so that what depends on the code alone is decided when it is built:
    hidden bits, subnormals, the magnitudes of negative integers. Combinational.

    Parameters
    ----------
    book
        The codebook.
    flush
        Whether subnormal entries are zero.

    Members
    -------
    code : In(book.bits)
    sign, is_zero : Out(1)
        See `hdl.stages.terms.Term`; no entry is infinite or NaN.
    exponent : Out(range.exponent_bits)
    significand : Out(range.bits)
    """

    def __init__(self, book: Codebook, *, flush: bool = False) -> None:
        self.book = book
        self.flush = flush
        self.range = book.range(flush=flush)
        super().__init__(
            {
                "code": In(book.bits),
                "sign": Out(1),
                "exponent": Out(self.range.exponent_bits),
                "significand": Out(self.range.bits),
                "is_zero": Out(1),
            }
        )

    @property
    def term(self) -> Term:
        """The outputs as a `Term`."""
        never = Const(0)
        return Term(self.sign, self.exponent, self.significand, self.is_zero, never, never, never)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fields = [self.sign, self.is_zero, self.significand, self.exponent]
        rows: list[int] = []
        for entry in self.book.entries(flush=self.flush):
            is_zero = entry.significand == 0
            exponent = 0 if is_zero else entry.weight - self.range.offset
            row = entry.negative | is_zero << 1 | entry.significand << 2
            rows.append(row | exponent << (2 + self.range.bits))
        m.submodules.table = table = Lut(rows, sum(len(field) for field in fields))
        m.d.comb += [table.x.eq(self.code), Cat(fields).eq(table.y)]
        return m


def as_factor(fmt: Format, table: Format | None, name: str) -> Format | Codebook:
    """Return an operand's format, or with a table the codebook that it is.

    Raises
    ------
    ValueError
        If a codebook has no table, or something else has one; `name` is the operand's.
    """
    if isinstance(fmt, CodebookFormat):
        if table is None:
            raise ValueError(f"{name} = {fmt.name} needs {name}_table, the format of its entries")
        return Codebook(fmt, table)
    if table is not None:
        raise ValueError(f"{name}_table = {table.name} needs a codebook, not {fmt.name}")
    return fmt


def unpack_of(factor: Format | Codebook, *, flush: bool) -> TermFields | UnpackCodebook:
    """Return what splits the codes of an operand into fields."""
    if isinstance(factor, Codebook):
        return UnpackCodebook(factor, flush=flush)
    return Decode(factor) if isinstance(factor, PositFormat) else Unpack(factor, flush=flush)
