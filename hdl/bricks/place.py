"""A number as a bit at its place."""

from __future__ import annotations

from amaranth.hdl import Cat, Mux, Value

__all__ = ["decoded"]

_LOW_BITS = 3
"""Of a place, which are decoded by themselves."""


def decoded(place: Value, flag: Value, places: range) -> Value:
    """Return a bit for each of some places: set at `place`, and if the flag is set at all above it.

    Decoded in two steps: the high bits of the place choose eight bits, which the low ones decide.
    """
    low, high = place[:_LOW_BITS], place[_LOW_BITS:]
    size = 1 << _LOW_BITS
    near = [Mux(flag, low <= j, low == j) for j in range(size)]
    bits: list[Value] = []
    for i, j in (divmod(position, size) for position in places):
        bit = (high == i) & near[j]
        bits.append(bit | (flag & (high < i)) if i else bit)
    return Cat(bits)
