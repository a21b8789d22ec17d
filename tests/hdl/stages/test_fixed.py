from fractions import Fraction

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.stages.fixed import round_fraction
from tests.cosim.golden.oracle import to_grid
from tests.hdl.simulate import settle


class _Rounded(wiring.Component):
    def __init__(self, fraction_bits, rounding):
        self.options = (fraction_bits, rounding)
        super().__init__({"total": In(7), "rounded": Out(8)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.rounded.eq(round_fraction(m, self.total, *self.options))
        return m


@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize("fraction_bits", [0, 1, 2, 4])
def test_every_number(fraction_bits, rounding):
    numbers = range(-64, 64)
    operands = [{"total": number % 128} for number in numbers]
    outputs = settle(_Rounded(fraction_bits, rounding), operands, "rounded")
    exact = [Fraction(number, 1 << fraction_bits) for number in numbers]
    assert outputs == [(int(to_grid(x, Fraction(1), rounding)) % 256,) for x in exact]
