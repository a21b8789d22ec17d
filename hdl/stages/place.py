"""A product at its place in a fixed-point word wide enough for all (Kulisch)."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.shifter import LeftShifter
from hdl.stages.terms import Term, TermRange

__all__ = ["Place"]


class Place(wiring.Component):
    """``placed = significand << (weight - min_weight)``. Combinational.

    Parameters
    ----------
    term
        Range of the product.

    Members
    -------
    exponent : In(term.exponent_bits)
    significand : In(term.bits)
    placed : Out(bits)
        Exact; its lowest bit weighs ``2**term.min_weight``.
    """

    def __init__(self, term: TermRange) -> None:
        self.range = term
        # The largest shift moves the significand up by the whole span of the weights.
        self.bits = term.bits + term.max_weight - term.min_weight
        super().__init__(
            {
                "exponent": In(term.exponent_bits),
                "significand": In(term.bits),
                "placed": Out(self.bits),
            }
        )

    def connect(self, m: Module, term: Term) -> None:
        """Feed the product in."""
        m.d.comb += [
            self.exponent.eq(term.exponent),
            self.significand.eq(term.significand),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The smallest exponent is not always 0. Shifting by the whole exponent, and leaving out the
        # places below the lowest weight, takes no subtraction.
        unused = self.range.min_weight - self.range.offset
        span = self.range.max_weight - self.range.offset
        m.submodules.shifter = shifter = LeftShifter(self.bits + unused, span)
        m.d.comb += [
            shifter.data.eq(self.significand),
            shifter.amount.eq(self.exponent),
            self.placed.eq(shifter.shifted[unused:]),
        ]
        return m
