"""The random words of stochastic rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Random"]

_MAX_RANDOM_BITS = 32


@dataclass(frozen=True)
class Random:
    """Random words for stochastic rounding.

    Parameters
    ----------
    words
        Unsigned integers, one for each value, in the shape of the values.
    bits
        R: how many bits each has. Added below the last bit that is kept, with the rest cut off.
    """

    words: NDArray[Any]
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MAX_RANDOM_BITS:
            raise ValueError(f"random words have 1 to {_MAX_RANDOM_BITS} bits, not {self.bits}")
        words = self.words
        if words.dtype.kind not in "iu":
            raise ValueError(f"random words are integers, not {words.dtype}")
        if words.size and (int(words.min()) < 0 or int(words.max()) >> self.bits):
            raise ValueError(f"random words of {self.bits} bits are 0 to {(1 << self.bits) - 1}")

    def __getitem__(self, rows: slice) -> Random:
        return Random(self.words[rows], self.bits)

    def spread(self, shape: tuple[int, ...]) -> Random:
        """Return the words broadcast to a shape, and flat."""
        return Random(np.broadcast_to(self.words, shape).ravel(), self.bits)
