"""A term at its place in a fixed-point word wide enough for all (Kulisch)."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.negate import Negate
from hdl.stages.terms import Term, TermRange

__all__ = ["Place", "is_short"]

_SHORT_SPAN, _FEW_BITS = 4, 4
"""Weights above the lowest up to which selecting one is faster than a shift in steps, and bits of
the significand up to which it is smaller, too. Measured on E2M1, E2M3 and E3M2."""

_LONGER_SPAN, _SOME_BITS = 12, 6
"""The same where nothing but speed counts: measured on E3M2."""


def is_short(term: TermRange, adder: AdderKind) -> bool:
    """Return whether a product's place is better selected by a one-hot exponent.

    Parameters
    ----------
    adder
        The smallest one asks for few gates, the next one for both, any other for speed.
    """
    span = term.max_weight - term.min_weight
    if span > _SHORT_SPAN:
        fastest = adder not in {"ripple", "brent_kung"}
        return fastest and span <= _LONGER_SPAN and term.bits <= _SOME_BITS
    return adder != "ripple" or term.bits <= _FEW_BITS


class Place(wiring.Component):
    """``placed = (-1)**sign * significand << (weight - min_weight)``. Combinational.

    The term becomes two's complement before the shift: a negation of a few bits, and a shift that
    brings in sign bits from above, take less than complementing the whole word and adding a one.

    Parameters
    ----------
    term
        Range of the term.
    adder
        Which of the prefix networks negates it.
    one_hot
        Whether the exponent comes one-hot: bit k stands for ``min_weight + k``.

    Members
    -------
    sign : In(1)
    exponent : In(term.exponent_bits), or one bit for each weight
    significand : In(term.bits)
    placed : Out(bits)
        Exact, two's complement; its lowest bit weighs ``2**term.min_weight``.
    """

    def __init__(self, term: TermRange, adder: AdderKind, *, one_hot: bool = False) -> None:
        self.range = term
        self.adder: AdderKind = adder
        self.one_hot = one_hot
        span = term.max_weight - term.min_weight
        # The largest shift moves the significand and its sign up by the whole span of the weights.
        self.bits = term.bits + 1 + span
        super().__init__(
            {
                "sign": In(1),
                "exponent": In(span + 1 if one_hot else term.exponent_bits),
                "significand": In(term.bits),
                "placed": Out(self.bits),
            }
        )

    def connect(self, m: Module, term: Term) -> None:
        """Feed the term in."""
        m.d.comb += [
            self.sign.eq(term.sign),
            self.exponent.eq(term.exponent),
            self.significand.eq(term.significand),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.negate = negate = Negate(self.range.bits, self.adder)
        m.d.comb += [negate.data.eq(self.significand), negate.negative.eq(self.sign)]
        value = negate.negated.as_signed()
        m.d.comb += self.placed.eq(self._select(value) if self.one_hot else self._shift(m, value))
        return m

    def _select(self, value: Value) -> Value:
        """Return the value at the place that the exponent's set bit stands for."""
        top = len(value) - 1
        bits: list[Value] = []
        for place in range(self.bits):
            chosen = [
                hot & value[place - k]
                for k, hot in enumerate(self.exponent)
                if 0 <= place - k < top
            ]
            # Above the value there are copies of its sign: if a low enough exponent is set, that
            # is, none of the others.
            low, high = (
                self.exponent[: max(0, place - top + 1)],
                self.exponent[max(0, place - top + 1) :],
            )
            if len(low):
                extends = low.any() if len(low) < len(high) else ~high.any()
                chosen.append(value[top] & extends)
            bits.append(Cat(chosen).any())
        return Cat(bits)

    def _shift(self, m: Module, value: Value) -> Value:
        # The smallest exponent is not always 0. Shifting by the whole exponent, and leaving out the
        # places below the lowest weight, takes no subtraction. The word grows with every step.
        unused = self.range.min_weight - self.range.offset
        for k, step in enumerate(self.exponent):
            grown = Signal(
                signed(min(len(value) + (1 << k), self.bits + unused)), name=f"shifted_{1 << k}"
            )
            m.d.comb += grown.eq(Mux(step, value << (1 << k), value))
            value = grown
        return value[unused:]
