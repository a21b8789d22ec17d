"""Conditional negation."""

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind, prefix_levels

__all__ = ["Negate"]


class Negate(wiring.Component):
    """``negated = -data if negative else data``, two's complement. Combinational.

    No addition: a negation complements all bits above the lowest that is set.

    Parameters
    ----------
    bits
        Width of `data`.
    kind
        The network that finds what is set below each bit, named as the adders are.

    Members
    -------
    data : In(bits)
        Unsigned.
    negative : In(1)
    negated : Out(bits + 1)
    """

    def __init__(self, bits: int, kind: AdderKind) -> None:
        self.bits = bits
        self.kind: AdderKind = kind
        super().__init__({"data": In(bits), "negative": In(1), "negated": Out(bits + 1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Whether any bit up to and with this one is set.
        any_set: list[Value] = list(self.data)
        for level in prefix_levels(self.bits, self.kind):
            before = [*any_set]
            for i, j in level:
                any_set[i] = before[i] | before[j]
        flip = Cat(Const(0, 1), *(self.negative & below for below in any_set))
        m.d.comb += self.negated.eq(Cat(self.data, Const(0, 1)) ^ flip)
        return m
