"""Scales: their product, rounded to what the multiplier behind it takes, and that multiplier."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.multiplier import Multiplier, add_product
from hdl.bricks.rounding import rounds_up

__all__ = ["ApplyScale", "MultiplyScales"]


class MultiplyScales(wiring.Component):
    """``factor = min(round(scale_a * scale_b / 2**dropped), 2**bits - 1)``. Combinational.

    Ties go to the even factor. Rounding up from the largest factors would take a bit more, for
    which the multiplier behind would pay always: they stay.

    Parameters
    ----------
    a_bits, b_bits
        Widths of the unsigned scales.
    bits
        Width of the factor.
    adder
        The multiplier's final adder.

    Attributes
    ----------
    dropped : int
        Bits that are rounded away; the factor's lowest bit weighs ``2**dropped``.

    Members
    -------
    scale_a : In(a_bits)
    scale_b : In(b_bits)
    factor : Out(bits)
    """

    def __init__(self, a_bits: int, b_bits: int, bits: int, adder: AdderKind) -> None:
        self.adder: AdderKind = adder
        self.dropped = a_bits + b_bits - bits
        super().__init__({"scale_a": In(a_bits), "scale_b": In(b_bits), "factor": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier(
            len(self.scale_a), len(self.scale_b), self.adder
        )
        m.d.comb += [multiplier.a.eq(self.scale_a), multiplier.b.eq(self.scale_b)]
        if not self.dropped:
            m.d.comb += self.factor.eq(multiplier.product)
            return m
        kept, cut = multiplier.product[self.dropped :], multiplier.product[: self.dropped]
        up = Signal()
        sticky = cut[:-1].any() if self.dropped > 1 else Const(0)
        m.d.comb += up.eq(rounds_up("rne", Const(0), kept[0], cut[-1], sticky))
        m.d.comb += self.factor.eq(Mux(kept.all(), kept, kept + up))
        return m


class ApplyScale(wiring.Component):
    """``scaled = value * factor``, exact. Combinational.

    Parameters
    ----------
    bits
        Width of the two's-complement value.
    factor_bits
        Width of the unsigned factor.
    adder
        The final adder.

    Members
    -------
    value : In(bits)
    factor : In(factor_bits)
    scaled : Out(bits + factor_bits)
        Two's complement.
    """

    def __init__(self, bits: int, factor_bits: int, adder: AdderKind) -> None:
        self.adder: AdderKind = adder
        super().__init__(
            {"value": In(bits), "factor": In(factor_bits), "scaled": Out(bits + factor_bits)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.scaled))
        add_product(heap, self.value, self.factor, a_signed=True)
        m.d.comb += self.scaled.eq(heap.sum(m, self.adder))
        return m
