"""The one datapath behind `fma` and `dot`: round(sum of a[i] * b[i], plus c)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.binades import DOUBLE
from cosim.golden.codec import (
    INFINITE,
    NAN,
    NEGATIVE,
    SIGNALING,
    ZERO,
    Operand,
    code_dtype,
    span_of,
)
from cosim.golden.exact import Limbs, Word, add_sticky
from cosim.golden.kernels import kernel_of, tabulated_kernel_of
from cosim.golden.rounding import (
    INVALID,
    OVERFLOW,
    WORD_BITS,
    NumberFormat,
    Rounded,
    Target,
)
from cosim.golden.stochastic import Random
from hdl.formats import FloatFormat, IntFormat

__all__ = ["LEAST_MAXIMUM", "MAX_FRACTION_BITS", "NO_TERM", "SumOfProducts", "Trace", "Window"]

_BLOCK = 1 << 14
"""Products computed at once: some twenty int64 arrays of that size stay in a level-2 cache."""

_LEAST_ROWS = 2048
"""Sums computed at once, if they are of many products: for fewer, numpy is slow to start."""

_MANY = 1 << 16
"""Sums that are worth a table for their rounding."""

_DOUBLE_BITS = 53
"""Integers of so many bits are float64 numbers."""

_STICKY_BITS = 56
"""Widest operand of `add_sticky`."""


class Trace(NamedTuple):
    """What happened on the way to results; for those who count cases, not for the result.

    Attributes
    ----------
    codes, flags
        The results.
    is_special
        Where an operand is infinite or NaN: nothing else below means anything there.
    sum
        The exact sum, its lowest bit sticky where it has more bits than the result can tell.
    fraction
        What an integer result leaves of the sum above the next lower integer: 0 nothing, 1 less
        than half, 2 half, 3 more. 0 for a float result.
    largest
        Exponent of the leading bit of the largest term, for a product of those of its factors
        together (which may be one less); below `NO_TERM` where all terms are zero.
    """

    codes: NDArray[Any]
    flags: NDArray[np.uint8]
    is_special: NDArray[np.bool_]
    sum: Word
    fraction: NDArray[np.uint8]
    largest: NDArray[np.int64]


NO_TERM = -(1 << 20)
"""Lower than the exponent of any term that is not zero."""


MAX_FRACTION_BITS = 40
"""Widest window whose sums of 1024 terms are still one `Word`."""

LEAST_MAXIMUM = -126
"""The largest exponent of a sum's terms counts as this where it is smaller."""


@dataclass(frozen=True)
class Window:
    """What is kept of each term of a sum, below the largest exponent of its terms.

    Parameters
    ----------
    fraction_bits
        Fraction bits that are kept, up to `MAX_FRACTION_BITS`.
    sticky
        Whether three more are kept: guard, round, and a last one that is set where anything below
        is.
    """

    fraction_bits: int
    sticky: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.fraction_bits <= MAX_FRACTION_BITS:
            raise ValueError(f"fraction_bits = {self.fraction_bits}: 1 to {MAX_FRACTION_BITS}")

    @property
    def kept_bits(self) -> int:
        """Fraction bits of a term after alignment."""
        return self.fraction_bits + (3 if self.sticky else 0)

    def cut(
        self, magnitude: NDArray[np.int64], weight: NDArray[np.int64], lowest: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return ``magnitude * 2^weight`` in units of ``2^lowest``, less what is smaller."""
        # Only a zero can lie so far above the window that its shift is limited.
        placed = magnitude << np.clip(weight - lowest, 0, 62)
        right = np.clip(lowest - weight, 0, 62)
        kept = placed >> right
        if self.sticky:
            kept |= kept << right != placed
        return kept


@dataclass(frozen=True)
class SumOfProducts:
    """Bit-exact ``round(sum of a[i] * b[i], plus c)`` for any integer and float formats.

    The sum is exact: in int64 where formats and lanes allow it, else as two floating words (one
    product, or an int64 sum of products, and an addend), else in limbs. With a `window` (floats
    only) it is the exact sum of terms cut off at a common place:

        e[i] = exponent of a[i] + exponent of b[i], of c its own; subnormals have the least normal's
        E = max(-126, e[i] of all terms that are not zero)
        term[i] = +- floor(|significand product| * 2^(e[i] - E + F)) * 2^(E - F)

    Parameters
    ----------
    a, b
        Formats of the multiplicands and the multipliers.
    c
        Format of the addend, or None if there never is one.
    lanes
        Number of products in a sum.
    target
        Format of the result, and how to round. Its `subnormals` holds for the operands too.
    window
        How much of the terms is added; None for all. A NaN result then has all bits but the sign
        set, and an overflow under ``ieee`` is infinite whatever the rounding: so do the tensor
        cores that windows are taken from (MMA-Sim, arXiv 2511.10909).
    """

    a: NumberFormat
    b: NumberFormat
    c: NumberFormat | None
    lanes: int
    target: Target
    window: Window | None = None

    def __post_init__(self) -> None:
        formats = (self.a, self.b, self.c, self.target.fmt)
        if self.window and any(isinstance(fmt, IntFormat) for fmt in formats):
            raise ValueError("a window needs floats: integers have no exponents to align by")

    @property
    def nan_code(self) -> int:
        """What an invalid operation delivers."""
        fmt = self.target.fmt
        if self.window and isinstance(fmt, FloatFormat) and fmt.has_inf:
            return fmt.magnitude_mask
        return self.target.nan_code

    def __call__(
        self,
        a: NDArray[Any],
        b: NDArray[Any],
        c: NDArray[Any] | None,
        random: Random | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """Return codes and flags.

        Parameters
        ----------
        a, b
            Codes, shape (n, lanes).
        c
            Codes, shape (n,), or None for no addend at all.
        random
            For stochastic rounding.
        """
        return self._compute(a, b, c, self._round, random)

    def codes(self, a: NDArray[Any], b: NDArray[Any], c: NDArray[Any] | None) -> NDArray[Any]:
        """Return the codes alone, mostly in less time than with the flags; not stochastic."""
        lowest, bound = self._fixed_point(has_addend=c is not None)
        fmt = self.target.fmt
        is_double = bound.bit_length() <= _DOUBLE_BITS and abs(lowest) < DOUBLE.bias - _DOUBLE_BITS
        if self.window or isinstance(fmt, IntFormat) or not is_double:
            return self._compute(a, b, c, self._round)[0]
        target = self.target
        kernel_for = tabulated_kernel_of if len(a) >= _MANY else kernel_of
        encode = kernel_for(fmt, target.rounding, target.overflow, target.flush, DOUBLE)

        def rounded(total: Word | Limbs, _: None) -> tuple[NDArray[Any], int]:
            assert isinstance(total, Word)
            return encode(total.value * 2.0**lowest, None, 0), 0

        return self._compute(a, b, c, rounded)[0]

    def _compute(
        self,
        a: NDArray[Any],
        b: NDArray[Any],
        c: NDArray[Any] | None,
        rounded: Callable[[Word | Limbs, Any], tuple[NDArray[Any], NDArray[np.uint8] | int]],
        random: Random | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """Return codes and flags of sums that become what `rounded` says."""
        count = len(a)
        codes = np.empty(count, dtype=code_dtype(self.target.fmt.bits))
        flags = np.empty(count, dtype=np.uint8)
        is_zero = np.empty(count, dtype=np.bool_)
        flush = self.target.flush
        x, y = Operand(a, self.a, flush), Operand(b, self.b, flush)
        z = None if c is None or self.c is None else Operand(c, self.c, flush)
        rows = max(_LEAST_ROWS, _BLOCK // self.lanes)
        for start in range(0, count, rows):
            block = slice(start, start + rows)
            total = self._sum(x[block], y[block], None if z is None else z[block])
            is_zero[block] = total.is_zero()
            codes[block], flags[block] = rounded(total, None if random is None else random[block])
        if self.target.zero_code(True) != 0:
            zeros = np.flatnonzero(is_zero)
            negative = zeros[self._is_negative_zero(*_select(zeros, x, y, z))]
            codes[negative] = self.target.zero_code(True)
        special = _special_rows(x, y, z)
        if special.size:
            codes[special], flags[special] = self._of_specials(*_select(special, x, y, z))
        return codes, flags

    def trace(self, a: NDArray[Any], b: NDArray[Any], c: NDArray[Any] | None) -> Trace:
        """Return the results with how they came about; operands as for a call.

        All at once: callers bound the number of rows.
        """
        codes, flags = self(a, b, c)
        flush = self.target.flush
        x, y = Operand(a, self.a, flush), Operand(b, self.b, flush)
        z = None if c is None or self.c is None else Operand(c, self.c, flush)
        total = self._sum(x, y, z)
        is_special = np.zeros(len(a), dtype=np.bool_)
        is_special[_special_rows(x, y, z)] = True
        terms = _leading_exponents(x) + _leading_exponents(y)
        if z is not None:
            terms = np.hstack([terms, _leading_exponents(z)[:, None]])
        if isinstance(self.target.fmt, IntFormat):
            fraction = total.split().fraction
        else:
            fraction = np.zeros(len(a), dtype=np.uint8)
        word = total if isinstance(total, Word) else total.leading_word()
        return Trace(codes, flags, is_special, word, fraction, terms.max(axis=1))

    def _round(self, total: Word | Limbs, random: Random | None) -> Rounded:
        rounded = total.round(self.target, random)
        if self.window:
            negative = total.is_negative()
            for sign in (False, True):
                beyond = (rounded.flags & OVERFLOW > 0) & (negative == sign)
                rounded.codes[beyond] = self.target.infinity_code(sign)
        return rounded

    def _fixed_point(self, *, has_addend: bool) -> tuple[int, int]:
        """Return the weight of the lowest bit of any sum, as a power of two, and the largest sum.

        The latter in units of the former.
        """
        a, b = span_of(self.a), span_of(self.b)
        exponent = a.exponent + b.exponent
        lowest = min(exponent, 0) if isinstance(self.target.fmt, IntFormat) else exponent
        bound = a.magnitude * b.magnitude * self.lanes
        if not has_addend or self.c is None:
            return lowest, bound << (exponent - lowest)
        c = span_of(self.c)
        lowest = min(lowest, c.exponent)
        return lowest, (bound << (exponent - lowest)) + (c.magnitude << (c.exponent - lowest))

    def _sum(self, a: Operand, b: Operand, c: Operand | None) -> Word | Limbs:
        """Add all terms exactly; infinities and NaN count as 0 here."""
        if self.window:
            return self._windowed_sum(self.window, a, b, c)
        exponent = a.span.exponent + b.span.exponent
        magnitude = a.span.magnitude * b.span.magnitude * self.lanes
        to_integer = isinstance(self.target.fmt, IntFormat)
        lowest, bound = self._fixed_point(has_addend=c is not None)

        if bound.bit_length() <= WORD_BITS:
            value = _fixed_products(a, b).value << (exponent - lowest)
            return Word(value if c is None else value + c.fixed_point(lowest), lowest)

        if not to_integer and (c is None or c.precision <= _STICKY_BITS):
            products = None
            if magnitude.bit_length() <= _STICKY_BITS:
                products = _fixed_products(a, b)
            elif self.lanes == 1 and a.precision + b.precision <= _STICKY_BITS:
                products = _floating_products(a, b)
            if products is not None:
                return products if c is None else add_sticky(products, Word(*c.unpack()))

        limbs = Limbs.zeros(len(a.codes), lowest, lowest + bound.bit_length())
        x, y = a.unpack(), b.unpack()
        limbs.add(
            np.abs(x.significand).view(np.uint64) * np.abs(y.significand).view(np.uint64),
            (x.significand < 0) ^ (y.significand < 0),
            x.exponent + y.exponent,
        )
        if c is not None:
            limbs.add(*_magnitudes(c))
        return limbs.carried()

    def _windowed_sum(self, window: Window, a: Operand, b: Operand, c: Operand | None) -> Word:
        """Cut all terms off at the same place and add them; infinities and NaN count as 0."""
        x, y = a.unpack(), b.unpack()
        product = x.significand * y.significand
        weight = x.exponent + y.exponent
        if c is not None:
            z = c.unpack()
            product = np.hstack([product, z.significand[:, None]])
            weight = np.hstack([weight, z.exponent[:, None]])
        # A term's exponent is the weight of the 1 in front of its fraction.
        fraction_bits = np.full(product.shape[1], a.precision - 1 + b.precision - 1)
        if c is not None:
            fraction_bits[-1] = c.precision - 1
        exponent = np.where(product == 0, LEAST_MAXIMUM, weight + fraction_bits)
        largest = np.maximum(exponent.max(axis=1), LEAST_MAXIMUM)
        lowest = largest - window.kept_bits
        kept = window.cut(np.abs(product), weight, lowest[:, None])
        return Word(np.where(product < 0, -kept, kept).sum(axis=1), lowest)

    def _is_negative_zero(self, a: Operand, b: Operand, c: Operand | None) -> NDArray[np.bool_]:
        """Tell which exact zero sums are -0 (IEEE 754-2019, 6.3)."""
        x, y = a.traits(), b.traits()
        terms = ((x ^ y) & NEGATIVE) | ((x | y) & ZERO)
        if c is not None:
            terms = np.hstack([terms, c.traits()[:, None] & (NEGATIVE | ZERO)])
        if self.window:
            # Every term is cut off to zero, or they cancel.
            negative = np.asarray(terms & NEGATIVE > 0)
            signs = negative.any(axis=1) if self.target.rounding == "rdn" else negative.all(axis=1)
            return np.asarray(signs)
        only_negative_zeros = (terms == NEGATIVE | ZERO).all(axis=1)
        if self.target.rounding != "rdn":
            return only_negative_zeros
        return ~(terms == ZERO).all(axis=1)

    def _of_specials(self, a: Operand, b: Operand, c: Operand | None) -> Rounded:
        """Return what sums with infinities and NaN give."""
        x, y = a.traits(), b.traits()
        either = x | y
        terms = ((x ^ y) & NEGATIVE) | (either & ~NEGATIVE)
        # Zero times infinity; as a NaN it hides that the term is infinite too.
        invalid = (either & (INFINITE | ZERO)) == INFINITE | ZERO
        terms[invalid] |= NAN
        if c is not None:
            terms = np.hstack([terms, c.traits()[:, None]])
        kinds = terms & (NEGATIVE | INFINITE | NAN)
        plus = (kinds == INFINITE).any(axis=1)
        minus = (kinds == INFINITE | NEGATIVE).any(axis=1)
        nan = (terms & NAN).any(axis=1)
        codes = np.where(minus, self.target.infinity_code(True), self.target.infinity_code(False))
        codes[nan | (plus & minus)] = self.nan_code
        raised = invalid.any(axis=1) | (terms & SIGNALING).any(axis=1) | (plus & minus & ~nan)
        if isinstance(self.target.fmt, IntFormat):
            raised[:] = True
        return Rounded(codes.astype(np.uint64), raised * np.uint8(INVALID))


def _select(
    rows: NDArray[np.intp], a: Operand, b: Operand, c: Operand | None
) -> tuple[Operand, Operand, Operand | None]:
    return a[rows], b[rows], None if c is None else c[rows]


def _special_rows(a: Operand, b: Operand, c: Operand | None) -> NDArray[np.intp]:
    special = np.zeros(len(a.codes), dtype=np.bool_)
    for operand in (a, b, c):
        found = None if operand is None else operand.is_special()
        if found is not None and found.size:
            # They are few: finding them is faster than reducing row by row.
            special[np.flatnonzero(found) // (found.size // len(special))] = True
    return np.flatnonzero(special)


def _leading_exponents(operand: Operand) -> NDArray[np.int64]:
    """Return the exponents of the leading bits, far below `NO_TERM` for zeros."""
    magnitude, exponent = operand.codes, np.int64(0)
    if operand.fmt.name != "uint64":
        significand, exponent = operand.unpack()
        magnitude = np.abs(significand)
    # Without the bit below the leading one the conversion cannot round up to a power of two.
    _, length = np.frexp((magnitude & ~(magnitude >> 1)).astype(np.float64))
    return np.where(magnitude == 0, 4 * NO_TERM, length - 1 + exponent)


def _fixed_products(a: Operand, b: Operand) -> Word:
    """Return the sums of products, which must fit into int64."""
    x, y = a.fixed_point(a.span.exponent), b.fixed_point(b.span.exponent)
    return Word(np.einsum("ij,ij->i", x, y), a.span.exponent + b.span.exponent)


def _floating_products(a: Operand, b: Operand) -> Word:
    """Return the products of one lane, each with its own exponent."""
    x, y = a[:, 0].unpack(), b[:, 0].unpack()
    return Word(x.significand * y.significand, x.exponent + y.exponent)


def _magnitudes(
    operand: Operand,
) -> tuple[NDArray[np.uint64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return magnitude, whether negative, and exponent, each of shape (n, 1)."""
    codes = operand.codes[:, None]
    if operand.fmt.name == "uint64":
        return codes, np.zeros(codes.shape, dtype=np.bool_), np.zeros(codes.shape, dtype=np.int64)
    significand, exponent = operand[:, None].unpack()
    return np.abs(significand).view(np.uint64), significand < 0, exponent
