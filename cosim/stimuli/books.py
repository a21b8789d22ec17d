"""Operands that stand for entries of a table: those in order, and what is next to them.

Codebooks, and posits too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import Operand, code_dtype
from cosim.golden.dot import factors_of, tables_of
from cosim.golden.rounding import NumberFormat
from hdl.formats import IntFormat

__all__ = ["Book", "operands_of"]

Codes = NDArray[Any]

_FEW_BITS = 4
"""Width of a code up to which every one is a corner."""


@dataclass(frozen=True)
class Book:
    """A table as `cosim.stimuli.operands` sees formats; several codes may have one value.

    Parameters
    ----------
    bits
        Width of a code.
    numbers
        Format of the rounded entries, in the unit that sums are counted in.
    table
        Codes of the entries in that format.
    """

    bits: int
    numbers: NumberFormat
    table: tuple[int, ...]

    @cached_property
    def entries(self) -> NDArray[np.float64]:
        """The entries, by code."""
        codes = np.array(self.table, dtype=code_dtype(self.numbers.bits))
        significand, exponent = Operand(codes, self.numbers).unpack()
        return np.ldexp(significand.astype(np.float64), exponent)

    @cached_property
    def special_codes(self) -> Codes:
        """Codes of entries that are NaN, whose `entries` are 0."""
        codes = np.array(self.table, dtype=code_dtype(self.numbers.bits))
        special = Operand(codes, self.numbers).is_special()
        found = [] if special is None else np.flatnonzero(special)
        return np.array(found, dtype=code_dtype(self.bits))

    @cached_property
    def order(self) -> Codes:
        """Codes from the least entry up, without the special ones."""
        order = np.argsort(self.entries, kind="stable").astype(code_dtype(self.bits))
        return order[~np.isin(order, self.special_codes)]

    @cached_property
    def _ascending(self) -> NDArray[np.float64]:
        return self.entries[self.order]

    @property
    def is_signed(self) -> bool:
        """Whether there is a negative entry."""
        return bool(self._ascending[0] < 0)

    @property
    def precision(self) -> int:
        """Bits of the significand of a number that is multiplied."""
        fmt = self.numbers
        return fmt.bits if isinstance(fmt, IntFormat) else fmt.precision

    @cached_property
    def span(self) -> tuple[int, int, int]:
        """Weight of the lowest bit of any entry, and the least and greatest entry in its units."""
        codes = np.array(self.table, dtype=code_dtype(self.numbers.bits))
        significand, exponent = Operand(codes, self.numbers).unpack()
        pairs = list(zip(significand.tolist(), exponent.tolist(), strict=True))
        used = [((s & -s).bit_length() - 1 + e) for s, e in pairs if s]
        lowest = min(used, default=0)
        units = [s << (e - lowest) if e >= lowest else s >> (lowest - e) for s, e in pairs]
        return lowest, min(units), max(units)

    def values(self, codes: Codes) -> NDArray[np.float64]:
        """Return the entries of codes."""
        return self.entries.take(codes)

    def nearest(self, wanted: ArrayLike) -> Codes:
        """Return the codes of the entries nearest to some values, infinite ones included."""
        numbers = np.nan_to_num(np.asarray(wanted, dtype=np.float64))
        above = np.searchsorted(self._ascending, numbers).clip(1, len(self.order) - 1)
        low, high = self._ascending[above - 1], self._ascending[above]
        return self.order[np.where(numbers - low < high - numbers, above - 1, above)]

    def nudged(self, codes: Codes, steps: ArrayLike) -> Codes:
        """Return the codes of the entries so many places further up; ends do not wrap."""
        rank = np.zeros(len(self.table), dtype=np.int64)
        rank[self.order] = np.arange(len(self.order))
        moved = rank.take(codes) + np.asarray(steps, dtype=np.int64)
        return self.order[moved.clip(0, len(self.order) - 1)]

    def negated(self, codes: Codes) -> Codes:
        """Return the codes of the entries nearest to the opposites."""
        return self.nearest(-self.values(codes))

    def corner_codes(self) -> Codes:
        """Return all codes of a small book; else those of both ends, around zero, and a few."""
        if self.bits <= _FEW_BITS:
            return np.arange(len(self.table)).astype(code_dtype(self.bits))
        zero = int(np.searchsorted(self._ascending, 0.0))
        last = len(self.order) - 1
        ranks = [0, 1, zero - 1, zero, zero + 1, last // 2, last - 1, last]
        powers = np.clip([1 << k for k in range(self.bits)], 0, last)
        corners = np.union1d(self.order[np.clip(ranks, 0, last)], self.order[powers])
        return np.union1d(corners, self.special_codes)

    def exponent_range(self) -> tuple[int, int]:
        """Return the exponents of the smallest and largest entry other than zero."""
        magnitudes = np.abs(self.entries[self.entries != 0])
        if not magnitudes.size:
            return 0, 0
        exponents = np.frexp(magnitudes)[1] - 1
        return int(exponents.min()), int(exponents.max())

    def of_exponent(self, exponent: NDArray[Any], rng: np.random.Generator) -> Codes:
        """Return the codes of entries about as large as ``2^exponent``, of random sign."""
        low, high = self.exponent_range()
        scale = np.ldexp(1.0, np.clip(exponent, low, high))
        sign = np.where(rng.random(scale.shape) < 0.5, -1.0, 1.0)
        return self.nearest(sign * scale * (1 + rng.random(scale.shape)))


def operands_of(params: Mapping[str, Any]) -> tuple[NumberFormat | Book, NumberFormat | Book]:
    """Return the operands a and b of a `dot` in units of y's lowest bit, codebooks as books."""
    factors, formats = tables_of(params), factors_of(params)
    a, b = (
        fmt
        if one.table is None
        else Book((len(one.table) - 1).bit_length(), fmt, tuple(one.table.tolist()))
        for one, fmt in zip(factors.values(), formats, strict=True)
    )
    return a, b
