"""Multiples by constants against integers."""

from itertools import pairwise

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.constant_multiple import add_multiple, signed_digits
from tests.hdl.simulate import settle


class Multiple(wiring.Component):
    def __init__(self, constant: int, *, is_signed: bool) -> None:
        self.constant = constant
        self.is_signed = is_signed
        super().__init__({"x": In(4), "y": Out(16)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(16)
        add_multiple(heap, self.x, self.constant, is_signed=self.is_signed)
        m.d.comb += self.y.eq(heap.sum(m, "ripple"))
        return m


@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("constant", [1, 7, 470, -395, -1])
def test_multiples(constant: int, is_signed: bool) -> None:
    got = settle(Multiple(constant, is_signed=is_signed), [{"x": x} for x in range(16)], "y")
    values = [x - 16 if is_signed and x > 7 else x for x in range(16)]
    assert got == [(value * constant % 2**16,) for value in values]


@pytest.mark.parametrize("constant", range(-40, 500, 7))
def test_digits(constant: int) -> None:
    digits = signed_digits(constant)
    assert sum(digit << weight for weight, digit in digits) == constant
    assert all(above > below + 1 for (below, _), (above, _) in pairwise(digits))
