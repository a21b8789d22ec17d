"""A number as an element of a block: divided by a shared power of two, and rounded."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.formats import FixedFormat, FloatFormat, Format, IntFormat, PowerFormat
from hdl.stages.block_scale import largest_exponent, lowest_exponent
from hdl.stages.terms import Case, Term, TermRange
from hdl.stages.unpack import Unpack

__all__ = ["ShareScale"]


class ShareScale(wiring.Component):
    """``magnitude = |x| / scale`` in a fixed-point word, what lies below it sticky. Combinational.

    No quotient is as large as twice the largest power of two among elements, as the scale is that
    of the block's largest number. So a shift to the right by how much smaller than that a number is
    brings it to its place in a word that spans the elements, with a guard bit below. Where numbers
    may lead with zeros (integers, subnormals) the word begins so much higher.

    Parameters
    ----------
    x
        Format of the number.
    element
        Format of the element.
    scale
        Format of the scale, e8m0.

    Attributes
    ----------
    range
        Of the result.

    Members
    -------
    code : In(x.bits)
    scale_code : In(scale.bits)
        As `hdl.stages.block_scale.PowerScale` finds it, and no NaN.
    sign, is_zero : Out(1)
    magnitude : Out(range.bits)
        The lowest bit is set where anything is cut off.
    """

    def __init__(self, x: IntFormat | FloatFormat, element: Format, scale: PowerFormat) -> None:
        self.x = x
        self._top = top = largest_exponent(element)
        ulp = 0
        if isinstance(element, FloatFormat):
            ulp = element.min_ulp_exponent
        elif isinstance(element, FixedFormat):
            ulp = -element.fraction_bits
        # From the top down to half the last place of the smallest elements.
        self._span = top - ulp + 2
        self.precision = x.width if isinstance(x, IntFormat) else x.precision
        least_top = x.width - 1 if isinstance(x, IntFormat) else x.min_exponent
        # The scale's power times that of the largest element, where scales are least.
        floor = top - scale.bias
        self._headroom = max(0, least_top - max(lowest_exponent(x), floor))
        self._bits = max(self._headroom + self._span, self.precision)
        # Of a number at exponent 0 under a scale of code 0.
        self._origin = floor + self._headroom
        highest = x.width - 1 if isinstance(x, IntFormat) else x.max_exponent
        self._limit = max(highest, floor) - least_top + self._headroom
        weight = ulp - 2
        self.range = TermRange(
            self._span + 1,
            weight,
            weight,
            weight,
            (Case(0, weight),),
            has_inf=False,
            has_nan=False,
        )
        super().__init__(
            {
                "code": In(x.bits),
                "scale_code": In(scale.bits),
                "sign": Out(1),
                "is_zero": Out(1),
                "magnitude": Out(self.range.bits),
            }
        )

    @property
    def term(self) -> Term:
        """The outputs as a `Term`, which is a finite number always."""
        never = Const(0)
        return Term(self.sign, Const(0, 0), self.magnitude, self.is_zero, never, never, never)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unpack = unpack = Unpack(self.x)
        m.d.comb += [
            unpack.code.eq(self.code),
            self.sign.eq(unpack.sign),
            self.is_zero.eq(unpack.is_zero),
        ]
        # How far below the top the leading place of this number is; where a block is all zeros
        # it does not matter. Floats of one exponent have no exponent signal.
        own = unpack.exponent + (unpack.range.offset + self.precision - 1)
        amount = Signal(max(1, self._limit.bit_length()))
        m.d.comb += amount.eq(self.scale_code + self._origin - own)

        word: Value = Cat(Const(0, self._bits - self.precision), unpack.significand)
        lost: Value = Const(0)
        for place in range(len(amount)):
            step, shifts = 1 << place, amount[place]
            rest = word[: min(step, self._bits)]
            shifted = Signal(self._bits, name=f"shifted_{place}")
            m.d.comb += shifted.eq(Mux(shifts, word >> step, word))
            lost = lost | (shifts & rest.any())
            word = shifted
        low = self._bits - self._headroom - self._span
        sticky = lost | word[:low].any()
        m.d.comb += self.magnitude.eq(Cat(sticky, word[low : low + self._span]))
        return m
