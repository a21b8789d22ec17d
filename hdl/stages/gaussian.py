"""Gaussian logarithms: what addition and subtraction are between logarithms."""

from __future__ import annotations

from typing import Literal, get_args

from hdl.bricks.roots import root_of_two
from hdl.formats import LogFormat

__all__ = ["VARIANTS", "Variant", "gaussian_logarithms"]

Variant = Literal["correct", "faithful"]
"""Entries rounded to nearest, or to either neighbour, whichever makes the table simpler."""

VARIANTS: tuple[Variant, ...] = get_args(Variant)

_PRECISION = 256


def gaussian_logarithms(
    fmt: LogFormat, variant: Variant, *, subtract: bool
) -> list[tuple[int, int]]:
    """Return ``2^F * log2(1 +/- 2^(-d / 2^F))`` for distances d = 0, 1, .. of two exponents.

    Rounded as `variant` says, and rounded down. Of two equal numbers the difference has no
    logarithm: 0.

    A faithful entry stays what it is for the distance before as long as that is one of its
    neighbours; then it is the one that stays longest. What is below a quarter is 0.
    """
    steps = 1 << fmt.fraction_bits
    entries: list[tuple[int, int]] = [(0, 0)] if subtract else []
    previous: int | None = None
    for distance in range(len(entries), fmt.max_code):
        octaves, step = divmod(-distance, steps)
        ratio = root_of_two(step, steps, _PRECISION) >> -octaves
        one = 1 << _PRECISION
        quarters = _quarters(one - ratio if subtract else one + ratio, fmt.fraction_bits)
        floor = quarters >> 2
        if variant == "correct":
            entries.append((quarters + 2 >> 2, floor))
            continue
        if distance == (steps if subtract else 0):
            neighbours = [floor]  # log2(1 - 1/2), log2(1 + 1): no other is an integer
        elif quarters in (-1, 0):
            neighbours = [0]
        else:
            # The first is the one that stays: differences rise with the distance, sums fall.
            neighbours = [floor + 1, floor] if subtract else [floor, floor + 1]
        if previous not in neighbours:
            previous = neighbours[0]
        entries.append((previous, floor))
    return entries


def _quarters(number: int, fraction_bits: int) -> int:
    """Return the integer part of ``4 * 2^F * log2(number / 2^_PRECISION)``, a bit a square.

    A significand whose square is 2 or more has a logarithm of half an octave or more. Every square
    doubles the error of the one before, from a unit in the last of 256 places.
    """
    logarithm = number.bit_length() - 1 - _PRECISION
    significand = number >> logarithm if logarithm >= 0 else number << -logarithm
    for _ in range(fraction_bits + 2):
        significand = significand * significand >> _PRECISION
        carry = significand >> (_PRECISION + 1)
        significand >>= carry
        logarithm = logarithm << 1 | carry
    return logarithm
