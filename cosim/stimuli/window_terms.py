"""Terms at the end of a window below the largest of them, where what is cut off decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import as_format
from cosim.stimuli import operands
from cosim.stimuli.books import Book
from cosim.stimuli.product_table import product_table
from cosim.stimuli.products import Codes, Products, Terms, exponents_of, precision_of
from hdl.formats import FloatFormat, Format

__all__ = ["WindowTerms"]

_SHARES = 9
"""Most lanes among which a target is shared."""

_ATTEMPTS = 24
"""Attempts at each of the sums that are always there."""

_FULL = 0.8, 1.05
"""Shares of the largest significand product that a term is to have at most."""

_LOW_BITS = 8
"""Places above the last one of y that count as low bits: with some below it, no more than a factor
has."""


class WindowTerms(Products):
    """Random stimuli of sums of which only what a window keeps of each term is added."""

    def _spread(self, count: int, rng: np.random.Generator) -> Terms:
        """Terms anywhere from the largest down to just below the window; in some rows, at its end.

        In half of the rows the largest term has a partner that all but cancels it, so that what is
        left of the small ones decides the result.
        """
        assert self.window is not None
        (a_low, a_high), (b_low, b_high) = map(operands.exponent_range, (self.a, self.b))
        top = rng.integers(a_low + b_low, a_high + b_high + 1, count, endpoint=True)
        depth = self.window + 5
        down = rng.integers(0, depth, (count, self.lanes), endpoint=True)
        at_end = rng.random((count, 1)) < 0.5
        end = rng.integers(self.window - 4, self.window + 4, down.shape, endpoint=True)
        down = np.where(at_end, np.maximum(end, 0), down)
        index = np.arange(count)
        first = rng.integers(0, self.lanes, count)
        down[index, first] = 0
        a, b = self._products_of(top[:, None] - down, rng)
        if self.lanes > 1:
            second = (first + rng.integers(1, self.lanes, count)) % self.lanes
            rows = index[rng.random(count) < 0.5]
            lane, other = first[rows], second[rows]
            opposite = self._negated_products(a[rows, lane], b[rows, lane])
            steps = rng.integers(-1, 1, len(rows), endpoint=True)
            a[rows, other] = operands.nudged(self.a, opposite[0], steps)
            b[rows, other] = opposite[1]
        if self.c is None:
            return Terms(a, b, None)
        below = rng.integers(-4, depth, count, endpoint=True)
        c = operands.of_exponent(self.c, top - np.where(rng.random(count) < 0.5, 0, below), rng)
        c[rng.random(count) < 0.25] = 0
        return Terms(a, b, c)

    def _undone(self, count: int, rng: np.random.Generator) -> Terms:
        """Set the addend against the largest product, and the others at the end of the window."""
        a, b, c = self._spread(count, rng)
        if c is None or self.c is None:
            return Terms(a, b, c)
        products = operands.values(self.a, a) * operands.values(self.b, b)
        largest = np.take_along_axis(products, np.abs(products).argmax(axis=1)[:, None], 1)[:, 0]
        steps = rng.integers(-1, 1, count, endpoint=True)
        return Terms(a, b, operands.nudged(self.c, operands.nearest(self.c, -largest), steps))

    def _piled(self, count: int, rng: np.random.Generator) -> Terms:
        """Terms of one sign and one exponent or nearly so: their sum leads far above the window."""
        (a_low, a_high), (b_low, b_high) = map(operands.exponent_range, (self.a, self.b))
        top = rng.integers(a_low + b_low, a_high + b_high, count, endpoint=True)
        down = np.where(rng.random((count, self.lanes)) < 0.2, 1, 0)
        a, b = self._products_of(top[:, None] - down, rng)
        sign = rng.random(count) < 0.5

        def same(name: Format | Book | str, codes: Codes, negative: NDArray[np.bool_]) -> Codes:
            positive = np.where(
                operands.values(name, codes) < 0, operands.negated(name, codes), codes
            )
            return np.where(negative, operands.negated(name, positive), positive)

        a, b = same(self.a, a, sign[:, None]), same(self.b, b, np.zeros((1, 1), dtype=np.bool_))
        if self.c is None:
            return Terms(a, b, None)
        c = operands.of_exponent(self.c, top + rng.integers(-1, 1, count, endpoint=True), rng)
        return Terms(a, b, same(self.c, c, sign))

    @np.errstate(all="ignore")
    def brims(self) -> Terms:
        """Return sums at both ends of y and at the least normal number, and next to them.

        In eighths of the last place; made up of terms that lead as far above the largest exponent
        as there are lanes for, and less far. Drawn, but always the same: not all attempts succeed.
        """
        rng = np.random.default_rng(0)
        corners = np.abs(operands.values(self.y, operands.finite_corner_codes(self.y)))
        fmt = as_format(self.y)
        assert isinstance(fmt, FloatFormat)
        at = np.array([corners.max(), 2.0**fmt.min_exponent, 1.0])
        places = np.ldexp(1.0, exponents_of(at) - (precision_of(self.y) - 1))
        steps = np.arange(-16, 17) / 8
        targets = np.unique(at[:, None] + places[:, None] * steps)
        targets = np.concatenate([targets, -targets])
        places_above = np.arange(self._most_above + 1)
        repeated = np.repeat(targets, _ATTEMPTS * len(places_above))
        above = np.tile(np.repeat(places_above, _ATTEMPTS), len(targets))
        return self._with_sums(repeated, above, rng)

    def _filled(self, count: int, rng: np.random.Generator) -> Terms:
        """Terms about as large as each other whose sum has few bits set below the last place of y.

        Sums that lead above the largest exponent have bits there in spite of the window.
        """
        above = rng.integers(0, self._most_above, count, endpoint=True)
        above = np.where(rng.random(count) < 0.5, above, self._most_above)
        return self._with_sums(self._sharp_targets(count, rng), above, rng)

    @property
    def _largest(self) -> float:
        """Largest product of two significands."""
        a, b = (2 - 2.0 ** (1 - precision_of(name)) for name in (self.a, self.b))
        return a * b

    @property
    def _most_above(self) -> int:
        """Places that a sum can lead above the largest exponent, made up of `_SHARES` terms."""
        return int(np.log2(self._largest * min(self.lanes, _SHARES)))

    def _with_sums(
        self, targets: NDArray[np.float64], above: NDArray[np.int64], rng: np.random.Generator
    ) -> Terms:
        """Return terms with sums that lead so far above the largest exponent.

        A few products of large significands and one exponent make up most of a target. The other
        lanes and the addend take the rest, the last one in half of the rows no more than its lowest
        bits.
        """
        rest, count = targets, len(targets)
        coarse = np.ldexp(1.0, exponents_of(targets) - precision_of(self.y) + _LOW_BITS)
        is_exact = rng.random(count) < 0.5
        most = min(self.lanes, _SHARES)
        # How large a share may get: the largest there is, or less so that others fit better.
        full = self._largest * rng.uniform(*_FULL, count)
        largest = np.ldexp(full, exponents_of(targets) - above)
        zeros = np.zeros(count)
        a = np.tile(operands.nearest(self.a, zeros)[:, None], self.lanes)
        b = np.tile(operands.nearest(self.b, zeros)[:, None], self.lanes)
        for lane in range(most):
            shares = np.maximum(np.ceil(np.abs(rest) / largest), 1)
            share = rest / shares * np.where(shares > 1, rng.uniform(0.9, 1, count), 1)
            is_last = np.full(count, lane == most - 1)
            if lane == most - 1:
                share = np.where(is_exact, rest, rest - np.rint(rest / coarse) * coarse)
            a[:, lane], b[:, lane] = self._nearest_products(share, is_last, rng)
            rest = rest - operands.values(self.a, a[:, lane]) * operands.values(self.b, b[:, lane])
        order = self._orders(count, rng)
        c = None if self.c is None else operands.nearest(self.c, rest)
        return Terms(a.take(order), b.take(order), c)

    def _nearest_products(
        self,
        wanted: NDArray[np.float64],
        is_short: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> tuple[Codes, Codes]:
        """Return factors of about these products, with large significands or one of 1 (short).

        Of formats of few bits they are the nearest there are.
        """
        table = product_table(self.a, self.b)
        if table is not None:
            return table.nearest(wanted)
        exponent = exponents_of(wanted)
        significand = np.abs(np.ldexp(wanted, -exponent))
        large = significand + (2 - significand) * rng.random(len(wanted))
        _, factors = self._products_of((exponent - np.where(is_short, 0, 1))[:, None], rng)
        power = exponents_of(operands.values(self.b, factors[:, 0]))
        b = operands.nearest(self.b, np.ldexp(np.where(is_short, 1.0, large), power))
        weights = operands.values(self.b, b)
        share = np.where(weights == 0, 0, wanted / np.where(weights == 0, 1, weights))
        return operands.nearest(self.a, share), b

    def _sharp_targets(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return numbers in eighths of the last place of y; some all ones, or around its corners.

        Among the corners, both ends of y are as likely as all others together.
        """
        precision = precision_of(self.y)
        one = 1 << (precision - 1)
        whole = rng.integers(one, 2 * one, count).astype(np.float64)
        whole = np.where(rng.random(count) < 1 / 3, 2 * one - 1, whole)
        exponent = self._sum_exponents(count, rng) - (precision - 1)
        targets = np.ldexp(whole + rng.integers(0, 8, count) / 8, exponent)
        targets *= np.where(rng.random(count) < 0.5, -1, 1)
        corners = operands.values(self.y, operands.finite_corner_codes(self.y))
        ends = operands.picked(np.array([corners.min(), corners.max()]), (count,), rng)
        chosen = operands.picked(corners, (count,), rng)
        chosen = np.where(rng.random(count) < 0.5, ends, chosen)
        places = np.ldexp(1.0, exponents_of(chosen) - (precision - 1))
        chosen = chosen + rng.integers(-8, 8, count, endpoint=True) / 8 * places
        return np.where(rng.random(count) < 1 / 3, chosen, targets)
