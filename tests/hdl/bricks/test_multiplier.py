import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.multiplier import (
    Multiplier,
    Squarer,
    add_booth_product,
    add_chosen_product,
    add_product,
    add_square,
    booth_bits,
)
from tests.hdl.simulate import settle


@pytest.mark.parametrize(("a_bits", "b_bits"), [(1, 1), (4, 4), (3, 5)])
def test_every_pair(a_bits, b_bits):
    operands = [{"a": a, "b": b} for a in range(1 << a_bits) for b in range(1 << b_bits)]
    products = settle(Multiplier(a_bits, b_bits, "ripple"), operands, "product")
    assert products == [(o["a"] * o["b"],) for o in operands]


def array(_m, heap, a, b, **signs):
    add_product(heap, a, b, **signs)


class SignedMultiplier(wiring.Component):
    """``product = 2 * a * b`` with signs as wanted."""

    def __init__(self, a_shape, b_shape, add):
        self.add = add
        super().__init__({"a": In(a_shape), "b": In(b_shape), "product": Out(signed(10))})

    def elaborate(self, platform):
        m = Module()
        heap = BitHeap(10)
        signs = {"a_signed": self.a.shape().signed, "b_signed": self.b.shape().signed}
        self.add(m, heap, self.a, self.b, weight=1, **signs)
        m.d.comb += self.product.eq(heap.sum(m, "ripple"))
        return m


@pytest.mark.parametrize("add", [array, add_booth_product, add_chosen_product])
@pytest.mark.parametrize("a_signed", [False, True])
@pytest.mark.parametrize("b_signed", [False, True])
def test_every_pair_of_every_signedness(a_signed, b_signed, add):
    for a_bits, b_bits in ((4, 3), (3, 4), (2, 1), (1, 2)):
        if min(a_bits - a_signed, b_bits - b_signed) < 1:
            continue
        unit = SignedMultiplier(
            signed(a_bits) if a_signed else a_bits, signed(b_bits) if b_signed else b_bits, add
        )
        operands = [
            {"a": a - (a_signed << (a_bits - 1)), "b": b - (b_signed << (b_bits - 1))}
            for a in range(1 << a_bits)
            for b in range(1 << b_bits)
        ]
        products = settle(unit, operands, "product")
        assert products == [(2 * o["a"] * o["b"],) for o in operands]


@pytest.mark.parametrize(
    ("a_bits", "b_bits", "is_signed", "bits"),
    # Four rows of nine bits and one more each; of an unsigned factor, a row and a bit more.
    [(8, 8, True, 40), (8, 8, False, 55), (11, 11, False, 84), (4, 4, True, 12)],
)
def test_bits_of_booth_rows(a_bits, b_bits, is_signed, bits):
    assert booth_bits(a_bits, b_bits, a_signed=is_signed, b_signed=is_signed) == bits


@pytest.mark.parametrize("bits", [8, 11])
def test_wide_products(bits):
    # Rows of Booth's for 11 bits, an array for 8.
    numbers = [0, 1, 2, 3, (1 << bits) - 1, (1 << bits) - 2, 1 << (bits - 1), 0x2AA, 0x555, 0x333]
    operands = [{"a": a % (1 << bits), "b": b % (1 << bits)} for a in numbers for b in numbers]
    products = settle(Multiplier(bits, bits, "ripple"), operands, "product")
    assert products == [(o["a"] * o["b"],) for o in operands]


@pytest.mark.parametrize("a_signed", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 3, 5, 8])
def test_every_square(bits, a_signed):
    patterns = range(1 << bits)
    squares = settle(
        Squarer(bits, "ripple", a_signed=a_signed), [{"a": a} for a in patterns], "square"
    )
    top = 1 << (bits - 1)
    values = [(a ^ top) - top if a_signed else a for a in patterns]
    assert squares == [(value * value,) for value in values]


def test_a_square_takes_half_the_bits_of_a_product():
    class Counted(BitHeap):
        bits = 0

        def add_bit(self, bit, weight, arrival=0.0):
            Counted.bits += 1
            super().add_bit(bit, weight, arrival)

    a = Signal(8)
    add_square(Counted(16), a)
    assert Counted.bits == 8 * 9 // 2
