"""Log numbers: their values, and where the roots of two fall between floats."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.binades import DOUBLE, SINGLE, Layout
from hdl.formats import LogFormat

__all__ = ["Direction", "Ranks", "decode_log", "fits_single", "ranks", "roots_of_two"]

_GUARD = 128
"""Extra bits of the roots; 2^16 products of them leave more than 100 correct."""


def roots_of_two(count: int, bits: int) -> list[int]:
    """Return floor(2^(k / count) * 2^bits) for k = 0 to count - 1, `count` a power of two."""
    width = bits + _GUARD
    step = 2 << width
    for _ in range(count.bit_length() - 1):
        step = isqrt(step << width)
    power, roots = 1 << width, []
    for _ in range(count):
        # The step is a little short, so a power may be too, by less than count^2 units of 2^-width.
        roots.append((power + count * count) >> _GUARD)
        power = power * step >> width
    return roots


@lru_cache(maxsize=64)
def _significands(fraction_bits: int) -> NDArray[np.int64]:
    """Return the significands, in units of 2^-52, of the float64 nearest to 2^(k / 2^F)."""
    roots = roots_of_two(1 << fraction_bits, DOUBLE.mantissa_bits + 1)
    return (np.array(roots) + 1) >> 1


@lru_cache(maxsize=64)
def _magnitudes(fmt: LogFormat) -> NDArray[np.float64]:
    """Return the value of every code without sign."""
    exponent = np.arange(fmt.sign_mask) - fmt.bias
    octave = exponent >> fmt.fraction_bits
    roots = _significands(fmt.fraction_bits)[exponent - (octave << fmt.fraction_bits)]
    values = np.ldexp(roots.astype(np.float64), octave - DOUBLE.mantissa_bits)
    values[0] = 0
    return values


def decode_log(codes: NDArray[Any], fmt: LogFormat) -> NDArray[np.float64]:
    """Return the values of codes: the nearest float64, for most are irrational."""
    values = _magnitudes(fmt).take(codes & codes.dtype.type(fmt.max_code))
    return np.where(codes & codes.dtype.type(fmt.sign_mask), -values, values)


def fits_single(fmt: LogFormat) -> bool:
    """Return whether all that float32 inputs have as normal numbers is enough for `fmt`."""
    half_of_least = 1 - fmt.bias - (1 << fmt.fraction_bits)
    return half_of_least >> fmt.fraction_bits >= 1 - SINGLE.bias


Direction = Literal["nearest", "down", "up"]


class Ranks(NamedTuple):
    """How many steps of a log format a mantissa is above its power of two.

    ``steps[top] + (mantissa >= edge[top])``, where `top` is ``mantissa >> shift``: at most one
    step lies within equal top bits.
    """

    shift: int
    steps: NDArray[Any]
    edge: NDArray[Any]


@lru_cache(maxsize=64)
def ranks(fraction_bits: int, layout: Layout, direction: Direction) -> Ranks:
    """Return the tables that round a mantissa to 2^-F of an octave.

    Parameters
    ----------
    fraction_bits
        F.
    layout
        Where the mantissa comes from.
    direction
        To the nearest logarithm, with steps at ``2^((k + 1/2) / 2^F)``; or down or up to the next
        value as `decode_log` gives it, which keeps rounding idempotent.
    """
    count = 1 << fraction_bits
    one = 1 << layout.mantissa_bits
    cut = DOUBLE.mantissa_bits - layout.mantissa_bits
    if direction == "nearest":
        # Irrational, so that the next integer is the first mantissa beyond.
        first = np.array(roots_of_two(2 * count, layout.mantissa_bits)[1::2]) + 1
    elif direction == "down":
        first = (_significands(fraction_bits)[1:] + (1 << cut) - 1) >> cut
    else:
        first = (_significands(fraction_bits) >> cut) + 1
    edges = (first - one).astype(layout.integer)
    # Steps are more than 2^-(F+1) apart.
    shift = layout.mantissa_bits - (fraction_bits + 2)
    starts = np.arange(4 * count, dtype=layout.integer) << shift
    below = np.searchsorted(edges, starts, side="right")
    never = np.append(edges, layout.integer.type(2 * one))
    return Ranks(shift, below.astype(layout.integer), never[below])
