"""Codebooks: the nearest entry of a table."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdl.formats import CodebookFormat

__all__ = ["Steps", "decode_codebook", "encode_codebook", "steps"]

_FEW = 32
"""Up to so many steps, comparing with each is faster than a binary search."""


class Steps(NamedTuple):
    """A codebook in order.

    Attributes
    ----------
    codes
        Of the entries, from the least up.
    values
        The entries, from the least up.
    edges
        ``edges[i]`` is the least float that is rounded to entry i + 1 or a greater one.
    """

    codes: NDArray[Any]
    values: NDArray[np.float64]
    edges: NDArray[Any]


@lru_cache(maxsize=256)
def steps(fmt: CodebookFormat, rounding: str, dtype: np.dtype[Any]) -> Steps:
    """Return the order of a codebook and where its rounding steps lie among floats of `dtype`.

    Nearest entries tie towards the one of larger magnitude, and upward if these are equal. Toward
    zero, numbers between entries of different signs go to the entry of their sign.
    """
    values = np.array(fmt.values)
    order = np.argsort(values)
    ascending = [Fraction(value) for value in values[order].tolist()]
    edges = [_edge(low, high, rounding, dtype) for low, high in pairwise(ascending)]
    return Steps(order, values[order], np.array(edges, dtype=dtype))


def _edge(low: Fraction, high: Fraction, rounding: str, dtype: np.dtype[Any]) -> Any:
    """Return the least float that is rounded to `high` rather than `low`."""
    if rounding in ("rne", "rna"):
        point, included = (low + high) / 2, abs(high) >= abs(low)
    elif rounding == "rtz" and low < 0 < high:
        point, included = Fraction(0), True
    elif rounding == "rdn" or (rounding == "rtz" and high > 0):
        point, included = high, True
    else:
        point, included = low, False
    edge = dtype.type(float(point))
    exact = Fraction(float(edge))
    beyond = exact > point or (exact == point and included)
    return edge if beyond else np.nextafter(edge, dtype.type(np.inf))


def decode_codebook(codes: NDArray[Any], fmt: CodebookFormat) -> NDArray[np.float64]:
    """Return the entries that codes select."""
    return np.array(fmt.values).take(codes)


def encode_codebook(
    values: NDArray[Any],
    fmt: CodebookFormat,
    rounding: str,
    random: NDArray[Any] | None = None,
    random_bits: int = 0,
) -> NDArray[Any]:
    """Return the codes of floats, those of the greatest entry for NaN.

    Parameters
    ----------
    values
        float32 or float64, one axis.
    fmt
        The codebook.
    rounding
        As in `cosim.golden.encode`.
    random, random_bits
        Words of so many bits, for stochastic rounding: x goes up to the next entry if the word is
        at least 2^R - floor(2^R * (x - low) / (high - low)), computed in float64.
    """
    book = steps(fmt, "rdn" if rounding == "stochastic" else rounding, values.dtype)
    if len(book.edges) <= _FEW:
        rank = np.zeros(values.shape, dtype=np.uint8)
        for edge in book.edges:
            rank += values >= edge
    else:
        rank = np.searchsorted(book.edges, values, side="right")
    if random is not None:
        rank = np.minimum(rank, len(book.edges) - 1)
        low, high = book.values[rank], book.values[rank + 1]
        place = np.clip((values - low) / (high - low), 0, 1)
        rank = rank + (np.floor(np.ldexp(place, random_bits)) + random >= 2.0**random_bits)
    missing = np.isnan(values)
    if missing.any():
        rank[missing] = len(book.edges)
    return book.codes.take(rank)
