"""Encoding float32 into short codes by one table look-up, made from another encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder", "tabulated"]

Encoder = Callable[[NDArray[np.float32]], NDArray[Any]]
"""Codes of 8 bits or fewer, not falling as the bits of a float32 without its sign rise."""

_LOW_BITS = 16
_LOW = np.uint32((1 << _LOW_BITS) - 1)
_MAGNITUDE = np.uint32(0x7FFF_FFFF)
_INFINITY = np.uint32(0x7F80_0000)


def tabulated(encode: Encoder) -> Encoder | None:
    """Return an encoder that gives the same codes faster; None if it is not of the right kind.

    All numbers with the same upper 16 bits have one of two neighbouring codes where a format is no
    finer than 7 fraction bits, and the lower 16 bits decide. An entry of the table is the code,
    and below it the number that carries into it when these bits are added from the step on.
    """
    upper = np.arange(1 << 16, dtype=np.uint32) << _LOW_BITS
    finite = (upper & _MAGNITUDE) < _INFINITY
    first = _codes(encode, np.where(finite, upper, 0))
    last = _codes(encode, np.where(finite, upper | _LOW, 0))
    steps = last - first
    # From here on, up or down, the codes do something else: overflow to NaN, for example.
    odd = ~np.isin(steps, (0, 1)) | ~finite
    limit = (upper[odd] & _MAGNITUDE).min().view(np.float32)
    if limit <= 1:
        return None
    # The least low bits that give the upper code, by bisection; all entries at once.
    below, above = np.zeros_like(upper), np.full_like(upper, _LOW)
    for _ in range(_LOW_BITS):
        middle = (below + above) >> 1
        stepped = _codes(encode, np.where(finite, upper | middle, 0)) == last
        below, above = np.where(stepped, below, middle), np.where(stepped, middle, above)
    carries = np.where(steps == 1, (1 << _LOW_BITS) - above.astype(np.int64), 0)
    entries = ((first << _LOW_BITS) + carries).astype(np.uint32)

    def look_up(values: NDArray[np.float32]) -> NDArray[Any]:
        # Not so of NaN either.
        if not (-limit < values.min() and values.max() < limit):
            return encode(values)
        bits = values.view(np.uint32)
        codes = entries.take(bits >> _LOW_BITS)
        codes += bits & _LOW
        codes >>= _LOW_BITS
        return codes

    return look_up


def _codes(encode: Encoder, bits: NDArray[np.uint32]) -> NDArray[np.int64]:
    return np.asarray(encode(bits.view(np.float32))).astype(np.int64)
