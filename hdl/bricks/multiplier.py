"""Integer products as partial products in a bit heap."""

from __future__ import annotations

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap

__all__ = ["Multiplier", "add_product"]


def add_product(
    heap: BitHeap,
    a: Value,
    b: Value,
    *,
    weight: int = 0,
    a_signed: bool = False,
    b_signed: bool = False,
) -> None:
    """Add ``(a * b) << weight`` to a heap as an array of and gates (Baugh-Wooley where signed).

    A partial product with one sign bit in it counts negative: ``-p = (1 - p) - 1``, so it enters
    complemented, with a constant that the heap folds.
    """
    for i in range(len(a)):
        for j in range(len(b)):
            negative = (a_signed and i == len(a) - 1) != (b_signed and j == len(b) - 1)
            partial = a[i] & b[j]
            heap.add_bit(~partial if negative else partial, weight + i + j)
            if negative:
                heap.add_constant(-1 << (weight + i + j))


class Multiplier(wiring.Component):
    """Unsigned product of two integers, exact: ``product = a * b``. Combinational.

    Parameters
    ----------
    a_bits, b_bits
        Widths of the operands.
    adder
        The final adder.

    Members
    -------
    a : In(a_bits)
    b : In(b_bits)
    product : Out(a_bits + b_bits)
    """

    def __init__(self, a_bits: int, b_bits: int, adder: AdderKind) -> None:
        self.adder: AdderKind = adder
        super().__init__({"a": In(a_bits), "b": In(b_bits), "product": Out(a_bits + b_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.product))
        add_product(heap, self.a, self.b)
        m.d.comb += self.product.eq(heap.sum(m, self.adder))
        return m
