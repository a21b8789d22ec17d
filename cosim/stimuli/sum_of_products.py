"""Operands for sums of products: random ones aimed at the result, and ladders around corners."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import as_format
from cosim.stimuli import operands
from cosim.stimuli.books import Book
from hdl.formats import Format, IntFormat

__all__ = ["SumStimuli", "Terms", "is_signed"]

Codes = NDArray[Any]

_BLOCK = 1 << 18
"""Products made at once; a bound on memory."""

_ORDERS = 64
"""Random orders of the lanes to choose from; a new one for every row would cost more than the row.
"""


class Terms(NamedTuple):
    """Codes of a and b, shape (n, lanes), and of c, shape (n,), or None without an addend."""

    a: Codes
    b: Codes
    c: Codes | None


@dataclass(frozen=True)
class SumStimuli:
    """Stimuli for ``round(sum of a[i] * b[i], plus c)``.

    Values are aimed in float64: where that rounds, or where a format leaves its range, a target is
    missed by a little, which costs a stimulus some of its sharpness and nothing else.

    Parameters
    ----------
    a, b
        Formats, or their names, or codebooks.
    y
        A format, or its name.
    c
        Format of the addend, or its name, or None.
    lanes
        Number of products.
    window
        Bits below the largest exponent that are added, or None for all: then, terms are put around
        the end of the window, too.
    """

    a: Format | Book | str
    b: Format | Book | str
    c: Format | str | None
    y: Format | str
    lanes: int
    window: int | None = None

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
        high = min(high - 8 - self.lanes.bit_length(), _precision(self.y))
        exponent = rng.integers(high - 2 * _precision(self.y), high, count, endpoint=True)
        a, b = self._products(exponent, rng)
        c = None if self.c is None else operands.of_exponent(self.c, exponent, rng)
        return Terms(a, b, c)

    @np.errstate(all="ignore")
    def ladders(self) -> Terms:
        """Return rows whose result is at, and one step beside, each corner of y and each tie.

        One product, in a lane that moves from row to row, and the addend make the sum; without an
        addend the product alone does.
        """
        targets = self._targets()
        low, high = (np.clip(k, -1000, 1000) for k in operands.exponent_range(self.y))
        # With the last two, a's own ends reach those of y.
        a_low, a_high = operands.exponent_range(self.a)
        ends = [2.0 ** np.clip(k, -1000, 1000) for k in (low - a_low, high - a_high)]
        rows: list[Terms] = []
        for step, factor in product((-1, 0, 1), (1.0, -1.0, 2.0**low, -(2.0**high), 3.0, *ends)):
            factors = np.full(targets.shape, factor)
            if self.c is None:
                a, b = operands.nearest(self.a, targets / factor), operands.nearest(self.b, factors)
                rows.append(Terms(operands.nudged(self.a, a, step), b, None))
                continue
            one = operands.nearest(self.b, np.ones(targets.shape))
            a = operands.nearest(self.a, factors)
            c = operands.nearest(self.c, targets - operands.values(self.a, a))
            rows.append(Terms(a, one, operands.nudged(self.c, c, step)))
            c = operands.nearest(self.c, factors)
            a = operands.nearest(self.a, targets - operands.values(self.c, c))
            rows.append(Terms(operands.nudged(self.a, a, step), one, c))
        a, b, c = self.stack(rows)
        ladders = [Terms(self.in_one_lane(self.a, a), self.in_one_lane(self.b, b), c)]
        if self.c is not None:
            # Two terms have more bits than one: the addend is what a product leaves.
            halves = [2.0 ** (k // 2) for k in (low, low + 1, high, high + 1)]
            ladders += [
                self._with_rest(targets, factor, step)
                for step, factor in product((-1, 0, 1), (1.0, *halves, *ends))
            ]
        return self.stack(ladders)

    @np.errstate(all="ignore")
    def stairs(self) -> Terms:
        """Return ladders of several products and no addend, where there are several lanes."""
        targets = self._targets()
        low, high = (np.clip(k, -1000, 1000) for k in operands.exponent_range(self.y))
        halves = [2.0 ** (k // 2) for k in (low, low + 1, high, high + 1)]
        kinds = (False, True) if self.lanes > 2 else (False,)
        return self.stack(
            [
                self._in_lanes(targets, factor, step, halved=halved)
                for step, factor, halved in product((-1, 0, 1), (1.0, *halves), kinds)
            ]
        )

    def _targets(self) -> NDArray[np.float64]:
        """Return the corners of y, and the ties next to them."""
        below, at, above = self._around(operands.corner_codes(self.y))
        return np.unique(np.concatenate([at, (below + at) / 2, (at + above) / 2]))

    def _with_rest(self, targets: NDArray[np.float64], factor: float, step: int) -> Terms:
        """Return products with that factor, and addends that make targets of them, or nearly so."""
        assert self.c is not None
        b = operands.nearest(self.b, np.full(targets.shape, factor))
        weight = operands.values(self.b, b)
        a = operands.nearest(self.a, targets / np.where(weight == 0, 1.0, weight))
        c = operands.nearest(self.c, targets - operands.values(self.a, a) * weight)
        c = operands.nudged(self.c, c, step)
        return Terms(self.in_one_lane(self.a, a), self.in_one_lane(self.b, b), c)

    def _in_lanes(
        self, targets: NDArray[np.float64], factor: float, step: int, *, halved: bool
    ) -> Terms:
        """Return sums of a few products with that factor: targets, or a step of a beside them.

        Each product takes what it can of what those before it left, the first a half if `halved`.
        """
        b = operands.nearest(self.b, np.full(targets.shape, factor))
        weight = operands.values(self.b, b)
        rest = targets / np.where(weight == 0, 1.0, weight)
        count = min(self.lanes, 4 if halved else 2)
        rows, lane = np.arange(len(targets)), np.arange(len(targets)) % self.lanes
        zeros = self.in_lane(self.a, operands.nearest(self.a, 0 * rest), lane)
        terms = Terms(zeros, self.in_lane(self.b, b, lane), None)
        for place in range(count):
            a = operands.nearest(self.a, rest / 2 if halved and place == 0 else rest)
            rest = rest - operands.values(self.a, a)
            a = operands.nudged(self.a, a, step) if place == count - 1 else a
            terms.a[rows, (lane + place) % self.lanes] = a
            terms.b[rows, (lane + place) % self.lanes] = b
        return terms

    def in_one_lane(self, name: Format | Book | str, codes: Codes) -> Codes:
        """Return rows with one code each, in lane ``row % lanes``, and zeros elsewhere."""
        return self.in_lane(name, codes, np.arange(len(codes)) % self.lanes)

    def in_lane(self, name: Format | Book | str, codes: Codes, lane: NDArray[np.intp]) -> Codes:
        """Return rows with one code each, in the lane that is given, and zeros elsewhere.

        (Of a codebook without a zero, what is nearest to it.)
        """
        zero = operands.constant(name, 0.0)
        spread = np.full((len(codes), self.lanes), zero, dtype=codes.dtype)
        spread[np.arange(len(codes)), lane] = codes
        return spread

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
            strategies += [self._spread, self._undone, self._piled]
        shares = rng.multinomial(count, np.full(len(strategies), 1 / len(strategies)))
        parts = [
            strategy(int(share), rng)
            for strategy, share in zip(strategies, shares, strict=True)
            if share
        ]
        order = rng.permutation(count)
        a, b, c = self.stack(parts)
        return Terms(a[order], b[order], None if c is None else c[order])

    def stack(self, parts: list[Terms]) -> Terms:
        c = [part.c for part in parts if part.c is not None]
        return Terms(
            np.concatenate([part.a for part in parts]),
            np.concatenate([part.b for part in parts]),
            np.concatenate(c) if c else None,
        )

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
        reach = _precision(self.a) + _precision(self.b) + 3, _precision(self.y) + 3
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
        ulps = rng.integers(-8, 8, count, endpoint=True) / 8 * 2.0 ** -_precision(self.y)
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
        tiny = _exponents(half_ulp)
        a, b = self._products(np.where(small, tiny, exponent), rng)
        rest = at + half_ulp - self._sums(a, b)
        c = operands.nearest(self.c, rest)
        steps = np.where(rng.random(count) < 0.7, 0, rng.integers(-1, 1, count, endpoint=True))
        return Terms(a, b, operands.nudged(self.c, c, steps))

    def _around(self, y: Codes) -> tuple[NDArray[np.float64], ...]:
        """Return values of y with their lower and upper neighbours, in magnitude if a float.

        Beyond the last one the format goes on as if it had no end: that is where results overflow.
        """
        below, at, above = (
            operands.values(self.y, operands.nudged(self.y, y, step)) for step in (-1, 0, 1)
        )
        return (
            np.where(below == at, 2 * at - above, below),
            at,
            np.where(above == at, 2 * at - below, above),
        )

    def _aimed(self, targets: NDArray[np.float64], rng: np.random.Generator) -> Terms:
        """Return sums that come as near to the targets as the formats allow."""
        count = len(targets)
        below = rng.integers(0, _precision(self.y) + 3, count)
        a, b = self._products(_exponents(targets) - below, rng)
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

    def _sum_exponents(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        low, high = self._result_range()
        return rng.integers(low, high, count, endpoint=True)

    def _result_range(self) -> tuple[int, int]:
        """Return the exponents that products as well as y can have, and a little beyond."""
        (a_low, a_high), (b_low, b_high) = map(operands.exponent_range, (self.a, self.b))
        y_low, y_high = operands.exponent_range(self.y)
        low, high = max(a_low + b_low, y_low - 2), min(a_high + b_high + 1, y_high + 1)
        return min(low, high), max(low, high)

    def _products(
        self, exponent: NDArray[np.int64], rng: np.random.Generator, lanes: int | None = None
    ) -> tuple[Codes, Codes]:
        """Return lanes whose products have about the row's exponent, half the rows sparsely."""
        lanes = lanes or self.lanes
        shape = (len(exponent), lanes)
        if lanes == 1:
            return self._products_of(exponent[:, None], rng)
        # -3 to 1.
        jitter = operands.random_words(np.uint8, shape, rng) * np.uint16(5) >> np.uint16(8)
        a, b = self._products_of(exponent.astype(np.int32)[:, None] + jitter - np.int32(3), rng)
        few = np.uint8(max(512 // lanes - 1, 0))
        present = np.where(rng.random((shape[0], 1)) < 0.5, np.uint8(255), few)
        zero = a.dtype.type(operands.constant(self.a, 0.0))
        return zero ^ (a ^ zero) * (operands.random_words(np.uint8, shape, rng) <= present), b

    def _products_of(
        self, wanted: NDArray[np.signedinteger[Any]], rng: np.random.Generator
    ) -> tuple[Codes, Codes]:
        """Return factors whose products have about these exponents."""
        (a_low, a_high), (b_low, b_high) = map(operands.exponent_range, (self.a, self.b))
        wanted = wanted.astype(np.int32)
        # a's exponent leaves one for b that b has.
        low = np.clip(wanted - b_high, a_low, a_high)
        choices = np.clip(wanted - b_low, a_low, a_high) - low + 1
        share = operands.random_words(np.uint16, wanted.shape, rng)
        exponent_a = low + (share * choices >> 16)
        a = operands.of_exponent(self.a, exponent_a, rng)
        return a, operands.of_exponent(self.b, wanted - exponent_a, rng)

    def _orders(self, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return where each lane of each row gets its code from, by one of a few random orders."""
        few = rng.permuted(np.tile(np.arange(self.lanes), (_ORDERS, 1)), axis=1)
        return few[rng.integers(0, _ORDERS, count)] + np.arange(count)[:, None] * self.lanes

    def _negated_products(self, a: Codes, b: Codes) -> tuple[Codes, Codes]:
        if is_signed(self.a):
            return operands.negated(self.a, a), b
        return a, operands.negated(self.b, b)

    def _sums(self, a: Codes, b: Codes) -> NDArray[np.float64]:
        return np.einsum("ij,ij->i", operands.values(self.a, a), operands.values(self.b, b))


def _exponents(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the exponents of the leading bits, 0 of zeros."""
    return np.where(numbers == 0, 1, np.frexp(numbers)[1]).astype(np.int64) - 1


def is_signed(name: Format | Book | str) -> bool:
    """Return whether an operand may be negative."""
    return name.is_signed if isinstance(name, Book) else as_format(name).is_signed


def _precision(name: Format | Book | str) -> int:
    if isinstance(name, Book):
        return name.precision
    fmt = as_format(name)
    return fmt.bits if isinstance(fmt, IntFormat) else fmt.precision
