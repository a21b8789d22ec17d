"""Roots of two as integers, exactly rounded: the constants of log arithmetic."""

from __future__ import annotations

from math import isqrt

__all__ = ["midpoint", "root_of_two"]

_GUARD = 64


def root_of_two(step: int, steps: int, bits: int, *, up: bool = False) -> int:
    """Return ``2^(step / steps) * 2^bits``, rounded to nearest, or up.

    Parameters
    ----------
    step
        0 or more.
    steps
        A power of two.
    bits
        Fraction bits of the result.
    """
    floor = _floor_root(step, steps, bits)
    if up:
        return floor + (floor**steps != 1 << (step + bits * steps))
    # Nothing lies half way: either the root is an integer or it is irrational.
    return (_floor_root(step, steps, bits + 1) + 1) >> 1


def midpoint(step: int, steps: int, bits: int, *, arithmetic: bool = False) -> int:
    """Return the mean of ``2^(step / steps)`` and the next root, times ``2^bits``, rounded up.

    The geometric mean by default.
    """
    if not arithmetic:
        return root_of_two(2 * step + 1, 2 * steps, bits, up=True)
    # Floors of both, with so many guard bits that what they lack cannot reach the last bit kept:
    # a sum of roots is irrational, unless there is but one step.
    total = sum(_floor_root(k, steps, bits + _GUARD) for k in (step, step + 1))
    return -(-total >> (_GUARD + 1))


def _floor_root(step: int, steps: int, bits: int) -> int:
    """Return the integer part of ``2^(step / steps) * 2^bits``.

    The root of a power of two degree is a chain of square roots, and the integer part of a square
    root does not change when the radicand loses its fraction.
    """
    root = 1 << (step + bits * steps)
    while steps > 1:
        root, steps = isqrt(root), steps // 2
    return root
