"""All products of two formats of few bits, in order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import Operand, as_format, code_dtype
from cosim.stimuli import operands
from cosim.stimuli.books import Book
from hdl.formats import Format

__all__ = ["ProductTable", "product_table"]

MOST_BITS = 16
"""Bits of two codes up to which all their products are listed."""


@dataclass(frozen=True)
class ProductTable:
    """Products from the least up, each once, with codes of its factors.

    Of the factors with the same product they are those of the least exponents, and so with the
    largest significands.
    """

    products: NDArray[np.float64]
    a: NDArray[Any]
    b: NDArray[Any]

    def nearest(self, wanted: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return codes of factors whose products are nearest to some values."""
        above = np.searchsorted(self.products, wanted).clip(1, len(self.products) - 1)
        low, high = self.products[above - 1], self.products[above]
        chosen = np.where(wanted - low < high - wanted, above - 1, above)
        return self.a[chosen], self.b[chosen]


@cache
def product_table(a: Format | Book | str, b: Format | Book | str) -> ProductTable | None:
    """Return the products of two formats, None if there are too many."""
    bits = [fmt.bits if isinstance(fmt, Book) else as_format(fmt).bits for fmt in (a, b)]
    if sum(bits) > MOST_BITS:
        return None
    finite = [_finite_codes(fmt, width) for fmt, width in zip((a, b), bits, strict=True)]
    x, y = (axis.ravel() for axis in np.meshgrid(*finite, indexing="ij"))
    left, right = operands.values(a, x), operands.values(b, y)
    exponents = np.frexp(left)[1] + np.frexp(right)[1]
    order = np.lexsort((exponents, left * right))
    products, first = np.unique((left * right)[order], return_index=True)
    chosen = order[first]
    return ProductTable(products, x[chosen], y[chosen])


def _finite_codes(fmt: Format | Book | str, bits: int) -> NDArray[Any]:
    codes = np.arange(1 << bits).astype(code_dtype(bits))
    if isinstance(fmt, Book):
        return codes[~np.isin(codes, fmt.special_codes)]
    special = Operand(codes, as_format(fmt)).is_special()
    return codes if special is None else codes[~special]
