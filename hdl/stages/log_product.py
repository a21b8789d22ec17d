"""Products of log numbers."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.formats import LogFormat

__all__ = ["LogProduct"]


class LogProduct(wiring.Component):
    """``exponent = a's + b's``, one addition of the whole exponents. Combinational.

    The carry out of the fraction reaches the integer part like any other. The product is worth
    ``(-1)^negative * 2^((exponent - 2 * bias) / 2^F)``.

    Parameters
    ----------
    fmt
        Format of both factors.
    adder
        The adder.

    Members
    -------
    a, b : In(fmt.bits)
        Codes.
    negative : Out(1)
    exponent : Out(fmt.bits)
        Of meaning only if `is_zero` is not set.
    is_zero : Out(1)
        Either factor is zero.
    """

    def __init__(self, fmt: LogFormat, adder: AdderKind) -> None:
        self.adder: AdderKind = adder
        super().__init__(
            {
                "a": In(fmt.bits),
                "b": In(fmt.bits),
                "negative": Out(1),
                "exponent": Out(fmt.bits),
                "is_zero": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.add = add = Adder(len(self.exponent) - 1, self.adder)
        m.d.comb += [
            add.a.eq(self.a[:-1]),
            add.b.eq(self.b[:-1]),
            self.exponent.eq(add.total),
            self.negative.eq(self.a[-1] ^ self.b[-1]),
            self.is_zero.eq(~self.a[:-1].any() | ~self.b[:-1].any()),
        ]
        return m
