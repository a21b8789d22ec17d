"""Sums on, and one step beside, every corner of the result and every tie next to it."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from cosim.stimuli import operands
from cosim.stimuli.products import Products, Terms

__all__ = ["Ladders"]


class Ladders(Products):
    """Directed stimuli of a sum of products and an addend."""

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
