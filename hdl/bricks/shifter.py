"""Shifters by a variable amount."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LeftShifter", "RightShifter"]


class RightShifter(wiring.Component):
    """``shifted = data >> amount``, zeros from the top. Combinational.

    Parameters
    ----------
    bits
        Width of `data` and `shifted`.
    limit
        Largest value of `amount`; larger ones are not allowed.

    Members
    -------
    data : In(bits)
    amount : In(range(limit + 1))
    shifted : Out(bits)
    """

    def __init__(self, bits: int, limit: int) -> None:
        super().__init__({"data": In(bits), "amount": In(range(limit + 1)), "shifted": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.shifted.eq(self.data >> self.amount)
        return m


class LeftShifter(wiring.Component):
    """``shifted = data << amount`` within the width, zeros from below. Combinational.

    Parameters
    ----------
    bits
        Width of `data` and `shifted`.
    limit
        Largest value of `amount`; larger ones are not allowed.

    Members
    -------
    data : In(bits)
    amount : In(range(limit + 1))
    shifted : Out(bits)
    """

    def __init__(self, bits: int, limit: int) -> None:
        super().__init__({"data": In(bits), "amount": In(range(limit + 1)), "shifted": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.shifted.eq(self.data << self.amount)
        return m
