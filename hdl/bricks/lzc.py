"""Leading-zero counter."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LeadingZeros"]


class LeadingZeros(wiring.Component):
    """Counts the zeros above the highest set bit.

    A tree of pairs: each node knows whether its half holds a set bit and how many zeros lead it, so
    the depth is logarithmic. The count of an all-zero word is `bits`. Combinational.

    Parameters
    ----------
    bits
        Width of `data`.

    Members
    -------
    data : In(bits)
    count : Out(bits.bit_length())
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__({"data": In(bits), "count": Out(bits.bit_length())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Padding with ones below, one at least, makes the width a power of two and stops the count.
        levels = self.bits.bit_length()
        padding = (1 << levels) - self.bits
        padded = Cat(Const(1).replicate(padding), self.data)
        nodes: list[tuple[Value, Value | None]] = [
            (padded[i], None) for i in reversed(range(1 << levels))
        ]
        for level in range(levels):
            merged: list[tuple[Value, Value | None]] = []
            for (left_any, left), (right_any, right) in zip(nodes[::2], nodes[1::2], strict=True):
                count = Signal(level + 1, name=f"count_{level}_{len(merged)}")
                if left is None or right is None:
                    m.d.comb += count.eq(~left_any)
                else:
                    m.d.comb += count.eq(Cat(Mux(left_any, left, right), ~left_any))
                either = Signal(name=f"any_{level}_{len(merged)}")
                m.d.comb += either.eq(left_any | right_any)
                merged.append((either, count))
            nodes = merged
        root = nodes[0][1]
        if root is not None:
            m.d.comb += self.count.eq(root)
        return m
