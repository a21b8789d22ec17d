from fractions import Fraction
from math import ceil, floor

import pytest
from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.rounding import ROUNDINGS, overflows_to_infinity, rounds_up
from tests.hdl.simulate import settle


class RoundToInteger(wiring.Component):
    """Rounds a two-bit integer with guard and sticky below it."""

    def __init__(self, rounding):
        self.rounding = rounding
        super().__init__(
            {"sign": In(1), "kept": In(2), "guard": In(1), "sticky": In(1), "rounded": Out(3)}
        )

    def elaborate(self, platform):
        m = Module()
        up = rounds_up(self.rounding, self.sign, self.kept[0], self.guard, self.sticky)
        m.d.comb += self.rounded.eq(self.kept + up)
        return m


def nearest(value, ties):
    """Round a rational half-way case by `ties`, anything else to the nearest integer."""
    low = floor(value)
    if value - low == Fraction(1, 2):
        return ties(low)
    return floor(value + Fraction(1, 2))


INTEGER_ROUNDINGS = {
    "rne": lambda v: nearest(v, lambda low: low + low % 2),
    "rna": lambda v: nearest(v, lambda low: low + 1 if v > 0 else low),
    "rtz": int,
    "rup": ceil,
    "rdn": floor,
}


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_case_against_rational_numbers(rounding):
    operands, wanted = [], []
    for index in range(32):
        sign, kept, guard, sticky = index & 1, index >> 1 & 3, index >> 3 & 1, index >> 4
        # A sticky bit stands for something below the guard bit: take an eighth.
        magnitude = kept + Fraction(guard, 2) + Fraction(sticky, 8)
        value = -magnitude if sign else magnitude
        operands.append({"sign": sign, "kept": kept, "guard": guard, "sticky": sticky})
        wanted.append((abs(INTEGER_ROUNDINGS[rounding](value)),))
    assert settle(RoundToInteger(rounding), operands, "rounded") == wanted


@pytest.mark.parametrize(
    ("rounding", "positive", "negative"),
    # IEEE 754-2019, 7.4: where an overflow of either sign goes to infinity.
    [("rne", 1, 1), ("rna", 1, 1), ("rtz", 0, 0), ("rup", 1, 0), ("rdn", 0, 1)],
)
def test_where_overflow_is_infinite(rounding, positive, negative):
    class Overflows(wiring.Component):
        def __init__(self):
            super().__init__({"sign": In(1), "infinite": Out(1)})

        def elaborate(self, platform):
            m = Module()
            sign = Signal()
            m.d.comb += [sign.eq(self.sign | Const(0))]
            m.d.comb += self.infinite.eq(overflows_to_infinity(rounding, sign))
            return m

    assert settle(Overflows(), [{"sign": 0}, {"sign": 1}], "infinite") == [
        (positive,),
        (negative,),
    ]
