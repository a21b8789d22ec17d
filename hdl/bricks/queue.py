"""A short queue in registers."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Queue"]


class Queue(wiring.Component):
    """First in, first out; for the few places that hide a pipeline's latency.

    The oldest entry is always in the first register, so that it leaves without a multiplexer; the
    others move up behind it. What is written in one cycle can be read in the next.

    Parameters
    ----------
    bits
        Width of an entry.
    depth
        Places, at least 1.

    Members
    -------
    w_data : In(bits)
    w_en : In(1)
        Only while there is a free place, or one becomes free in the same cycle.
    r_data : Out(bits)
    r_rdy : Out(1)
        Whether there is an entry to read.
    r_en : In(1)
        Take it.
    """

    def __init__(self, bits: int, depth: int) -> None:
        self.depth = depth
        super().__init__(
            {
                "w_data": In(bits),
                "w_en": In(1),
                "r_data": Out(bits),
                "r_rdy": Out(1),
                "r_en": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level = Signal(range(self.depth + 1))
        entries = [
            Signal(len(self.r_data), name=f"entry_{k}", reset_less=True) for k in range(self.depth)
        ]
        leaves = Signal()
        m.d.comb += [
            self.r_rdy.eq(level != 0),
            self.r_data.eq(entries[0]),
            leaves.eq(self.r_rdy & self.r_en),
        ]
        # Where the next entry goes, after the others have moved up.
        place = Signal.like(level)
        m.d.comb += place.eq(level - leaves)
        m.d.sync += level.eq(place + self.w_en)
        for k, entry in enumerate(entries):
            behind = entries[k + 1] if k + 1 < self.depth else entry
            with m.If(self.w_en & (place == k)):
                m.d.sync += entry.eq(self.w_data)
            with m.Else():
                m.d.sync += entry.eq(Mux(leaves, behind, entry))
        return m
