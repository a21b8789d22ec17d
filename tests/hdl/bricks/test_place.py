"""A bit at its place, or all bits from it on."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.place import decoded
from tests.hdl.simulate import settle


class Decoder(wiring.Component):
    def __init__(self, bits, places):
        self.places = places
        super().__init__({"place": In(bits), "flag": In(1), "y": Out(len(places))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.y.eq(decoded(self.place, self.flag, self.places))
        return m


@pytest.mark.parametrize(
    ("bits", "places"), [(2, range(4)), (3, range(3)), (5, range(32)), (6, range(5, 41))]
)
def test_every_place(bits, places):
    rows = [{"place": place, "flag": flag} for place in range(1 << bits) for flag in (0, 1)]
    for row, (y,) in zip(rows, settle(Decoder(bits, places), rows, "y"), strict=True):
        place, flag = row["place"], row["flag"]
        expected = [place <= k if flag else place == k for k in places]
        assert [bool(y >> i & 1) for i in range(len(places))] == expected
