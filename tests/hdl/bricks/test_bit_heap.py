from random import Random
from typing import get_args

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import ADDERS, FullAdder
from hdl.bricks.bit_heap import BitHeap, HeapKind
from tests.hdl.simulate import settle


class HeapSum(wiring.Component):
    """``total = sum of signed x_i << i, plus unsigned u, plus a constant``, modulo 2**width."""

    def __init__(self, terms, constant, width, adder):
        self.terms, self.constant, self.adder = terms, constant, adder
        super().__init__(
            {f"x_{i}": In(signed(4)) for i in range(terms)} | {"u": In(3), "total": Out(width)}
        )

    def elaborate(self, platform):
        m = Module()
        heap = BitHeap(len(self.total))
        for i in range(self.terms):
            heap.add_signed(getattr(self, f"x_{i}"), weight=i, arrival=float(i))
        heap.add_unsigned(self.u)
        heap.add_constant(self.constant)
        m.d.comb += self.total.eq(heap.sum(m, self.adder))
        return m


@pytest.mark.parametrize("adder", ADDERS)
@pytest.mark.parametrize(
    ("terms", "constant", "width"), [(0, 5, 4), (1, 0, 6), (3, -7, 9), (7, 3, 5)]
)
def test_sums_modulo_the_width(terms, constant, width, adder):
    random = Random(1)
    operands = [
        {f"x_{i}": random.randrange(-8, 8) for i in range(terms)} | {"u": random.randrange(8)}
        for _ in range(200)
    ]
    operands += [{f"x_{i}": extreme for i in range(terms)} | {"u": 7} for extreme in (-8, 7)]
    wanted = [
        ((sum(o[f"x_{i}"] << i for i in range(terms)) + o["u"] + constant) % (1 << width),)
        for o in operands
    ]
    totals = settle(HeapSum(terms, constant, width, adder), operands, "total")
    assert [(total % (1 << width),) for (total,) in totals] == wanted


class TallSum(wiring.Component):
    """Sum of bits at random places, some of them late, and a constant, modulo 2**width."""

    def __init__(self, places, constant, width, kind):
        self.places, self.constant, self.kind = places, constant, kind
        super().__init__({"bits": In(len(places)), "total": Out(width)})

    def elaborate(self, platform):
        m = Module()
        heap = BitHeap(len(self.total), kind=self.kind)
        for i, place in enumerate(self.places):
            heap.add_bit(self.bits[i], place, arrival=float(i % 7))
        heap.add_constant(self.constant)
        m.d.comb += self.total.eq(heap.sum(m, "sklansky"))
        return m


@pytest.mark.parametrize("kind", get_args(HeapKind))
@pytest.mark.parametrize("seed", range(6))
def test_tall_heaps_of_every_kind(seed, kind):
    random = Random(seed)
    width = random.randrange(2, 12)
    places = [random.randrange(width) for _ in range(random.randrange(20, 200))]
    # A column that is tall for sure, in the middle, at the bottom or at the top.
    places += [(0, width // 2, width - 1)[seed % 3]] * 40
    constant = random.randrange(1 << width)
    words = [random.getrandbits(len(places)) for _ in range(60)] + [0, (1 << len(places)) - 1]
    wanted = [
        (
            (sum(1 << place for i, place in enumerate(places) if word >> i & 1) + constant)
            % (1 << width),
        )
        for word in words
    ]
    component = TallSum(places, constant, width, kind)
    assert settle(component, [{"bits": word} for word in words], "total") == wanted


class CountOnes(wiring.Component):
    """Number of ones in nine bits."""

    def __init__(self):
        super().__init__({"bits": In(9), "total": Out(4)})

    def elaborate(self, platform):
        m = Module()
        heap = BitHeap(4)
        for i in range(9):
            heap.add_bit(self.bits[i], 0)
        m.d.comb += self.total.eq(heap.sum(m, "brent_kung"))
        return m


def test_a_full_adder_for_every_bit_that_disappears(monkeypatch):
    made = []

    class CountedFullAdder(FullAdder):
        def __init__(self, *, fast=False):
            super().__init__(fast=fast)
            made.append(self)

    monkeypatch.setattr("hdl.bricks.bit_heap.FullAdder", CountedFullAdder)
    words = range(512)
    totals = settle(CountOnes(), [{"bits": word} for word in words], "total")
    assert totals == [(word.bit_count(),) for word in words]
    # Nine bits of weight 1: four adders leave one, and four carries of weight 2, of which one adder
    # leaves two; its carry of weight 4 stays.
    assert len(made) == 4 + 1
