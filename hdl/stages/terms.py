"""A term of a sum between the stages: a sign, a significand and where its lowest bit weighs."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Shape, Value, signed, unsigned

from hdl.formats import FloatFormat, Format, IntFormat

__all__ = [
    "Case",
    "Target",
    "Term",
    "TermRange",
    "operand_range",
    "product_range",
    "target_of",
    "weight_shape",
]


@dataclass(frozen=True)
class Case:
    """A class of non-zero values of a term for which more is known than for all of them.

    Attributes
    ----------
    leading_bit
        The significand is at least ``2**leading_bit``.
    max_weight
        Largest weight of the significand's lowest bit.
    """

    leading_bit: int
    max_weight: int


@dataclass(frozen=True)
class TermRange:
    """What is known of a term when the hardware is built.

    A term is worth ``significand * 2**(exponent + offset)``.

    Attributes
    ----------
    bits
        Width of the significand.
    offset
        Weight of the lowest significand bit where the exponent signal is 0.
    min_weight, max_weight
        Range of ``exponent + offset``.
    cases
        Cover all non-zero values.
    has_inf, has_nan
        Whether the term can be infinite or NaN.
    """

    bits: int
    offset: int
    min_weight: int
    max_weight: int
    cases: tuple[Case, ...]
    has_inf: bool
    has_nan: bool

    @property
    def exponent_bits(self) -> int:
        """Width of the exponent signal; 0 where the weight is fixed."""
        if self.min_weight == self.max_weight:
            return 0
        return (self.max_weight - self.offset).bit_length()


def operand_range(fmt: Format, *, flush: bool = False) -> TermRange:
    """Return the range of an operand of format `fmt`; with `flush`, subnormals count as zero."""
    if isinstance(fmt, IntFormat):
        return TermRange(fmt.width, 0, 0, 0, (Case(0, 0),), has_inf=False, has_nan=False)
    assert isinstance(fmt, FloatFormat)
    max_weight = fmt.max_exponent - fmt.mantissa_bits
    normal = Case(fmt.mantissa_bits, max_weight)
    subnormal = Case(0, fmt.min_ulp_exponent)
    return TermRange(
        bits=fmt.precision,
        # The exponent signal is the biased exponent, 1 for subnormals; none where all weigh alike.
        offset=fmt.min_ulp_exponent - (fmt.min_ulp_exponent != max_weight),
        min_weight=fmt.min_ulp_exponent,
        max_weight=max_weight,
        cases=(normal,) if flush or not fmt.mantissa_bits else (normal, subnormal),
        has_inf=fmt.has_inf,
        has_nan=fmt.has_nan,
    )


def product_range(a: TermRange, b: TermRange) -> TermRange:
    """Return the range of the exact product of two terms, not renormalised."""
    return TermRange(
        bits=a.bits + b.bits,
        offset=a.offset + b.offset,
        min_weight=a.min_weight + b.min_weight,
        max_weight=a.max_weight + b.max_weight,
        cases=tuple(
            Case(p.leading_bit + q.leading_bit, p.max_weight + q.max_weight)
            for p in a.cases
            for q in b.cases
        ),
        has_inf=a.has_inf or b.has_inf,
        has_nan=a.has_nan or b.has_nan or a.has_inf or b.has_inf,
    )


def weight_shape(low: int, high: int) -> Shape:
    """Return the shape of a signal for weights in this range: signed, unless none is negative."""
    bits = max(low.bit_length(), high.bit_length())
    return signed(bits + 1) if low < 0 else unsigned(bits)


@dataclass(frozen=True)
class Target:
    """Where a result is rounded.

    Attributes
    ----------
    precision
        Bits of a full significand.
    min_exponent
        Weight of the leading bit of the smallest full significand; below it, rounding stays at
        `min_weight`.
    """

    precision: int
    min_exponent: int

    @property
    def min_weight(self) -> int:
        """Smallest weight of a rounded result's lowest bit."""
        return self.min_exponent - self.precision + 1


def target_of(fmt: Format) -> Target:
    """Return where a result of format `fmt` is rounded.

    An integer is a significand as wide as itself whose lowest bit always weighs 1: all integers in
    range are "subnormal" or in the first binade, all larger ones overflow.
    """
    if isinstance(fmt, IntFormat):
        return Target(fmt.width, fmt.width - 1)
    assert isinstance(fmt, FloatFormat)
    return Target(fmt.precision, fmt.min_exponent)


@dataclass(frozen=True)
class Term:
    """The signals of a term.

    Attributes
    ----------
    sign
        1 for a negative term, also for a negative zero.
    exponent
        Unsigned; see `TermRange`.
    significand
        Unsigned magnitude; zero for a zero, unspecified for infinity and NaN.
    is_zero, is_inf, is_nan
        What it is; at most one is set.
    is_invalid
        A signaling NaN, or for a product infinity times zero.
    """

    sign: Value
    exponent: Value
    significand: Value
    is_zero: Value
    is_inf: Value
    is_nan: Value
    is_invalid: Value
