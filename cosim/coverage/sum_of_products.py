"""Coverage of ``round(sum of a[i] * b[i], plus an addend)``: `fma` and `dot`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.coverage.groups import Coverage
from cosim.coverage.possible_sums import RUN, PossibleSums
from cosim.coverage.sum_bins import BLOCK, SumBins
from cosim.coverage.sum_range import SumRange
from cosim.golden.codec import NEGATIVE, Operand, as_format, code_dtype
from cosim.golden.rounding import bit_length
from cosim.stimuli import Operands, get_stimuli
from cosim.stimuli.books import Book

__all__ = ["SumCoverage"]

ENUMERATED_BITS = 20
"""Operand bits up to which all operands are tried to learn which bins can be reached."""

FACTOR_BITS = 16
"""Bits of both factors up to which it is tried which of their products differ."""


class SumCoverage:
    """Counts operand classes, their combinations, result classes by rounding case, and events.

    Which bins can be reached is found by trying everything where that is little, and otherwise by
    an argument: the sum is a multiple of the product of the smallest operands (or of the addend's
    lowest bit) and lies between the sums of the largest; whatever such a multiple can lead to is
    held to be reachable. Nothing that can happen escapes that argument; it may hold a bin to be
    reachable that is not, for operands so few that their sums have gaps.

    Parameters
    ----------
    unit, params
        ``fma`` or ``dot``, and its normalised parameters.
    """

    def __init__(self, unit: str, params: Mapping[str, Any]) -> None:
        self._bins = SumBins(unit, params)
        self._groups = self._bins.groups()
        self._derivation = self._find_reachable()

    def count(self, operands: Operands, results: Operands) -> None:
        """Count operands with the results that the golden model gives for them.

        Parameters
        ----------
        operands, results
            Codes by port. With an accumulator, streams that all begin with `first`.
        """
        self._bins.count(self._groups, operands, results)

    def coverage(self) -> Coverage:
        """Return what was counted so far."""
        return Coverage(tuple(self._groups.values()), self._derivation)

    def _find_reachable(self) -> str:
        """Mark the bins that can be reached, and return how they were found, for people.

        Operands are free: all their combinations can be reached.
        """
        bins, groups = self._bins, self._groups
        stimuli = get_stimuli(bins.unit)
        bits = stimuli.space_bits(bins.params)
        tried = bins.groups()
        if bits <= ENUMERATED_BITS:
            for start in range(0, 1 << bits, BLOCK):
                count = min(BLOCK, (1 << bits) - start)
                bins.count(tried, stimuli.enumerate_space(bins.params, start, count), {})
            for name, group in groups.items():
                group.reachable = tried[name].hits > 0
            return f"all 2^{bits} operands"
        terms = self._distinct_terms()
        if terms is not None:
            a, b, c = terms
            for start in range(0, len(c), BLOCK):
                block = slice(start, start + BLOCK)
                trace = bins.compute.trace(a[block, None], b[block, None], c[block])
                bins.count_results(tried, trace)
            for name in ("results", "events"):
                groups[name].reachable = tried[name].hits > 0
            return f"all {len(c):,} sums of a different product or addend"
        possible = PossibleSums(bins)
        possible.mark(groups, cycles=1)
        if not SumRange(bins).has_cycles:
            return "range and lowest bit of the sum"
        possible.mark(tried, cycles=RUN)
        for name in ("results", "events"):
            groups[name].optional = tried[name].reachable
        return "range and lowest bit of the sum of one cycle; what takes more of them is optional"

    def _distinct_terms(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
        """Return codes of a, b and c for all sums there are, where one product is added to c.

        Of the factors whose products are the same in value, sign, kind and exponents, one pair
        each. None where there are too many sums, or more terms.
        """
        bins = self._bins
        formats = [bins.params[port] for port in bins.ports]
        if bins.lanes > 1 or len(formats) < 3 or any(isinstance(one, Book) for one in bins.factors):
            return None
        fmt_a, fmt_b, fmt_c = map(as_format, formats)
        if fmt_a.bits + fmt_b.bits > FACTOR_BITS or fmt_c.bits > ENUMERATED_BITS:
            return None
        every = [np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits)) for fmt in (fmt_a, fmt_b)]
        a, b = (axis.ravel() for axis in np.meshgrid(*every, indexing="ij"))
        x, y = (Operand(k, f, bins.target.flush) for k, f in ((a, fmt_a), (b, fmt_b)))
        (s_a, e_a), (s_b, e_b) = x.unpack(), y.unpack()
        kinds = x.traits() ^ y.traits() & NEGATIVE | y.traits() & ~NEGATIVE
        kinds |= x.traits() & ~NEGATIVE
        leading = bit_length(np.abs(s_a)) + e_a + bit_length(np.abs(s_b)) + e_b
        keys = np.stack([np.ldexp((s_a * s_b).astype(np.float64), e_a + e_b), leading, kinds])
        _, chosen = np.unique(keys, axis=1, return_index=True)
        if len(chosen) << fmt_c.bits > 1 << ENUMERATED_BITS:
            return None
        c = np.arange(1 << fmt_c.bits).astype(code_dtype(fmt_c.bits))
        return (
            np.repeat(a[chosen], len(c)),
            np.repeat(b[chosen], len(c)),
            np.tile(c, len(chosen)),
        )
