"""Golden model of `log_add`: sums of log numbers by Gaussian logarithms."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import as_codes, code_dtype
from cosim.golden.lognum import roots_of_two
from hdl.formats import Format, LogFormat, parse_format

__all__ = ["Tables", "log_add", "model", "tables"]

_PRECISION = 256
"""Fraction bits of the numbers that logarithms are taken of."""

_MARGIN = 1 << 128
"""What they may be short by, and more: no logarithm comes that near to a step by chance."""


class Tables(NamedTuple):
    """Gaussian logarithms in steps of ``2^-F``, by the distance d of two exponents.

    ``2^(larger / 2^F) +/- 2^((larger - d) / 2^F) = 2^((larger + entry[d]) / 2^F)``, rounded.

    Attributes
    ----------
    added, subtracted
        Entries, int64. ``subtracted[0]``, the logarithm of zero, is of no meaning.
    subtracted_floor
        The integer part of what `subtracted` rounds.
    """

    added: NDArray[np.int64]
    subtracted: NDArray[np.int64]
    subtracted_floor: NDArray[np.int64]


@lru_cache(maxsize=64)
def tables(fmt: LogFormat, variant: str) -> Tables:
    """Return the tables for all distances there are.

    Parameters
    ----------
    variant
        ``correct``: the nearest integers. ``faithful``: one of both neighbours, the same as for the
        distance before as long as that is one of them; but 0 for less than a quarter of a step.
    """
    steps = 1 << fmt.fraction_bits
    one = 1 << _PRECISION
    roots = roots_of_two(4 * steps, _PRECISION)
    distances = np.arange(fmt.max_code)
    # 2^(-d / 2^F): roots of all octaves below 1.
    ratios = [
        roots[4 * (-d % steps)] >> (-(-d // steps)) for d in distances.tolist() if d < fmt.max_code
    ]
    added = [_logarithm(one + ratio, roots) for ratio in ratios]
    # A ratio too small to be told from zero leaves 1 - ratio just below 1.
    subtracted = [(0, 0), *(_logarithm(one - ratio, roots) for ratio in ratios[1:])]
    choose = _nearest if variant == "correct" else _longest_runs
    return Tables(
        np.array(choose(added, rising=False)),
        np.array([0, *choose(subtracted[1:], rising=True)]),
        np.array([quarters >> 2 for quarters, _ in subtracted]),
    )


def _logarithm(number: int, roots: list[int]) -> tuple[int, int]:
    """Return ``floor(4 * log2(number) * 2^F)``, and whether nothing was cut off.

    Raises
    ------
    ArithmeticError
        If the number is so near to a quarter of a step that its precision does not decide.
    """
    octave = number.bit_length() - 1 - _PRECISION
    # All significands to one precision: what is shifted out is less than the margin.
    significand = number >> octave if octave >= 0 else number << -octave
    rank = bisect_right(roots, significand) - 1
    lower = significand - roots[rank]
    upper = (roots[rank + 1] if rank + 1 < len(roots) else 2 << _PRECISION) - significand
    exact = lower == 0 and rank == 0
    if not exact and min(lower, upper) < _MARGIN:
        raise ArithmeticError(
            f"{_PRECISION} bits do not tell which side of a quarter a number is on"
        )
    return octave * len(roots) + rank, exact


def _nearest(logarithms: list[tuple[int, int]], *, rising: bool) -> list[int]:
    del rising  # of no concern here
    return [quarters + 2 >> 2 for quarters, _ in logarithms]


def _longest_runs(logarithms: list[tuple[int, int]], *, rising: bool) -> list[int]:
    """Return a near integer for each, with as few changes as can be where they rise or fall."""
    chosen: list[int] = []
    for quarters, exact in logarithms:
        is_tiny = quarters in (-1, 0)
        low = 0 if is_tiny else quarters >> 2
        high = low if is_tiny or exact else low + 1
        if not chosen or not low <= chosen[-1] <= high:
            # What lies ahead stays valid longest.
            chosen.append(high if rising else low)
        else:
            chosen.append(chosen[-1])
    return chosen


def log_add(
    a: ArrayLike, b: ArrayLike, *, fmt: Format | str, variant: str = "correct"
) -> NDArray[Any]:
    """Return the sums of log numbers, to the nearest logarithm or near it.

    Sums too large become the largest number; sums of at least half the smallest number become that,
    smaller ones zero. Zero comes with sign 0.

    Parameters
    ----------
    a, b
        Codes, of one shape.
    fmt
        A log format or its name, also of the sums.
    variant
        ``correct`` or ``faithful``, see `tables`.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if not isinstance(fmt, LogFormat):
        raise ValueError(f"log_add: {fmt.name} is no log format")
    x, w = (as_codes(codes, fmt).astype(np.int64) for codes in (a, b))
    e, f = x & fmt.max_code, w & fmt.max_code
    swap = f > e
    larger, smaller = np.maximum(e, f), np.minimum(e, f)
    sign = np.where(swap, w, x) & fmt.sign_mask
    added, subtracted, floors = tables(fmt, variant)
    distance = np.minimum(larger - smaller, fmt.max_code - 1)  # of a zero it does not matter
    opposed = (x ^ w) & fmt.sign_mask != 0
    entry = np.where(opposed, subtracted[distance], added[distance])
    floor = np.where(opposed, floors[distance], 0)
    vanishes = opposed & (larger + floor < 1 - (1 << fmt.fraction_bits))
    vanishes |= opposed & (larger == smaller)
    code = np.where(vanishes, 0, np.clip(larger + entry, 1, fmt.max_code) | sign)
    # One operand is zero: the other it is.
    code = np.where(smaller == 0, np.where(larger == 0, 0, larger | sign), code)
    return code.astype(code_dtype(fmt.bits))


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    codes = log_add(operands["a"], operands["b"], fmt=params["format"], variant=params["variant"])
    return {"y": codes}
