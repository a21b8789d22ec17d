"""Division of unsigned numbers, bit by bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Divider"]


class Divider(wiring.Component):
    """``quotient, inexact = floor(2^fraction * dividend / divisor), whether anything is left``.

    Restoring division: in each step the divisor is subtracted from what is left if that is no less,
    which is a bit of the quotient, and what is left is doubled. Combinational; one subtraction a
    bit, one behind the other.

    Parameters
    ----------
    dividend_bits, divisor_bits
        Widths of the operands.
    whole, fraction
        Bits of the quotient before and behind the point: the dividend is less than ``2^whole``
        times the divisor, or else the outputs mean nothing; at least one before the point.

    Members
    -------
    dividend : In(dividend_bits)
    divisor : In(divisor_bits)
    quotient : Out(whole + fraction)
    inexact : Out(1)
    """

    def __init__(self, dividend_bits: int, divisor_bits: int, whole: int, fraction: int) -> None:
        self.whole = whole
        super().__init__(
            {
                "dividend": In(dividend_bits),
                "divisor": In(divisor_bits),
                "quotient": Out(whole + fraction),
                "inexact": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # What is left is less than twice what is subtracted, before every step.
        subtracted = self.divisor << (self.whole - 1)
        bits = len(subtracted) + 1
        left: Value = self.dividend
        quotient: list[Value] = []
        for place in range(len(self.quotient)):
            difference = Signal(bits + 1, name=f"difference_{place}")
            fits, rest = Signal(name=f"fits_{place}"), Signal(bits - 1, name=f"rest_{place}")
            m.d.comb += [
                difference.eq(left - subtracted),
                fits.eq(~difference[-1]),
                rest.eq((difference & fits.replicate(bits)) | (left & (~fits).replicate(bits))),
            ]
            quotient.insert(0, fits)
            left = rest << 1
        m.d.comb += [self.quotient.eq(Cat(quotient)), self.inexact.eq(left.any())]
        return m
