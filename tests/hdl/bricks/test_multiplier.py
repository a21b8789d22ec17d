import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.multiplier import Multiplier, add_product
from tests.hdl.simulate import settle


@pytest.mark.parametrize(("a_bits", "b_bits"), [(1, 1), (4, 4), (3, 5)])
def test_every_pair(a_bits, b_bits):
    operands = [{"a": a, "b": b} for a in range(1 << a_bits) for b in range(1 << b_bits)]
    products = settle(Multiplier(a_bits, b_bits, "ripple"), operands, "product")
    assert products == [(o["a"] * o["b"],) for o in operands]


class SignedMultiplier(wiring.Component):
    """``product = a * b`` with signs as wanted."""

    def __init__(self, a_shape, b_shape):
        super().__init__({"a": In(a_shape), "b": In(b_shape), "product": Out(signed(9))})

    def elaborate(self, platform):
        m = Module()
        heap = BitHeap(9)
        signs = {"a_signed": self.a.shape().signed, "b_signed": self.b.shape().signed}
        add_product(heap, self.a, self.b, **signs)
        m.d.comb += self.product.eq(heap.sum(m, "ripple"))
        return m


@pytest.mark.parametrize("a_signed", [False, True])
@pytest.mark.parametrize("b_signed", [False, True])
def test_every_pair_of_every_signedness(a_signed, b_signed):
    unit = SignedMultiplier(signed(4) if a_signed else 4, signed(3) if b_signed else 3)
    operands = [
        {"a": a, "b": b}
        for a in (range(-8, 8) if a_signed else range(16))
        for b in (range(-4, 4) if b_signed else range(8))
    ]
    assert settle(unit, operands, "product") == [(o["a"] * o["b"],) for o in operands]
