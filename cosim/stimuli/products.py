"""Products of a wanted size, and the sums of their lanes: what stimuli of sums are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import as_format
from cosim.stimuli import operands
from cosim.stimuli.books import Book
from hdl.formats import Format, IntFormat

__all__ = ["Codes", "Products", "Terms", "exponents_of", "is_signed", "precision_of"]

Codes = NDArray[Any]

_ORDERS = 64
"""Random orders of the lanes to choose from; a new one for every row would cost more than the row.
"""


class Terms(NamedTuple):
    """Codes of a and b, shape (n, lanes), and of c, shape (n,), or None without an addend."""

    a: Codes
    b: Codes
    c: Codes | None


@dataclass(frozen=True)
class Products:
    """Parts of the strategies for a sum of products and an addend.

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

    def stack(self, parts: list[Terms]) -> Terms:
        c = [part.c for part in parts if part.c is not None]
        return Terms(
            np.concatenate([part.a for part in parts]),
            np.concatenate([part.b for part in parts]),
            np.concatenate(c) if c else None,
        )

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


def exponents_of(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the exponents of the leading bits, 0 of zeros."""
    return np.where(numbers == 0, 1, np.frexp(numbers)[1]).astype(np.int64) - 1


def is_signed(name: Format | Book | str) -> bool:
    """Return whether an operand may be negative."""
    return name.is_signed if isinstance(name, Book) else as_format(name).is_signed


def precision_of(name: Format | Book | str) -> int:
    """Return the bits of a significand of a format or codebook."""
    if isinstance(name, Book):
        return name.precision
    fmt = as_format(name)
    return fmt.bits if isinstance(fmt, IntFormat) else fmt.precision
