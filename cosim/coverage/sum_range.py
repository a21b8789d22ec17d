"""Between which limits, and in which steps, sums of products and an addend can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cosim.coverage.sum_bins import SumBins
from cosim.golden.codec import Operand, Span, as_format
from cosim.stimuli.books import Book
from hdl.formats import FloatFormat, Format, IntFormat

__all__ = ["SumRange", "precision_of", "scaled"]


@dataclass(frozen=True)
class SumRange:
    """What is known of the sums of a unit without trying them.

    All of it counts in units of ``2^lowest``.
    """

    bins: SumBins

    @cached_property
    def has_cycles(self) -> bool:
        return bool(self.bins.params.get("accumulate"))

    @cached_property
    def lowest(self) -> int:
        """Exponent of a power of two that every sum is a multiple of."""
        lowest = sum(_span(fmt).exponent for fmt in self.bins.factors)
        fmt = self.bins.target.fmt
        if self.has_cycles:
            # What was rounded is no multiple of less, unless a limit of y stood in for it.
            limit = 0 if isinstance(fmt, IntFormat) else fmt.max_exponent - fmt.mantissa_bits
            return min(lowest, limit)
        return lowest if self.bins.addend is None else min(lowest, _span(self.bins.addend).exponent)

    @cached_property
    def products(self) -> tuple[int, int]:
        """Smallest and largest sum of products, in units of ``2^lowest``."""
        (a_low, a_high), (b_low, b_high) = (_limits(fmt) for fmt in self.bins.factors)
        shift = sum(_span(fmt).exponent for fmt in self.bins.factors) - self.lowest
        corners = [(x * y) << shift for x in (a_low, a_high) for y in (b_low, b_high)]
        return self.bins.lanes * min(corners), self.bins.lanes * max(corners)

    def bounds(self, cycles: int) -> tuple[int, int]:
        """Smallest and largest sum, in units of ``2^lowest``, in so many cycles after `first`."""
        low, high = self.products
        if self.has_cycles:
            return cycles * low, cycles * high
        if self.bins.addend is None:
            return low, high
        shift = self.addend_weight
        c_low, c_high = _limits(self.bins.addend)
        return low + (c_low << shift), high + (c_high << shift)

    def is_possible(self, first: int, last: int, bounds: tuple[int, int], reach: int) -> bool:
        """Tell whether a sum may lie between `first` and `last`, in units of ``2^lowest``.

        It is a multiple of the unit, within `bounds`, and no farther from the nearest addend than
        products go, nor than `reach`.
        """
        first, last = max(first, bounds[0]), min(last, bounds[1])
        if first > last or self.bins.addend is None:
            return first <= last
        if not self._has_multiple(first, last):
            return False
        low, high = max(self.products[0], -reach), min(self.products[1], reach)
        return any(
            max(first, addend + low) <= min(last, addend + high)
            for bound in (first, last)
            for addend in self._addends_around(bound)
        )

    def _has_multiple(self, first: int, last: int) -> bool:
        """Tell whether a small sum between the two may be what is left of larger terms.

        Products are multiples of their lowest bit. A sum closer to zero than half of that is an
        addend by itself, or what an addend of at least the other half leaves of them: a multiple
        of the lower of that bit and the addend's last place.
        """
        fmt = as_format(self.bins.addend or "")
        unit = 1 << (sum(_span(one).exponent for one in self.bins.factors) - self.lowest)
        if not isinstance(fmt, FloatFormat) or self.has_cycles:
            return True
        if 2 * max(abs(first), abs(last)) >= unit:
            return True
        if any(first <= addend <= last for addend in self._addends_around(first)):
            return True
        place = max((unit >> 1).bit_length() - fmt.precision, self.addend_weight, 0)
        step = min(unit, 1 << place)
        return -(-first // step) * step <= last

    def _addends_around(self, value: int) -> tuple[int, int]:
        """Return the nearest values that an addend can have below and above, in the same unit."""
        assert self.bins.addend is not None
        fmt = as_format(self.bins.addend)
        low, high = _limits(self.bins.addend)
        shift = self.addend_weight
        units = value >> shift if shift >= 0 else value << -shift
        step = 1
        if isinstance(fmt, FloatFormat):
            step <<= max(0, abs(units).bit_length() - fmt.precision)
        below, above = units - units % step, units - units % step + step
        if isinstance(fmt, FloatFormat) and self.bins.target.flush:
            least = 1 << fmt.mantissa_bits
            below = (0 if below >= 0 else -least) if abs(below) < least else below
            above = (0 if above <= 0 else least) if abs(above) < least else above
        clipped = (min(max(k, low), high) for k in (below, above))
        down, up = (k << shift if shift >= 0 else k >> -shift for k in clipped)
        return down, up

    @cached_property
    def addend_weight(self) -> int:
        """Exponent of the lowest bit that an addend can have, relative to that of the sum."""
        assert self.bins.addend is not None
        return _span(self.bins.addend).exponent - self.lowest


_NO_CODES = np.empty(0, dtype=np.uint8)


def _span(name: Format | Book | str) -> Span:
    if isinstance(name, Book):
        lowest, low, high = name.span
        return Span(lowest, max(-low, high))
    return Operand(_NO_CODES, as_format(name)).span


def precision_of(name: Format | Book | str) -> int:
    """Return the bits of a significand of a format or codebook."""
    if isinstance(name, Book):
        return name.precision
    return Operand(_NO_CODES, as_format(name)).precision


def scaled(number: int, exponent: int) -> int:
    """Return ``number * 2^exponent``, rounded up."""
    return number << exponent if exponent >= 0 else -(-number >> -exponent)


def _limits(name: Format | Book | str) -> tuple[int, int]:
    """Return the smallest and largest value in units of the span's exponent."""
    if isinstance(name, Book):
        return name.span[1:]
    fmt = as_format(name)
    if isinstance(fmt, IntFormat):
        return fmt.min_value, fmt.max_value
    magnitude = _span(name).magnitude
    return (-magnitude if fmt.signed else 0), magnitude
