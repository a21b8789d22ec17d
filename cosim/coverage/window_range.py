"""Which bits a sum can have of whose terms a window keeps only what is near the largest one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from cosim.coverage.sum_bins import SumBins
from cosim.golden.codec import as_format
from cosim.golden.sum_of_products import LEAST_MAXIMUM
from cosim.stimuli.books import Book
from hdl.formats import FloatFormat, Format

__all__ = ["Terms", "WindowRange"]


@dataclass(frozen=True)
class Terms:
    """Terms of one kind: all products, or the addend.

    Attributes
    ----------
    count
        How many there are.
    least, greatest
        Exponents that those have which are not zero.
    fraction_bits
        Places of a term below its exponent.
    largest
        Significand that none is larger than, in units of the last of those places.
    """

    count: int
    least: int
    greatest: int
    fraction_bits: int
    largest: int

    @classmethod
    def of(cls, count: int, factors: Sequence[FloatFormat]) -> Terms:
        """Return so many products of these formats, or of one format."""
        return cls(
            count,
            sum(fmt.min_exponent for fmt in factors),
            sum(fmt.max_exponent for fmt in factors),
            sum(fmt.precision - 1 for fmt in factors),
            prod((1 << fmt.precision) - 1 for fmt in factors),
        )

    def bound(self, exponent: int, unit: int) -> int:
        """Return what one of that exponent, or less, does not exceed, in units of ``2^unit``."""
        if exponent < self.least:
            return 0
        return self.largest << (min(exponent, self.greatest) - self.fraction_bits - unit)


@dataclass(frozen=True)
class WindowRange:
    """The argument about windows.

    With E the largest exponent, every term is a multiple of the lowest place of the window of E,
    and less than its largest significand times ``2^E``; one of them has the exponent E. Terms have
    so many places below their own exponents, and so a term that has a bit in a low place is small.
    """

    kinds: tuple[Terms, ...]
    kept_bits: int

    @classmethod
    def of(cls, bins: SumBins) -> WindowRange:
        """Return the argument for a unit that has a window."""
        assert bins.window is not None
        kinds = [Terms.of(bins.lanes, [_float(fmt) for fmt in bins.factors])]
        if bins.addend is not None:
            kinds.append(Terms.of(1, [_float(bins.addend)]))
        return cls(tuple(kinds), bins.window.kept_bits)

    @cached_property
    def _first(self) -> int:
        """Least of the largest exponents."""
        return max(LEAST_MAXIMUM, min(kind.least for kind in self.kinds))

    @cached_property
    def _unit(self) -> int:
        """Weight of a place that nothing has a bit below, as a power of two."""
        lowest = min(kind.least - kind.fraction_bits for kind in self.kinds)
        return min(lowest, self._first - self.kept_bits)

    def keeps(self, number: int, weight: int) -> bool:
        """Tell whether a sum may be ``number * 2^weight``, by its lowest bit and its size.

        For the sums between two such numbers, ask for the one with the highest lowest bit.
        """
        lowest = (number & -number).bit_length() - 1 + weight
        if lowest < self._unit:
            return False
        shift = weight - self._unit
        size = number << shift if shift >= 0 else number >> -shift
        # All terms together lead no more than this above the largest exponent.
        above = sum(2 * kind.count * kind.largest >> kind.fraction_bits for kind in self.kinds)
        first = number.bit_length() - 1 + weight - above.bit_length()
        greatest = max(kind.greatest for kind in self.kinds)
        last = max(self._first, min(lowest + self.kept_bits, greatest))
        return any(
            self._is_possible(size, lowest, exponent)
            for exponent in range(max(self._first, first), last + 1)
            if lowest >= exponent - self.kept_bits
        )

    def _is_possible(self, size: int, lowest: int, exponent: int) -> bool:
        """Tell whether the largest exponent may be this one."""
        bounds = [kind.bound(exponent, self._unit) for kind in self.kinds]
        full = sum(kind.count * one for kind, one in zip(self.kinds, bounds, strict=True))
        # One term has a bit as low as the sum's lowest, and is all the smaller for it.
        most = max(
            full - one + kind.bound(min(exponent, lowest + kind.fraction_bits), self._unit)
            for kind, one in zip(self.kinds, bounds, strict=True)
        )
        if size > most:
            return False
        able = [at for at, kind in enumerate(self.kinds) if exponent <= kind.greatest]
        if exponent > LEAST_MAXIMUM and len(able) == 1 and self.kinds[able[0]].count == 1:
            # The only term of that exponent: the others must undo what of it is too much.
            alone, others = self.kinds[able[0]], full - bounds[able[0]]
            return exponent == alone.least or size >= (1 << (exponent - self._unit)) - others
        return True


def _float(fmt: Format | Book | str) -> FloatFormat:
    found = fmt.numbers if isinstance(fmt, Book) else as_format(fmt)
    assert isinstance(found, FloatFormat)
    return found
