"""The largest of several unsigned numbers."""

from __future__ import annotations

from typing import Literal

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Maximum", "MaximumKind"]

MaximumKind = Literal["serial", "tree"]
"""``serial`` decides bit by bit, ``tree`` number by number: the first is smaller for many."""


class Maximum(wiring.Component):
    """``largest = max(number[0], number[1], ...)``, unsigned. Combinational.

    ``serial``: from the top bit down, a bit of the result is set where any number still in the
    race has it set, and those without it then leave the race. ``tree``: the larger one of two,
    then of two of those.

    Parameters
    ----------
    count
        How many numbers.
    bits
        Their width.
    kind
        How they are compared.

    Members
    -------
    number_0, number_1, ... : In(bits)
    largest : Out(bits)
    """

    def __init__(self, count: int, bits: int, kind: MaximumKind) -> None:
        self.count = count
        self.bits = bits
        self.kind: MaximumKind = kind
        super().__init__({f"number_{i}": In(bits) for i in range(count)} | {"largest": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers: list[Value] = [getattr(self, f"number_{i}") for i in range(self.count)]
        if self.kind == "tree":
            m.d.comb += self.largest.eq(self._tree(m, numbers))
        else:
            self._serial(m, numbers)
        return m

    def _tree(self, m: Module, numbers: list[Value]) -> Value:
        level = 0
        while len(numbers) > 1:
            winners: list[Value] = []
            for left, right in zip(numbers[::2], numbers[1::2], strict=False):
                winner = Signal(self.bits, name=f"winner_{level}_{len(winners)}")
                m.d.comb += winner.eq(Mux(left > right, left, right))
                winners.append(winner)
            numbers = winners + numbers[len(numbers) - len(numbers) % 2 :]
            level += 1
        return numbers[0]

    def _serial(self, m: Module, numbers: list[Value]) -> None:
        # What counts of a number: nothing once it has left the race.
        alive: list[Value] = []
        for k in reversed(range(self.bits)):
            candidates = Signal(self.count, name=f"candidates_{k}")
            bits = Cat(number[k] for number in numbers)
            m.d.comb += candidates.eq(bits & Cat(alive) if alive else bits)
            m.d.comb += self.largest[k].eq(candidates.any())
            if k:
                staying = Signal(self.count, name=f"staying_{k}")
                losing = ~bits & self.largest[k].replicate(self.count)
                m.d.comb += staying.eq(~losing & Cat(alive) if alive else ~losing)
                alive = list(staying)
