"""The one decision of rounding: whether the truncated significand goes up by one."""

from typing import Literal, get_args

from amaranth.hdl import Const, Value

__all__ = ["ROUNDINGS", "Rounding", "overflows_to_infinity", "rounds_up"]

Rounding = Literal["rne", "rtz", "rup", "rdn", "rna"]
"""To nearest with ties to even, toward zero, up, down, to nearest with ties away from zero."""

ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)


def rounds_up(rounding: Rounding, sign: Value, lowest: Value, guard: Value, sticky: Value) -> Value:
    """Return whether a magnitude goes up to the next one that can be represented.

    Parameters
    ----------
    sign
        1 for a negative number.
    lowest
        Lowest bit that is kept.
    guard
        First bit that is cut off.
    sticky
        Whether any bit below `guard` is set.
    """
    match rounding:
        case "rne":
            return guard & (sticky | lowest)
        case "rna":
            return guard
        case "rup":
            return ~sign & (guard | sticky)
        case "rdn":
            return sign & (guard | sticky)
        case "rtz":
            return Const(0)


def overflows_to_infinity(rounding: Rounding, sign: Value) -> Value:
    """Return whether a number too large becomes infinite (IEEE 754-2019, 7.4)."""
    match rounding:
        case "rne" | "rna":
            return Const(1)
        case "rup":
            return ~sign
        case "rdn":
            return sign
        case "rtz":
            return Const(0)
