"""From an exact integer to the nearest log number."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.lut import Lut
from hdl.bricks.normalizer import Normalizer, NormalizerKind
from hdl.bricks.roots import midpoint, root_of_two
from hdl.formats import LogFormat

__all__ = ["ToLog"]


class ToLog(wiring.Component):
    """``code = log number nearest to total * 2^exponent``. Combinational.

    The significand, truncated to `midpoint_bits` fraction bits, is compared with the midpoints
    between the steps of an octave, rounded up to as many; beyond the last midpoint the next octave
    begins. Results too large become the largest number, results of at least half the smallest
    number become that, smaller ones zero.

    Parameters
    ----------
    bits
        Width of `total`.
    exponent
        Weight of its lowest bit.
    fmt
        Format of the result.
    midpoint_bits
        Precision of the comparison.
    arithmetic
        Whether midpoints are arithmetic means, not geometric ones.
    adder, normalizer
        What it is built of.

    Members
    -------
    total : In(signed(bits))
    code : Out(fmt.bits)
    """

    def __init__(
        self,
        bits: int,
        exponent: int,
        fmt: LogFormat,
        *,
        midpoint_bits: int,
        arithmetic: bool,
        adder: AdderKind,
        normalizer: NormalizerKind,
    ) -> None:
        self.bits = bits
        self.exponent = exponent
        self.fmt = fmt
        self.midpoint_bits = midpoint_bits
        self.arithmetic = arithmetic
        self.adder: AdderKind = adder
        self.normalizer: NormalizerKind = normalizer
        super().__init__({"total": In(signed(bits)), "code": Out(fmt.bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, fraction_bits, places = self.fmt, self.fmt.fraction_bits, self.midpoint_bits
        steps = 1 << fraction_bits

        # Magnitude: -x = ~x + 1. As an unsigned number it needs no bit for the sign.
        negative = self.total[-1]
        m.submodules.magnitude = magnitude = Adder(self.bits, self.adder)
        m.d.comb += [
            magnitude.a.eq(self.total ^ negative.replicate(self.bits)),
            magnitude.carry_in.eq(negative),
        ]

        # Leading one to the top; what is below the places to compare is cut off.
        m.submodules.normalize = normalize = Normalizer(
            self.bits, places + 1, self.bits - 1, self.bits - 1, self.normalizer
        )
        m.d.comb += [normalize.data.eq(magnitude.total), normalize.room.eq(self.bits - 1)]

        # Steps of the octave that the significand has passed, and whether it is beyond the step
        # that half the smallest number is.
        least_octave, least_step = divmod(1 - steps + fmt.bias, steps)
        least = root_of_two(least_step, steps, places, up=True)
        edges = [midpoint(k, steps, places, arithmetic=self.arithmetic) for k in range(steps)]
        ranks = [
            sum(significand >= edge for edge in edges) << 1 | (significand >= least)
            for significand in range(1 << places, 2 << places)
        ]
        m.submodules.rank = rank = Lut(ranks, fraction_bits + 2)
        m.d.comb += rank.x.eq(normalize.shifted[:places])

        # (octave << F) + rank - bias, with octave = bits - 1 + exponent - shift.
        top_octave = self.bits - 1 + self.exponent
        shift = normalize.amount
        limit = (top_octave << fraction_bits) + steps - fmt.bias
        raw = Signal(range(limit - (self.bits << fraction_bits) - steps, max(limit, 0) + 1))
        m.d.comb += raw.eq(
            Const((top_octave << fraction_bits) - fmt.bias, raw.shape())
            - Cat(Const(0, fraction_bits), shift)
            + rank.y[1:]
        )
        least_shift = top_octave - least_octave
        is_tiny = Signal()
        if least_shift < 0:
            m.d.comb += is_tiny.eq(1)
        else:
            m.d.comb += is_tiny.eq((shift > least_shift) | ((shift == least_shift) & ~rank.y[0]))
        vanishes = Signal()
        m.d.comb += vanishes.eq(is_tiny | ~normalize.shifted[-1])
        exponent = Signal(fmt.bits - 1)
        m.d.comb += [
            exponent.eq(Mux(raw < 1, 1, Mux(raw > fmt.max_code, fmt.max_code, raw))),
            self.code.eq(Mux(vanishes, 0, Cat(exponent, negative))),
        ]
        return m
