"""Encoding floats into short codes by one table look-up, made from another encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder", "tabulated"]

Encoder = Callable[[NDArray[Any]], NDArray[Any]]
"""Codes of 8 bits or fewer, in steps as the bits of a float without its sign rise."""

_UPPER_BITS = 16


def tabulated(encode: Encoder, bits: int = 32) -> Encoder | None:
    """Return an encoder that gives the same codes faster; None if it is not of the right kind.

    All numbers with the same upper 16 bits have one of two neighbouring codes where a format is no
    finer than what these tell (7 fraction bits of a float32, 4 of a float64), and the lower bits
    decide. An entry of the table is the rank of the code, and below it the number that carries into
    it when these bits are added from the step on.

    Parameters
    ----------
    encode
        The encoder.
    bits
        32 if it takes float32, 64 for float64.
    """
    dtype, word = (np.dtype(kind + str(bits // 8)) for kind in "fu")
    low_bits = bits - _UPPER_BITS
    low = word.type((1 << low_bits) - 1)
    sign = word.type(1 << (bits - 1))
    upper = np.arange(1 << _UPPER_BITS, dtype=word) << word.type(low_bits)
    finite = (upper & ~sign) < np.array(np.inf, dtype).view(word)

    def codes_of(words: NDArray[Any]) -> NDArray[np.int64]:
        return np.asarray(encode(words.view(dtype))).astype(np.int64)

    first = codes_of(np.where(finite, upper, word.type(0)))
    last = codes_of(np.where(finite, upper | low, word.type(0)))
    # The least low bits that give the upper code, by bisection; all steps at once.
    stepping = np.flatnonzero((first != last) & finite)
    edge, target = upper[stepping], last[stepping]
    below, above = np.zeros_like(edge), np.full_like(edge, low)
    for _ in range(low_bits):
        middle = (below + above) >> word.type(1)
        stepped = codes_of(edge | middle) == target
        below, above = np.where(stepped, below, middle), np.where(stepped, middle, above)
    # Up or down from where there is more than one step the codes are left to the encoder.
    odd = ~finite
    odd[stepping] = codes_of(edge | (above - word.type(1))) != first[stepping]
    limit = (upper[odd] & ~sign).min().view(dtype)
    if limit <= 1:
        return None
    # Codes by rank: a step, whatever to, is one to the next rank.
    steps = first != last
    starts = np.append(True, (first[1:] != last[:-1]))
    ranks = np.cumsum(starts) - 1 + np.append(0, np.cumsum(steps)[:-1])
    by_rank = np.zeros(ranks[-1] + 2, dtype=word)
    by_rank[ranks], by_rank[ranks + steps] = first, last
    entries = ranks.astype(word) << word.type(low_bits)
    entries[stepping] += (low - above) + word.type(1)

    def look_up(values: NDArray[Any]) -> NDArray[Any]:
        # Not so of NaN either.
        if not (-limit < values.min() and values.max() < limit):
            return encode(values)
        words = values.view(word)
        codes = entries.take(words >> word.type(low_bits))
        codes += words & low
        codes >>= word.type(low_bits)
        return by_rank.take(codes)

    return look_up
