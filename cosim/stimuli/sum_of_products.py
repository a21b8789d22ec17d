"""Operands for sums of products: random ones aimed at the result, and ladders around corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.stimuli import operands
from cosim.stimuli.ladders import Ladders
from cosim.stimuli.products import Terms, exponents_of, precision_of
from cosim.stimuli.window_terms import WindowTerms

__all__ = ["SumStimuli"]

_BLOCK = 1 << 18
"""Products made at once; a bound on memory."""


class SumStimuli(Ladders, WindowTerms):
    """Stimuli for ``round(sum of a[i] * b[i], plus c)``: a mixture of strategies."""

    @np.errstate(all="ignore")
    def random(self, count: int, rng: np.random.Generator) -> Terms:
        """Return `count` rows, a random mixture of all strategies."""
        rows = max(1, _BLOCK // self.lanes)
        blocks = [self._mixture(min(rows, count - k), rng) for k in range(0, count, rows)]
        if not blocks:
            blocks = [self._uniform(0, rng)]
        return self.stack(blocks)

    def calm(self, count: int, rng: np.random.Generator) -> Terms:
        """Return rows of finite products of which some hundreds can be added without overflow."""
        _, high = self._result_range()
        high = min(high - 8 - self.lanes.bit_length(), precision_of(self.y))
        exponent = rng.integers(high - 2 * precision_of(self.y), high, count, endpoint=True)
        a, b = self._products(exponent, rng)
        c = None if self.c is None else operands.of_exponent(self.c, exponent, rng)
        return Terms(a, b, c)

    def _mixture(self, count: int, rng: np.random.Generator) -> Terms:
        strategies = [
            self._uniform,
            self._corners,
            self._aligned,
            self._distant,
            self._cancelling,
            self._bounded,
            self._tied,
            self._specials,
        ]
        if self.window is not None:
            strategies += [self._spread, self._undone, self._piled, self._filled]
        shares = rng.multinomial(count, np.full(len(strategies), 1 / len(strategies)))
        parts = [
            strategy(int(share), rng)
            for strategy, share in zip(strategies, shares, strict=True)
            if share
        ]
        order = rng.permutation(count)
        a, b, c = self.stack(parts)
        return Terms(a[order], b[order], None if c is None else c[order])

    def _uniform(self, count: int, rng: np.random.Generator) -> Terms:
        """Every code alike; in a sum of many, infinities and NaN would swamp everything."""
        draw = operands.random_codes if self.lanes == 1 else operands.finite_codes
        shape = (count, self.lanes)
        c = None if self.c is None else operands.random_codes(self.c, (count,), rng)
        return Terms(draw(self.a, shape, rng), draw(self.b, shape, rng), c)

    def _corners(self, count: int, rng: np.random.Generator) -> Terms:
        """Corner codes, in few lanes or many; specials are left to `_specials`."""
        a, b, c = self._aligned(count, rng)
        share = operands.random_words(np.uint8, (count, 1), rng)
        for name, codes in ((self.a, a), (self.b, b)):
            chosen = operands.random_words(np.uint8, codes.shape, rng) < share
            # Faster than to assign where something is true.
            corners = operands.picked(operands.finite_corner_codes(name), codes.shape, rng)
            codes[...] ^= (codes ^ corners) * chosen
        if c is not None and self.c is not None:
            chosen = np.flatnonzero(rng.random(count) < 0.5)
            c[chosen] = operands.picked(operands.finite_corner_codes(self.c), chosen.shape, rng)
        return Terms(a, b, c)

    def _specials(self, count: int, rng: np.random.Generator) -> Terms:
        """Infinities and NaN, each in one lane or two, among corners."""
        a, b, c = self._corners(count, rng)
        index = np.arange(count)
        for name, codes in ((self.a, a), (self.b, b), (self.a, a)):
            chosen = index[rng.random(count) < 0.4]
            lane = rng.integers(0, self.lanes, len(chosen))
            codes[chosen, lane] = rng.choice(operands.special_codes(name), len(chosen))
        if c is not None and self.c is not None:
            chosen = index[rng.random(count) < 0.3]
            c[chosen] = rng.choice(operands.special_codes(self.c), len(chosen))
        return Terms(a, b, c)

    def _aligned(self, count: int, rng: np.random.Generator) -> Terms:
        """Products of similar exponents; an addend up to a few bits beyond the width of y away."""
        exponent = self._sum_exponents(count, rng)
        a, b = self._products(exponent, rng)
        if self.c is None:
            return Terms(a, b, None)
        reach = precision_of(self.a) + precision_of(self.b) + 3, precision_of(self.y) + 3
        distance = rng.integers(-max(reach), max(reach), count, endpoint=True)
        return Terms(a, b, operands.of_exponent(self.c, exponent + distance, rng))

    def _distant(self, count: int, rng: np.random.Generator) -> Terms:
        """Two products of any exponents, so that one often only tips the rounding of the other."""
        if self.lanes == 1:
            return self._aligned(count, rng)
        index = np.arange(count)
        first = rng.integers(0, self.lanes, count)
        second = (first + rng.integers(1, self.lanes, count)) % self.lanes
        a, b = self._products(self._sum_exponents(count, rng), rng, lanes=1)
        a, b = self.in_lane(self.a, a[:, 0], first), self.in_lane(self.b, b[:, 0], first)
        other_a, other_b = self._products(self._sum_exponents(count, rng), rng, lanes=1)
        a[index, second], b[index, second] = other_a[:, 0], other_b[:, 0]
        if self.c is None:
            return Terms(a, b, None)
        return Terms(a, b, operands.of_exponent(self.c, self._sum_exponents(count, rng), rng))

    def _cancelling(self, count: int, rng: np.random.Generator) -> Terms:
        """Cancel all but a little: lanes in pairs of opposite sign, or lanes against the addend."""
        a, b = self._products(self._sum_exponents(count, rng), rng)
        half = self.lanes // 2
        paired = rng.random(count) < (1.0 if self.c is None else 0.5)
        if half:
            rows = np.flatnonzero(paired)
            other_a, other_b = self._negated_products(a[rows, :half], b[rows, :half])
            a[rows, half : 2 * half], b[rows, half : 2 * half] = other_a, other_b
            lane = rng.integers(0, self.lanes, len(rows))
            steps = rng.integers(-1, 1, len(rows), endpoint=True)
            a[rows, lane] = operands.nudged(self.a, a[rows, lane], steps)
            order = self._orders(count, rng)
            a, b = a.take(order), b.take(order)
        if self.c is None:
            return Terms(a, b, None)
        c = operands.nearest(self.c, -self._sums(a, b))
        return Terms(a, b, operands.nudged(self.c, c, rng.integers(-2, 2, count, endpoint=True)))

    def _bounded(self, count: int, rng: np.random.Generator) -> Terms:
        """Results around the corners of y: overflow, smallest normal and subnormal numbers."""
        corners = operands.values(self.y, operands.corner_codes(self.y))
        ulps = rng.integers(-8, 8, count, endpoint=True) / 8 * 2.0 ** -precision_of(self.y)
        targets = rng.choice(corners[corners != 0], count) * (1 + ulps)
        return self._aimed(targets, rng)

    def _tied(self, count: int, rng: np.random.Generator) -> Terms:
        """Results half way between two neighbours in y, and next to there."""
        low, high = self._result_range()
        exponent = rng.integers(low, high, count, endpoint=True)
        y = operands.of_exponent(self.y, exponent, rng)
        _, at, above = self._around(y)
        half_ulp = (above - at) / 2
        if self.c is None:
            return self._aimed(at + half_ulp, rng)
        # Either the products make half an ulp and the addend the rest, or the other way round.
        small = rng.random(count) < 0.5
        tiny = exponents_of(half_ulp)
        a, b = self._products(np.where(small, tiny, exponent), rng)
        rest = at + half_ulp - self._sums(a, b)
        c = operands.nearest(self.c, rest)
        steps = np.where(rng.random(count) < 0.7, 0, rng.integers(-1, 1, count, endpoint=True))
        return Terms(a, b, operands.nudged(self.c, c, steps))

    def _aimed(self, targets: NDArray[np.float64], rng: np.random.Generator) -> Terms:
        """Return sums that come as near to the targets as the formats allow."""
        count = len(targets)
        below = rng.integers(0, precision_of(self.y) + 3, count)
        a, b = self._products(exponents_of(targets) - below, rng)
        if self.c is not None:
            return Terms(a, b, operands.nearest(self.c, targets - self._sums(a, b)))
        # The last lane takes what the others leave.
        last = np.full(count, self.lanes - 1)
        index = np.arange(count)
        zero = operands.nearest(self.a, np.zeros(1))[0]
        a[:, self.lanes - 1] = zero
        rest = targets - self._sums(a, b)
        factor = operands.values(self.b, b[index, last])
        a[index, last] = operands.nearest(self.a, np.where(factor == 0, 0, rest / factor))
        order = self._orders(count, rng)
        return Terms(a.take(order), b.take(order), None)
