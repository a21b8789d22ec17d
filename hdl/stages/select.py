"""Which M inputs meet N operands: the multiplexers of structured sparsity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SelectGroup", "index_bits"]


def index_bits(m: int) -> int:
    """Return the bits of a position in a group of `m`."""
    return max(1, (m - 1).bit_length())


class SelectGroup(wiring.Component):
    """Picks `n` of `m` values by `n` ascending positions. Combinational.

    Ascending positions leave slot k no choice but ``k .. k + m - n``: of 2:4 a 3:1 multiplexer each
    instead of 4:1. A position outside picks the nearest inside, which takes no gates at all, as its
    leaf of the multiplexer tree merges with its neighbour's.

    Parameters
    ----------
    bits
        Width of a value.
    n, m
        Values picked, and values to choose from.
    inverted
        Whether `y` comes complemented: three values to choose from then take one AOI222 cell a bit,
        the decoded position being shared by all bits of a value, which is a third less than
        multiplexers. For registers, behind which it is complemented back.

    Members
    -------
    x : In(m * bits)
    meta : In(n * index_bits(m))
        The positions, that of slot 0 in the low bits.
    y : Out(n * bits)
    err : Out(1)
        The positions do not ascend, or one is `m` or more.
    """

    def __init__(self, bits: int, n: int, m: int, *, inverted: bool = False) -> None:
        self.inverted = inverted
        self.bits = bits
        self.n = n
        self.m = m
        super().__init__(
            {
                "x": In(m * bits),
                "meta": In(n * index_bits(m)),
                "y": Out(n * bits),
                "err": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = index_bits(self.m)
        positions = [self.meta.word_select(slot, width) for slot in range(self.n)]
        values = [self.x.word_select(i, self.bits) for i in range(self.m)]
        for slot, position in enumerate(positions):
            picked = Signal(self.bits, name=f"picked_{slot}")
            reach = values[slot : slot + self.m - self.n + 1]
            if not self.inverted:
                m.d.comb += picked.eq(_pick(position, reach, slot, 0))
            elif len(reach) > _AND_OR_INPUTS:
                m.d.comb += picked.eq(~_pick(position, reach, slot, 0))
            else:
                m.d.comb += picked.eq(~_and_or(m, position, reach, slot))
            m.d.comb += self.y.word_select(slot, self.bits).eq(picked)
        wrong: list[Value] = [low >= high for low, high in pairwise(positions)]
        if self.m < 1 << width:
            # Where positions ascend, the last is the largest.
            wrong.append(positions[-1] >= self.m)
        m.d.comb += self.err.eq(Cat(wrong).any() if wrong else Const(0))
        return m


_AND_OR_INPUTS = 3
"""Most values that one cell ands and ors."""


def _and_or(m: Module, position: Value, reach: Sequence[Value], low: int) -> Value:
    """Return the same as `_pick`, each value being gated by a signal of its own."""
    at = [position <= low, *(position == low + k for k in range(1, len(reach) - 1))]
    at += [position >= low + len(reach) - 1] if len(reach) > 1 else []
    picked: Value = Const(0)
    for k, (value, here) in enumerate(zip(reach, at, strict=True)):
        gate = Signal(name=f"at_{low + k}_for_{low}")
        m.d.comb += gate.eq(here if len(reach) > 1 else Const(1))
        picked = picked | (value & gate.replicate(len(value)))
    return picked


def _pick(position: Value, reach: Sequence[Value], low: int, base: int) -> Value:
    """Return the value at `position`, the last of whose bits count from `base`.

    `reach` are the values from position `low` on; beyond its ends are copies of its ends.
    """
    last = base + (1 << len(position)) - 1
    if last <= low:
        return reach[0]
    if base >= low + len(reach) - 1:
        return reach[-1]
    if not len(position):
        return reach[base - low]
    half, top = position[:-1], position[-1]
    upper = _pick(half, reach, low, base + (1 << len(half)))
    return Mux(top, upper, _pick(half, reach, low, base))
