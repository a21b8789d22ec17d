"""One sum of any number of weighted bits: compressed in carry-save form, one carry propagation."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

from amaranth.hdl import Cat, Const, Module, Value

from hdl.bricks.adder import Adder, AdderKind, FullAdder

__all__ = ["BitHeap"]

# Delays of a compressor in units of one exclusive or, the slowest path through each output. The
# third input of a full adder skips the first exclusive or.
_SUM_DELAY, _CARRY_DELAY, _LATE_INPUT = 2.0, 1.5, 1.0
# A constant settles before everything else.
_SETTLED = -1.0


@dataclass(order=True)
class _Bit:
    arrival: float
    order: int
    value: Value


class BitHeap:
    """Collects bits by weight and adds them all, modulo ``2**width``.

    Not a component: it lives inside one while that is elaborated. Signed terms and negations leave
    constants behind, which are folded into a single one.

    Parameters
    ----------
    width
        Bits of the sum; bits of higher weight are dropped.
    fast
        Which full adders it takes, see `hdl.bricks.adder.FullAdder`.
    """

    def __init__(self, width: int, *, fast: bool = False) -> None:
        self.width = width
        self.fast = fast
        self._columns: list[list[_Bit]] = [[] for _ in range(width)]
        self._constant = 0
        self._order = count()
        self._prefix = ""

    def add_constant(self, value: int) -> None:
        """Add a constant, negative ones in two's complement."""
        self._constant += value

    def add_bit(self, bit: Value, weight: int, arrival: float = 0.0) -> None:
        """Add ``bit << weight``, where the bit settles at time `arrival`."""
        if weight < self.width:
            self._columns[weight].append(_Bit(arrival, next(self._order), bit))

    def add_unsigned(self, value: Value, weight: int = 0, arrival: float = 0.0) -> None:
        """Add an unsigned number."""
        for i in range(len(value)):
            self.add_bit(value[i], weight + i, arrival)

    def add_signed(self, value: Value, weight: int = 0, arrival: float = 0.0) -> None:
        """Add a two's-complement number without extending its sign.

        The sign bit ``s`` is worth ``-s * 2**k = (1 - s) * 2**k - 2**k``: its complement, and a
        constant.
        """
        top = len(value) - 1
        self.add_unsigned(value[:top], weight, arrival)
        self.add_bit(~value[top], weight + top, arrival)
        self.add_constant(-1 << (weight + top))

    def compress(self, m: Module, name: str = "") -> tuple[Value, Value]:
        """Compress to two numbers of `width` bits whose sum is that of the heap.

        Compressors go where the earliest bits are ("three greedy"): each full adder takes the three
        bits of a column that settle first and puts its sum back into the race. Low columns that
        are down to one bit leave zeros in the second number.

        Parameters
        ----------
        m
            Module of the component that the heap lives in; gets the full adders as submodules.
        name
            Prefix of their names, where a component has several heaps.
        """
        self._prefix = f"{name}_" if name else ""
        constant = self._constant % (1 << self.width)
        rows: tuple[list[Value], list[Value]] = ([], [])
        for weight in range(self.width):
            column = self._columns[weight]
            if constant >> weight & 1:
                column.append(_Bit(_SETTLED, next(self._order), Const(1)))
            heapify(column)
            while len(column) > 2:
                self._compress(m, weight, column)
            left = [bit.value for bit in sorted(column)] + [Const(0, 1)] * (2 - len(column))
            rows[0].append(left[0])
            rows[1].append(left[1])
        return Cat(rows[0]), Cat(rows[1])

    def sum(self, m: Module, adder: AdderKind, name: str = "") -> Value:
        """Compress, propagate the carries once and return the sum, `width` bits."""
        first, second = self.compress(m, name)
        final = Adder(self.width, adder)
        m.submodules[f"{self._prefix}propagate"] = final
        m.d.comb += [final.a.eq(first), final.b.eq(second)]
        return final.total[: self.width]

    def _compress(self, m: Module, weight: int, column: list[_Bit]) -> None:
        a, b, c = heappop(column), heappop(column), heappop(column)
        settled = max(a.arrival, b.arrival, c.arrival - _LATE_INPUT)
        index = next(self._order)
        if isinstance(a.value, Const):
            # A constant one: a + b + 1 is an exclusive nor and an or.
            total, carry = ~(b.value ^ c.value), b.value | c.value
            settled = max(b.arrival, c.arrival) - 1.0
        else:
            cell = FullAdder(fast=self.fast)
            m.submodules[f"{self._prefix}column_{weight}_{index}"] = cell
            m.d.comb += [cell.a.eq(a.value), cell.b.eq(b.value), cell.c.eq(c.value)]
            total, carry = cell.sum, cell.carry
        heappush(column, _Bit(settled + _SUM_DELAY, index, total))
        self.add_bit(carry, weight + 1, settled + _CARRY_DELAY)
