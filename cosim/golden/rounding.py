"""The one rounding: exact sums into codes, with overflow, underflow and the flags they raise."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.stochastic import Random
from hdl.formats import FloatFormat, IntFormat

__all__ = [
    "INEXACT",
    "INVALID",
    "OVERFLOW",
    "RANDOM_BITS",
    "ROUNDINGS",
    "UNDERFLOW",
    "WORD_BITS",
    "NumberFormat",
    "Rounded",
    "Target",
    "bit_length",
    "round_float",
    "round_int",
]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NumberFormat = IntFormat | FloatFormat

ROUNDINGS = ("rne", "rtz", "rup", "rdn", "rna")

INVALID, OVERFLOW, UNDERFLOW, INEXACT = 8, 4, 2, 1
"""Bits of the flags, in the order of RISC-V fflags."""

WORD_BITS = 61
"""Bits of the largest magnitude that `round_float` takes: twice its remainder fits into int64."""


RANDOM_BITS = 24
"""Widest words of stochastic rounding: a float of 32 bits and they have less than 50 together."""


@dataclass(frozen=True)
class Target:
    """Where results go: their format and what happens to those that it does not hold.

    Parameters
    ----------
    fmt
        Format of the results.
    rounding
        One of `ROUNDINGS`, or ``stochastic`` for a float format.
    overflow
        ``ieee`` or ``saturate`` for a float format, ``wrap`` or ``saturate`` for an integer one.
    subnormals
        ``ieee`` or ``flush``.
    integers
        Whether all operands are integers, which ``wrap`` needs.
    """

    fmt: NumberFormat
    rounding: str
    overflow: str
    subnormals: str
    _: KW_ONLY
    integers: bool

    def __post_init__(self) -> None:
        is_integer = isinstance(self.fmt, IntFormat)
        known = ("wrap", "saturate") if is_integer else ("ieee", "saturate")
        for key, value, choices in (
            ("rounding", self.rounding, ROUNDINGS if is_integer else (*ROUNDINGS, "stochastic")),
            ("overflow", self.overflow, known),
            ("subnormals", self.subnormals, ("ieee", "flush")),
        ):
            if value not in choices:
                raise ValueError(
                    f"{key} = {value!r}: for {self.fmt.name} it is {' or '.join(choices)}"
                )
        if self.overflow == "wrap" and not self.integers:
            raise ValueError("overflow = 'wrap': only where all operands are integers")

    @property
    def flush(self) -> bool:
        """Whether subnormals become zeros."""
        return self.subnormals == "flush"

    @property
    def nan_code(self) -> int:
        """What an invalid operation delivers."""
        if isinstance(self.fmt, IntFormat):
            return 0
        return self.fmt.nan_code if self.fmt.has_nan else self.fmt.max_code

    def infinity_code(self, negative: bool) -> int:
        """Return what an infinite result becomes."""
        fmt = self.fmt
        if isinstance(fmt, IntFormat):
            return (fmt.min_value if negative else fmt.max_value) & ((1 << fmt.bits) - 1)
        if negative and not fmt.signed:
            return 0
        if self.overflow == "ieee" and fmt.has_nan and not fmt.has_inf:
            return fmt.nan_code
        magnitude = fmt.inf_code if self.overflow == "ieee" and fmt.has_inf else fmt.max_code
        return magnitude | (fmt.sign_mask if negative else 0)

    def zero_code(self, negative: bool) -> int:
        """Return the zero of that sign, or the only one."""
        if isinstance(self.fmt, FloatFormat) and self.fmt.has_negative_zero and negative:
            return self.fmt.sign_mask
        return 0


class Rounded(NamedTuple):
    """Codes as uint64 with the flags (uint8) that rounding raised."""

    codes: NDArray[np.uint64]
    flags: NDArray[np.uint8]


def bit_length(magnitude: Ints) -> Ints:
    """Return the number of bits of non-negative integers; meaningless for 0."""
    # Without the bit below the leading one the conversion cannot round up to a power of two.
    as_float = (magnitude & ~(magnitude >> 1)).astype(np.float64)
    return (as_float.view(np.int64) >> 52) - 1022


def round_float(
    value: Ints, exponent: Ints | int, target: Target, random: Random | None = None
) -> Rounded:
    """Round ``value * 2^exponent`` into a float format; a zero gives +0.

    Parameters
    ----------
    value
        Signed, of at most `WORD_BITS` bits. Where it has at least two bits more than the
        precision of the format, its lowest may be sticky: set for anything non-zero below.
    exponent
        Weight of its lowest bit.
    target
        The float format, and how to round.
    random
        For ``stochastic``, where `value` then has so many more bits. The flag for underflow means
        nothing there: IEEE 754 has no such rounding.
    """
    fmt = target.fmt
    assert isinstance(fmt, FloatFormat)
    hidden = 1 << fmt.mantissa_bits
    negative = value < 0
    magnitude = np.abs(value)
    leading = bit_length(magnitude) + exponent
    # The rounded significand plus (exponent field - 1) * 2^mantissa_bits is the code, for normal
    # and subnormal numbers alike, and a carry out of the significand steps the exponent.
    ulp = np.maximum(leading - fmt.precision, fmt.min_ulp_exponent)
    if random is None:
        kept, inexact = _round_at(magnitude, ulp - exponent, negative, target.rounding)
    else:
        kept, inexact = _round_with(random, magnitude, ulp - exponent)
    code = kept + ((ulp - fmt.min_ulp_exponent) << fmt.mantissa_bits)
    nonzero = magnitude > 0
    code = np.where(nonzero, code, 0)

    overflowed = code > fmt.max_code
    tiny = nonzero & (code <= hidden) & (leading <= fmt.min_exponent)
    flushed = nonzero & (code < hidden) if target.flush else np.zeros_like(negative)
    code = np.where(flushed, 0, code)

    flags = (inexact | overflowed | flushed).astype(np.uint8) * np.uint8(INEXACT)
    flags |= overflowed.astype(np.uint8) * np.uint8(OVERFLOW)
    if tiny.any() and random is None:
        # Tininess is decided as if the exponent had no lower bound, so with a finer ulp.
        rows = np.flatnonzero(tiny & inexact)
        finer = leading[rows] - fmt.precision
        shift = finer - (exponent if isinstance(exponent, int) else exponent[rows])
        unbounded, _ = _round_at(magnitude[rows], shift, negative[rows], target.rounding)
        below = unbounded + ((finer - fmt.min_ulp_exponent) << fmt.mantissa_bits) < hidden
        flags[rows[below]] |= UNDERFLOW
        flags |= flushed.astype(np.uint8) * np.uint8(UNDERFLOW)

    if fmt.signed:
        signed = negative if fmt.has_negative_zero else negative & (code > 0)
        code |= np.where(signed, fmt.sign_mask, 0)
    else:
        code[negative] = 0
    if overflowed.any():
        for sign in (False, True):
            rows = overflowed & (negative == sign)
            code[rows] = _overflow_code(target, sign)
    return Rounded(code.view(np.uint64), flags)


def _overflow_code(target: Target, negative: bool) -> int:
    """Return the code of a finite result beyond the largest one (IEEE 754-2019, 7.4)."""
    fmt = target.fmt
    assert isinstance(fmt, FloatFormat)
    stopped = target.rounding in ("rtz", "rup" if negative else "rdn")
    if stopped and (fmt.signed or not negative):
        return fmt.max_code | (fmt.sign_mask if negative else 0)
    return target.infinity_code(negative)


def _round_at(magnitude: Ints, shift: Ints, negative: Bools, rounding: str) -> tuple[Ints, Bools]:
    """Return ``magnitude / 2^shift`` rounded to an integer, and where that was inexact."""
    # Beyond 62 the remainder is the magnitude, below half a unit: no need to tell how far.
    right = np.minimum(np.maximum(shift, 0), 62)
    kept = magnitude >> right
    unit = np.int64(1) << right
    twice = (magnitude & (unit - 1)) << 1
    inexact = twice > 0
    if rounding == "rne":
        kept += twice + (kept & 1) > unit
    elif rounding == "rna":
        kept += twice >= unit
    elif rounding == "rup":
        kept += inexact & ~negative
    elif rounding == "rdn":
        kept += inexact & negative
    return kept << np.minimum(np.maximum(-shift, 0), 62), inexact


def _round_with(random: Random, magnitude: Ints, shift: Ints) -> tuple[Ints, Bools]:
    """Return ``floor(magnitude / 2^shift + word / 2^bits)``, and where the quotient had a rest.

    Of the rest only the bits that stand beside the word's count: what is below cannot carry.
    """
    right = np.clip(shift, 0, 62)
    kept = magnitude >> right
    rest = magnitude - (kept << right)
    # Farther right than 62 the rest is all of the magnitude, and lies that much lower.
    beside = rest << np.clip(random.bits - shift, 0, random.bits)
    beside >>= np.clip(shift - random.bits, 0, 62)
    kept += beside + random.words.astype(np.int64) >> random.bits
    return kept << np.clip(-shift, 0, 62), rest > 0


def round_int(high: Ints, low: Ints, fraction: NDArray[Any], target: Target) -> Rounded:
    """Round ``high * 2^32 + low + fraction`` into an integer format.

    Parameters
    ----------
    high
        Signed upper part, or anything beyond +-2^33 with the right sign and low 32 bits.
    low
        0 to 2^32 - 1.
    fraction
        What lies above ``high * 2^32 + low``: 0 nothing, 1 less than half, 2 half, 3 more.
    target
        The integer format, and how to round.
    """
    fmt = target.fmt
    assert isinstance(fmt, IntFormat)
    negative = high < 0
    if target.rounding == "rne":
        up = (fraction > 2) | (fraction == 2) & (low & 1 > 0)
    elif target.rounding == "rna":
        up = (fraction > 2) | (fraction == 2) & ~negative
    elif target.rounding == "rtz":
        up = (fraction > 0) & negative
    elif target.rounding == "rup":
        up = fraction > 0
    else:
        up = np.zeros_like(negative)
    low = low + up
    high = high + (low >> 32)
    low = low & 0xFFFF_FFFF

    def beyond(bound: int, sign: int) -> Bools:
        bound_high, bound_low = bound >> 32, bound & 0xFFFF_FFFF
        distance = (high - bound_high) * sign
        return (distance > 0) | (distance == 0) & ((low - bound_low) * sign > 0)

    above, below = beyond(fmt.max_value, 1), beyond(fmt.min_value, -1)
    mask = (1 << fmt.bits) - 1
    codes = ((high << 32) | low).view(np.uint64) & np.uint64(mask)
    if target.overflow == "saturate":
        codes[above] = fmt.max_value & mask
        codes[below] = fmt.min_value & mask
    invalid = above | below
    flags = np.where(invalid, np.uint8(INVALID), (fraction > 0).astype(np.uint8))
    return Rounded(codes, flags)
