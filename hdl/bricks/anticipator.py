"""Where the leading one of a sum will be, found beside the addition."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Anticipator"]


class Anticipator(wiring.Component):
    """Marks the first bit of ``a + b`` that differs from its sign, or the one above it.

    Two's complement, and a sum that fits. From the top, two numbers whose sum has many sign bits
    begin with places where their bits differ; the first place where both are ones or both zeros
    ends that run, unless the sum continues it: ones, then zeros (a positive sum), or the reverse.
    Three neighbouring places tell. Source: Schmookler and Nowka, "Leading Zero Anticipation and
    Detection", ARITH 2001. Combinational.

    Parameters
    ----------
    bits
        Width of `a` and `b`, sign included, 2 at least.

    Members
    -------
    a, b : In(bits)
    marks : Out(bits - 1)
        Of the places below the sign. The highest mark is at the first bit that differs from the
        sign, or one place above it, but not above the top; no mark where there is none.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__({"a": In(bits), "b": In(bits), "marks": Out(bits - 1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        differ = self.a ^ self.b
        ones = self.a & self.b
        zeros = ~self.a & ~self.b
        marks: list[Value] = []
        for i in range(self.bits):
            # Below the lowest place there are zeros.
            ones_below = ones[i - 1] if i else Const(0)
            zeros_below = zeros[i - 1] if i else Const(1)
            after_difference = (ones[i] & ~zeros_below) | (zeros[i] & ~ones_below)
            otherwise = (ones[i] & ~ones_below) | (zeros[i] & ~zeros_below)
            # Above the sign there are copies of it.
            above = differ[min(i + 1, self.bits - 1)]
            marks.append((above & after_difference) | (~above & otherwise))
        # A mark at the sign itself stands for the place below, which then differs from it.
        m.d.comb += self.marks.eq(Cat(*marks[:-2], marks[-2] | marks[-1]))
        return m
