"""slipstick's units as components of somebody else's Amaranth design: two dot products a cycle."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.dot import Dot
from hdl.formats import parse_format

__all__ = ["TwoColumns"]


class TwoColumns(wiring.Component):
    """One row of E4M3 activations times two columns of weights, summed up in FP32.

    Attributes
    ----------
    latency : int
        Cycles from operands to sums.

    Members
    -------
    valid : In(1)
        Whether there are operands.
    first : In(1)
        Whether the sums start anew.
    row : In(32)
        Four E4M3 codes, the first in the low bits.
    left, right : In(32)
        As many weights each.
    sums_valid : Out(1)
    left_sum, right_sum : Out(32)
        FP32.
    """

    def __init__(self) -> None:
        e4m3, fp32 = parse_format("e4m3"), parse_format("fp32")
        self._columns = {
            side: Dot(e4m3, e4m3, fp32, lanes=4, accumulate=True, stages=1)
            for side in ("left", "right")
        }
        self.latency = self._columns["left"].latency
        super().__init__(
            {"valid": In(1), "first": In(1), "row": In(32), "left": In(32), "right": In(32)}
            | {"sums_valid": Out(1), "left_sum": Out(32), "right_sum": Out(32)}
        )

    def elaborate(self, platform: object) -> Module:
        """Connect one unit a column."""
        m = Module()
        for side, dot in self._columns.items():
            m.submodules[side] = dot
            m.d.comb += [
                dot.in_valid.eq(self.valid),
                dot.first.eq(self.first),
                dot.a.eq(self.row),
                dot.b.eq(getattr(self, side)),
                getattr(self, f"{side}_sum").eq(dot.y),
            ]
        m.d.comb += self.sums_valid.eq(self._columns["left"].out_valid)
        return m
