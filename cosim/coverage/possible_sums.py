"""Which results and events an argument about the sums leaves possible, without trying them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.coverage.classes import classify
from cosim.coverage.groups import Group
from cosim.coverage.sum_bins import EVENTS, SumBins
from cosim.coverage.sum_range import SumRange, precision_of, scaled
from cosim.coverage.window_range import WindowRange
from cosim.golden.codec import as_format, code_dtype
from cosim.golden.exact import Word
from cosim.golden.rounding import OVERFLOW, round_float, round_int
from cosim.golden.sum_of_products import NO_TERM, Trace
from hdl.formats import FloatFormat, IntFormat

__all__ = ["RUN", "PossibleSums"]

RUN = 64
"""Cycles after `first` within which an accumulator is held to reach what it can."""


@dataclass(frozen=True)
class PossibleSums:
    """The argument.

    A sum is a multiple of the product of the smallest operands (or of the addend's lowest bit) and
    lies between the sums of the largest; whatever such a multiple can lead to is held to be
    possible.
    """

    bins: SumBins

    @cached_property
    def _sums(self) -> SumRange:
        return SumRange(self.bins)

    @cached_property
    def _window(self) -> WindowRange | None:
        return None if self.bins.window is None else WindowRange.of(self.bins)

    def mark(self, groups: dict[str, Group], *, cycles: int) -> None:
        """Mark the results and events that an argument about the sums leaves possible."""
        derived = self.bins.groups()
        self.bins.count_results(derived, self._possible_sums(self._sums.bounds(cycles)))
        for name in ("results", "events"):
            groups[name].reachable = derived[name].hits > 0
        self._mark_zeros_and_specials(groups["results"])
        self._mark_cancellation(groups["events"])

    def _possible_sums(self, bounds: tuple[int, int]) -> Trace:
        """Return the roundings of sums that there may be, zero left out: a few of every kind."""
        fmt = self.bins.target.fmt
        if isinstance(fmt, IntFormat):
            return self._possible_integers(fmt, bounds)
        low, high = bounds
        values: list[int] = []
        exponents: list[int] = []
        top = self._sums.lowest + max(-low, high).bit_length()
        for exponent in range(fmt.min_ulp_exponent, max(fmt.min_ulp_exponent, top) + 1):
            for significand in self._significands(fmt, exponent):
                for eighths in self._cases_at(significand, exponent - self._sums.lowest, bounds):
                    values.append(eighths)
                    exponents.append(exponent - 3)
        total = Word(np.array(values, dtype=np.int64), np.array(exponents, dtype=np.int64))
        rounded = round_float(total.value, total.exponent, self.bins.target)
        if self.bins.window:  # where overflow is infinite whatever the rounding
            for negative in (False, True):
                beyond = (rounded.flags & OVERFLOW > 0) & ((total.value < 0) == negative)
                rounded.codes[beyond] = self.bins.target.infinity_code(negative)
        return self._finite(total, rounded.codes, rounded.flags, np.zeros(len(values), np.uint8))

    def _cases_at(self, significand: int, weight: int, bounds: tuple[int, int]) -> Iterator[int]:
        """Yield examples, in eighths of the last place, of the sums that truncate to a magnitude.

        Parameters
        ----------
        significand, weight
            The magnitude, with that exponent relative to the lowest one of a sum.
        bounds
            Smallest and largest sum.
        """
        # A single product has no more bits than its factors together.
        single = self.bins.lanes == 1 and not self._sums.has_cycles
        bits = sum(precision_of(fmt) for fmt in self.bins.factors)
        for eighth in (0, 1, 2, 4, 5, 6):
            example = 8 * significand + eighth
            if example == 0 or not self._fits(example, weight - 3):
                continue
            # The lowest bit that has to be set; where no addend has it, the product must.
            lowest = (example & -example).bit_length() - 1 + weight - 3
            reach = 1 << max(0, lowest + bits)
            if not single or (self.bins.addend is not None and lowest >= self._sums.addend_weight):
                reach = max(map(abs, self._sums.products))
            elif self.bins.addend is None and (example // (example & -example)).bit_length() > bits:
                continue
            # In quarters: exact and ties are points, the others reach up to the next quarter.
            quarters = 4 * significand + eighth // 2
            first = scaled(quarters, weight - 2)
            last = scaled(quarters + 1, weight - 2) - 1
            if eighth in (0, 4):
                if scaled(-quarters, weight - 2) != -first:
                    continue  # no multiple of the unit
                last = first
            elif eighth in (1, 5) and scaled(-quarters, weight - 2) == -first:
                first += 1
            if self._sums.is_possible(first, last, bounds, reach):
                yield example
            if self._sums.is_possible(-last, -first, bounds, reach):
                yield -example

    def _fits(self, number: int, weight: int) -> bool:
        """Tell whether a window lets a sum be ``number * 2^weight``, in units of ``2^lowest``."""
        if self._window is None:
            return True
        return self._window.keeps(number, weight + self._sums.lowest)

    def _significands(self, fmt: FloatFormat, exponent: int) -> set[int]:
        """Return what is worth trying in a binade: both ends, the middle, and next to them."""
        hidden = 1 << fmt.mantissa_bits
        # The sums are that many units in the last place apart, if not closer.
        step = 1 << min(max(0, self._sums.lowest - exponent), fmt.mantissa_bits)
        tried = {hidden, hidden + step, 2 * hidden - step, 2 * hidden - 2 * step, 3 * hidden // 2}
        largest = (fmt.max_code & (hidden - 1)) + hidden
        tried |= {largest - 1, largest, largest + 1}
        if exponent == fmt.min_ulp_exponent:
            tried |= {0, 1, 2, 3, hidden - step, hidden - 2 * step, step, 2 * step, hidden // 2}
            return {k for k in tried if 0 <= k < 2 * hidden}
        return {k for k in tried if hidden <= k < 2 * hidden}

    def _possible_integers(self, fmt: IntFormat, bounds: tuple[int, int]) -> Trace:
        low, high = bounds
        ends = (
            [low >> -self._sums.lowest, high >> -self._sums.lowest] if self._sums.lowest < 0 else []
        )
        if self._sums.lowest >= 0:
            ends = [low << self._sums.lowest, high << self._sums.lowest]
        # Wrapped, every code comes from sums that are out of range as well.
        wraps = [1 << fmt.bits, -(1 << fmt.bits)] if self.bins.target.overflow == "wrap" else []
        middles = [0, fmt.min_value, fmt.max_value, *ends]
        middles += [wrap + code for wrap in wraps for code in middles[:3]]
        values: list[tuple[int, int]] = []
        for whole in sorted({middle + k for middle in middles for k in range(-4, 5)}):
            for quarters in range(4):
                # A fraction of its class: a quarter, a half, three quarters.
                weight = -2 - self._sums.lowest
                number = 4 * whole + quarters
                scaled = number << weight if weight >= 0 else number >> -weight
                exact = weight >= 0 or scaled << -weight == number
                if exact and number and low <= scaled <= high:
                    values.append((whole, quarters))
        wholes = [whole for whole, _ in values]
        fraction = np.array([quarters for _, quarters in values], dtype=np.uint8)
        top = np.array([np.clip(whole >> 32, -(1 << 33), 1 << 33) for whole in wholes], np.int64)
        bottom = np.array([whole & 0xFFFF_FFFF for whole in wholes], dtype=np.int64)
        rounded = round_int(top, bottom, fraction, self.bins.target)
        # Only sign and zero matter of what the sums were.
        signs = np.array([(4 * w + q > 0) - (4 * w + q < 0) for w, q in values], dtype=np.int64)
        return self._finite(Word(signs, 0), rounded.codes, rounded.flags, fraction)

    def _finite(
        self,
        total: Word,
        codes: NDArray[Any],
        flags: NDArray[np.uint8],
        fraction: NDArray[np.uint8],
    ) -> Trace:
        count = len(codes)
        return Trace(
            codes.astype(code_dtype(self.bins.target.fmt.bits)),
            flags,
            np.zeros(count, dtype=np.bool_),
            total,
            fraction,
            np.full(count, NO_TERM),
        )

    def _mark_zeros_and_specials(self, group: Group) -> None:
        """Mark the results of sums that are zero, and of infinities and NaN."""
        target = self.bins.target
        names, special = group.axes[0], len(self.bins.cases) - 1

        def mark(code: int, case: int) -> None:
            codes = np.array([code], dtype=code_dtype(target.fmt.bits))
            group.reachable[classify(codes, target.fmt)[0], case] = True

        mark(0, 0)
        signed = any(one.is_signed for one in self.bins.factors)
        last = as_format(self.bins.params["c"]) if "c" in self.bins.ports else None
        if target.rounding == "rdn":
            negative = signed or (last is not None and last.is_signed)
        else:
            negative = signed and (
                last is None or (isinstance(last, FloatFormat) and last.has_negative_zero)
            )
        if negative:
            mark(target.zero_code(True), 0)
        floats = [fmt for fmt in (*self.bins.factors, last) if isinstance(fmt, FloatFormat)]
        infinite = any(fmt.has_inf for fmt in floats)
        nan = any(fmt.has_nan for fmt in floats)
        if self._sums.has_cycles and isinstance(target.fmt, FloatFormat):
            # What overflowed stays in the accumulator.
            stored = [names[k] for k in np.unique(np.nonzero(group.reachable[:, :special])[0])]
            infinite |= any(name.endswith("infinity") for name in stored)
            nan |= any(name.endswith("NaN") for name in stored)
        if infinite:
            mark(target.infinity_code(False), special)
            if signed or (last is not None and last.is_signed):
                mark(target.infinity_code(True), special)
        if nan:
            mark(target.nan_code, special)

    def _mark_cancellation(self, group: Group) -> None:
        """Terms cancel where there are two of both signs."""
        low, high = self._sums.bounds(RUN)
        several = self.bins.lanes > 1 or self.bins.addend is not None
        for event in EVENTS[-2:]:
            group.reachable[EVENTS.index(event)] = several and low < 0 < high
