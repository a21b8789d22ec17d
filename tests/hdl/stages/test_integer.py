import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.formats import IntFormat
from hdl.stages.integer import fit_integer, integer_value
from tests.hdl.simulate import settle


class Fit(wiring.Component):
    """A 6-bit signed number into an integer format."""

    def __init__(self, fmt, *, saturate):
        self.fmt = fmt
        self.saturate = saturate
        super().__init__(
            {"total": In(signed(6)), "code": Out(fmt.width), "value": Out(signed(9)), "out": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        total = Signal(signed(6))
        m.d.comb += total.eq(self.total)
        code, too_large = fit_integer(m, total, self.fmt, saturate=self.saturate)
        m.d.comb += [self.code.eq(code), self.out.eq(too_large)]
        m.d.comb += self.value.eq(integer_value(code, self.fmt))
        return m


@pytest.mark.parametrize("saturate", [False, True])
@pytest.mark.parametrize("signed_result", [False, True])
@pytest.mark.parametrize("width", [4, 6, 8])
def test_every_total(width, signed_result, saturate):
    fmt = IntFormat(width, signed=signed_result)
    totals = range(-32, 32)
    results = settle(Fit(fmt, saturate=saturate), [{"total": t} for t in totals], "value", "out")
    for total, (value, too_large) in zip(totals, results, strict=True):
        fits = fmt.min_value <= total <= fmt.max_value
        clamped = min(max(total, fmt.min_value), fmt.max_value)
        assert too_large == (not fits)
        if saturate:
            assert value == clamped
        else:
            assert (value - total) % (1 << width) == 0
