"""Fixed-point sums into integers: the fraction rounded away, without a normalization."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value, signed

from hdl.bricks.rounding import Rounding

__all__ = ["round_fraction"]


def round_fraction(m: Module, total: Value, fraction_bits: int, rounding: Rounding) -> Signal:
    """Return the integer that a two's-complement number with a fraction rounds to.

    Parameters
    ----------
    total
        Signed.
    fraction_bits
        How many of its bits are below the point; fewer than it has.
    rounding
        As in the units. Dropping the fraction of a two's-complement number rounds it down, so that
        toward zero, and ties away from zero, depend on its sign.
    """
    whole = total[fraction_bits:].as_signed()
    rounded = Signal(signed(len(whole) + (fraction_bits > 0)), name="rounded")
    if fraction_bits == 0:
        m.d.comb += rounded.eq(whole)
        return rounded
    guard, sign = total[fraction_bits - 1], total[-1]
    below = total[: fraction_bits - 1].any() if fraction_bits > 1 else 0
    up = {
        "rne": guard & (below | whole[0]),
        "rna": guard & (below | ~sign),
        "rup": guard | below,
        "rtz": sign & (guard | below),
        "rdn": 0,
    }[rounding]
    m.d.comb += rounded.eq(whole + up)
    return rounded
