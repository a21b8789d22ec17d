"""Exact sums: int64 words where they are wide enough, fixed point in 32-bit limbs elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.rounding import (
    WORD_BITS,
    Rounded,
    Target,
    bit_length,
    round_float,
    round_int,
)
from cosim.golden.stochastic import Random
from hdl.formats import IntFormat

__all__ = ["LIMB_BITS", "Limbs", "Split", "Word", "add_sticky"]

Ints = NDArray[np.int64]

LIMB_BITS = 32
_LIMB_MASK = (1 << LIMB_BITS) - 1


class Split(NamedTuple):
    """``high * 2^32 + low + fraction``, as `round_int` takes it."""

    high: Ints
    low: Ints
    fraction: NDArray[Any]


class Word(NamedTuple):
    """``value * 2^exponent``, of `WORD_BITS` bits at most.

    Attributes
    ----------
    value
        Signed integers, shape (n,).
    exponent
        Weight of the lowest bit: one for all (then 0 or below for an integer result), or one each.
    """

    value: Ints
    exponent: Ints | int

    def is_zero(self) -> NDArray[np.bool_]:
        """Where the sum is exactly zero."""
        return self.value == 0

    def is_negative(self) -> NDArray[np.bool_]:
        """Where the sum is below zero."""
        return self.value < 0

    def round(self, target: Target, random: Random | None = None) -> Rounded:
        """Return the rounded codes, and flags; the words are for stochastic rounding."""
        if not isinstance(target.fmt, IntFormat):
            return round_float(self.value, self.exponent, target, random)
        return round_int(*self.split(), target)

    def split(self) -> Split:
        """Cut at the point: integer below, and the class of the fraction above it."""
        # Below 2^-62 any word is less than half: no need to tell by how much.
        point = np.minimum(-np.asarray(self.exponent), 62)
        whole = self.value >> point
        rest = self.value - (whole << point)
        twice, unit = rest << 1, np.int64(1) << point
        fraction = (rest > 0).astype(np.uint8) + (twice >= unit) + (twice > unit)
        return Split(whole >> LIMB_BITS, whole & _LIMB_MASK, fraction)


def add_sticky(x: Word, y: Word) -> Word:
    """Add two words of any exponents, with the lowest bit of the sum sticky.

    With at most 56 bits in each operand the sum is right to all but its lowest bit, and that is
    set where bits were lost (round to odd), which is enough for any later rounding to less than
    50 bits. Proof: the larger operand is shifted left by at least 4 bits, so it keeps all its bits
    and ends in zeros. If the smaller loses bits, it lies at least 4 binades below the larger, so
    the sum cancels one leading bit at most.
    """
    top = np.maximum(_leading(x), _leading(y))
    base = top - (WORD_BITS - 1)
    return Word(_place(x, base) + _place(y, base), base)


def _leading(word: Word) -> Ints:
    # A zero never decides the common exponent.
    return np.where(
        word.value == 0, -(1 << 30), bit_length(np.abs(word.value)) + np.asarray(word.exponent)
    )


def _place(word: Word, base: Ints) -> Ints:
    shift = np.asarray(word.exponent) - base
    right = np.minimum(np.maximum(-shift, 0), 62)
    placed = word.value >> right
    lost = (placed << right) != word.value
    return (placed | lost) << np.maximum(shift, 0)


@dataclass(frozen=True)
class Limbs:
    """Fixed-point numbers of any width: ``sum of limbs[k] * 2^(exponent + 32 k)``.

    Terms are added first; `carried` then makes the limbs unique, which the other methods rely on.

    Parameters
    ----------
    limbs
        Shape (limb, n), int64.
    exponent
        Weight of the lowest bit, a multiple of 32.
    """

    limbs: Ints
    exponent: int

    @classmethod
    def zeros(cls, count: int, lowest: int, highest: int) -> Limbs:
        """Return `count` zeros for terms that are multiples of ``2^lowest`` below ``2^highest``.

        Up to 2^30 such terms may be added. Zero lies on a limb boundary, with two limbs above it
        and one below at least: rounding reads those.
        """
        bottom = min(lowest // LIMB_BITS, 0) - 2
        top = max(highest // LIMB_BITS + 4, 4)
        return cls(np.zeros((top - bottom, count), dtype=np.int64), bottom * LIMB_BITS)

    def add(self, magnitude: NDArray[np.uint64], negative: NDArray[Any], exponent: Ints) -> None:
        """Add ``+-magnitude * 2^exponent`` in place; the terms of sum i in row i, shape (n, m)."""
        offset = exponent - self.exponent
        first, shift = offset >> 5, (offset & 31).astype(np.uint64)
        mask = np.uint64(_LIMB_MASK)
        lower = (magnitude & mask) << shift
        upper = ((magnitude >> LIMB_BITS) << shift) + (lower >> LIMB_BITS)
        count = self.limbs.shape[1]
        where = first * count + np.arange(count)[:, None]
        flat = self.limbs.reshape(-1)
        for k, piece in enumerate((lower & mask, upper & mask, upper >> LIMB_BITS)):
            signed = piece.astype(np.int64)
            np.add.at(flat, where + k * count, np.where(negative, -signed, signed))

    def carried(self) -> Limbs:
        """Return the same numbers with limbs of 0 to 2^32 - 1; only the top one has a sign."""
        limbs = self.limbs.copy()
        for k in range(len(limbs) - 1):
            limbs[k + 1] += limbs[k] >> LIMB_BITS
            limbs[k] &= _LIMB_MASK
        return Limbs(limbs, self.exponent)

    def is_zero(self) -> NDArray[np.bool_]:
        """Where the sum is exactly zero."""
        return (self.limbs == 0).all(axis=0)

    def is_negative(self) -> NDArray[np.bool_]:
        """Where the sum is below zero."""
        return self.limbs[-1] < 0

    def round(self, target: Target, random: Random | None = None) -> Rounded:
        """Return the rounded codes, and flags; the words are for stochastic rounding."""
        if not isinstance(target.fmt, IntFormat):
            return self.leading_word().round(target, random)
        return round_int(*self.split(), target)

    def split(self) -> Split:
        """Cut at the point: integer below, and the class of the fraction above it."""
        limbs = self.limbs
        point = -self.exponent // LIMB_BITS
        half = limbs[point - 1] - (1 << (LIMB_BITS - 1))
        below = limbs[: point - 1].any(axis=0) | (limbs[point - 1] & (_LIMB_MASK >> 1) > 0)
        # 0 nothing, 1 less than half, 2 half, 3 more.
        fraction = 2 * (half >= 0) + below
        high = limbs[-1]
        for limb in limbs[-2:point:-1]:
            # Far out of range only the sign and the low 32 bits matter.
            high = np.clip(high, -(1 << 30), 1 << 30) << LIMB_BITS | limb
        return Split(high, limbs[point], fraction)

    def leading_word(self) -> Word:
        """Return the leading 33 bits or more, the lowest sticky."""
        negative = self.limbs[-1] < 0
        magnitude = np.where(negative, -self.limbs, self.limbs)
        limbs = Limbs(magnitude, self.exponent).carried().limbs
        count, columns = limbs.shape
        nonzero = limbs != 0
        top = np.maximum(count - 1 - nonzero[::-1].argmax(axis=0), 1)
        column = np.arange(columns)
        pair = limbs[top, column].astype(np.uint64) << LIMB_BITS
        pair |= limbs[top - 1, column].astype(np.uint64)
        lowest = np.where(nonzero.any(axis=0), nonzero.argmax(axis=0), count)
        # 33 to 64 bits; where they are too many for a word, 4 go.
        drop = np.where(pair >> (WORD_BITS - 1), np.uint64(4), np.uint64(0))
        word = pair >> drop
        sticky = (lowest < top - 1) | (word << drop != pair)
        value = word.astype(np.int64) | sticky
        exponent = (top - 1) * LIMB_BITS + self.exponent + drop.astype(np.int64)
        return Word(np.where(negative, -value, value), exponent)
