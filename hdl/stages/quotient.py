"""Numbers with the leading one on top, and their quotients as terms to round."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.divider import Divider
from hdl.bricks.normalizer import Normalizer, NormalizerKind
from hdl.stages.terms import Case, Term, TermRange

__all__ = ["Lead", "Number", "NumberRange", "Quotient", "lead_range"]


@dataclass(frozen=True)
class NumberRange:
    """What is known of a `Number`: the bits of its significand, and where its leading one can be.

    Attributes
    ----------
    bits
        Width of the significand.
    lowest, highest
        Exponents of the smallest and largest leading one.
    """

    bits: int
    lowest: int
    highest: int

    @property
    def exponent_bits(self) -> int:
        """Width of the exponent."""
        return (self.highest - self.lowest).bit_length()


@dataclass(frozen=True)
class Number:
    """A positive number: ``significand / 2^(bits - 1) * 2^(exponent + lowest)``.

    Attributes
    ----------
    exponent
        Unsigned, counted from the lowest there is.
    significand
        Its top bit is set.
    """

    exponent: Value
    significand: Value


def lead_range(source: TermRange) -> NumberRange:
    """Return the range of a term's magnitude with its leading one on top."""
    return NumberRange(source.bits, source.min_weight, source.max_weight + source.bits - 1)


class Lead(wiring.Component):
    """Shifts the leading one of a term to the top. Combinational.

    Of a zero the exponent may be anything, and the significand has its top bit set nevertheless.

    Parameters
    ----------
    source
        Range of the term.
    kind
        How the leading one is found, see `hdl.bricks.normalizer.Normalizer`.

    Attributes
    ----------
    range : NumberRange
        Of the result.

    Members
    -------
    term_exponent : In(source.exponent_bits)
    term_significand : In(source.bits)
    exponent : Out(range.exponent_bits)
    significand : Out(source.bits)
    """

    def __init__(self, source: TermRange, kind: NormalizerKind) -> None:
        self.source = source
        self.kind: NormalizerKind = kind
        self.range = lead_range(source)
        super().__init__(
            {
                "term_exponent": In(source.exponent_bits),
                "term_significand": In(source.bits),
                "exponent": Out(self.range.exponent_bits),
                "significand": Out(source.bits),
            }
        )

    def connect(self, m: Module, exponent: Value, significand: Value) -> Number:
        """Feed a term's fields in and return the number."""
        m.d.comb += [self.term_exponent.eq(exponent), self.term_significand.eq(significand)]
        return Number(self.exponent, self.significand)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self.source.bits
        # The exponent of the top bit, where nothing is shifted.
        top = self.source.offset + bits - 1 - self.range.lowest
        if bits == 1:
            m.d.comb += [self.exponent.eq(self.term_exponent + top), self.significand.eq(1)]
            return m
        m.submodules.normalizer = normalizer = Normalizer(bits, bits, bits, bits, self.kind)
        m.d.comb += [
            normalizer.data.eq(self.term_significand),
            normalizer.room.eq(bits),
            self.exponent.eq(self.term_exponent + top - normalizer.amount),
            self.significand.eq(Cat(normalizer.shifted[:-1], Const(1))),
        ]
        return m


class Quotient(wiring.Component):
    """``dividend / divisor`` down to a sticky bit, as the magnitude of a term. Combinational.

    Parameters
    ----------
    dividend, divisor
        Ranges of the numbers. Their significands may be larger than ``2^bits``, by the factors
        below, and then have more bits.
    precision
        Bits of the quotient that count, from its leading one, beside half of the last.
    dividend_factor, divisor_factor
        Integers that the significands have been multiplied by.

    Attributes
    ----------
    range : TermRange
        Of the result.

    Members
    -------
    dividend_exponent, dividend_significand, divisor_exponent, divisor_significand : In
        Fields of the numbers.
    exponent : Out(range.exponent_bits)
    significand : Out(range.bits)
        The lowest bit is set where anything is left.
    """

    def __init__(
        self,
        dividend: NumberRange,
        divisor: NumberRange,
        precision: int,
        *,
        dividend_factor: int = 1,
        divisor_factor: int = 1,
    ) -> None:
        self.dividend = dividend
        self.divisor = divisor
        # Both as fractions of one point: 1 to 2, or 1 to 4 where a factor has gone in.
        grown = [(factor.bit_length() - 1) for factor in (dividend_factor, divisor_factor)]
        self._points = dividend.bits - 1 + grown[0], divisor.bits - 1 + grown[1]
        self._widths = tuple(
            number.bits + factor.bit_length() - (factor == 1)
            for number, factor in ((dividend, dividend_factor), (divisor, divisor_factor))
        )
        self._whole = 1 + (dividend_factor > 1)
        self._fraction = precision + 1 + (divisor_factor > 1)
        offset = dividend.lowest - divisor.highest + grown[0] - grown[1] - self._fraction - 1
        span = dividend.highest - dividend.lowest + divisor.highest - divisor.lowest
        self.range = TermRange(
            self._whole + self._fraction + 1,
            offset,
            offset,
            offset + span,
            (Case(0, offset + span),),
            has_inf=False,
            has_nan=False,
        )
        super().__init__(
            {
                "dividend_exponent": In(dividend.exponent_bits),
                "dividend_significand": In(self._widths[0]),
                "divisor_exponent": In(divisor.exponent_bits),
                "divisor_significand": In(self._widths[1]),
                "exponent": Out(self.range.exponent_bits),
                "significand": Out(self.range.bits),
            }
        )

    def connect(
        self, m: Module, dividend: Number, divisor: Number, sign: Value, is_zero: Value
    ) -> Term:
        """Feed the numbers in and return the term; a zero is one whatever the numbers are."""
        m.d.comb += [
            self.dividend_exponent.eq(dividend.exponent),
            self.dividend_significand.eq(dividend.significand),
            self.divisor_exponent.eq(divisor.exponent),
            self.divisor_significand.eq(divisor.significand),
        ]
        never = Const(0)
        magnitude = self.significand & (~is_zero).replicate(self.range.bits)
        return Term(sign, self.exponent, magnitude, is_zero, never, never, never)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        point = max(self._points)
        shifts = [point - own for own in self._points]
        m.submodules.divider = divider = Divider(
            self._widths[0] + shifts[0], self._widths[1] + shifts[1], self._whole, self._fraction
        )
        furthest = self.divisor.highest - self.divisor.lowest
        m.d.comb += [
            divider.dividend.eq(self.dividend_significand << shifts[0]),
            divider.divisor.eq(self.divisor_significand << shifts[1]),
            self.significand.eq(Cat(divider.inexact, divider.quotient)),
            self.exponent.eq(self.dividend_exponent + furthest - self.divisor_exponent),
        ]
        return m
