"""The largest magnitude of numbers side by side."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.maximum import Maximum, MaximumKind
from hdl.formats import FloatFormat, IntFormat
from hdl.stages.block_scale import Reach
from hdl.stages.unpack import Unpack

__all__ = ["RowPeak", "peak_bits"]


def peak_bits(x: IntFormat | FloatFormat) -> int:
    """Return the width of a magnitude's code."""
    return x.width if isinstance(x, IntFormat) else x.bits - 1


class RowPeak(wiring.Component):
    """``magnitude = max |x|``: of integers a number, of floats a code without its sign.

    Codes of floats are in the order of their magnitudes. Combinational.

    Parameters
    ----------
    x
        Format of the numbers; a float has a sign.
    lanes
        How many there are.
    kind
        How they are compared.

    Members
    -------
    codes : In(lanes * x.bits)
    magnitude : Out(peak_bits(x))
    special : Out(1)
        Whether one is infinite or NaN.
    """

    def __init__(self, x: IntFormat | FloatFormat, lanes: int, kind: MaximumKind) -> None:
        self.x = x
        self.lanes = lanes
        self.kind: MaximumKind = kind
        super().__init__(
            {"codes": In(lanes * x.bits), "magnitude": Out(peak_bits(x)), "special": Out(1)}
        )

    @property
    def reach(self) -> Reach:
        """The outputs."""
        return Reach(self.magnitude, Const(0, 0), self.special)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x = self.x
        m.submodules.maximum = maximum = Maximum(self.lanes, peak_bits(x), self.kind)
        units: list[Unpack] = []
        for i in range(self.lanes):
            m.submodules[f"unpack_{i}"] = unit = Unpack(x)
            units.append(unit)
            code = self.codes.word_select(i, x.bits)
            magnitude = unit.significand if isinstance(x, IntFormat) else code[:-1]
            m.d.comb += [unit.code.eq(code), getattr(maximum, f"number_{i}").eq(magnitude)]
        m.d.comb += [
            self.magnitude.eq(maximum.largest),
            self.special.eq(Cat(unit.is_inf | unit.is_nan for unit in units).any()),
        ]
        return m
