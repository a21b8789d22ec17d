"""One sum of any number of weighted bits: compressed in carry-save form, one carry propagation."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Literal

from amaranth.hdl import Cat, Const, Module, Value

from hdl.bricks.adder import Adder, AdderKind, FullAdder, HalfAdder

__all__ = ["BitHeap", "HeapKind"]

HeapKind = Literal["small", "fast", "shallow"]
"""How heaps are compressed: with the fewest gates, with carries that do not wait for an exclusive
or, or with these and, where columns are tall, stage by stage."""

# Delays of a compressor in units of one exclusive or, the slowest path through each output. The
# third input of a full adder skips the first exclusive or.
_SUM_DELAY, _CARRY_DELAY, _LATE_INPUT = 2.0, 1.5, 1.0
_HALF_SUM_DELAY, _HALF_CARRY_DELAY = 1.0, 0.5
# A constant settles before everything else.
_SETTLED = -1.0
# From so many bits in a column on, stages pay: 40 rows of int8 701 -> 680 ps, 32 rows of E2M1
# 754 -> 721. Not for 20 rows (590 -> 597) or 8 (499 -> 527).
_TALL = 24


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
    kind
        How it is compressed.
    """

    def __init__(self, width: int, *, kind: HeapKind = "small") -> None:
        self.width = width
        self.kind: HeapKind = kind
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
        are down to one bit leave zeros in the second number. Each full adder takes one bit away, so
        that a tree with fewer of them leaves more bits to the last addition. Where columns are tall
        and time counts, one stage after the other, with half adders as well (Dadda's), is half an
        exclusive or shorter.

        Parameters
        ----------
        m
            Module of the component that the heap lives in; gets the full adders as submodules.
        name
            Prefix of their names, where a component has several heaps.
        """
        self._prefix = f"{name}_" if name else ""
        constant = self._constant % (1 << self.width)
        tallest = max(map(len, self._columns), default=0)
        compress = (
            self._by_stages if self.kind == "shallow" and tallest >= _TALL else self._greedily
        )
        compress(m, [constant >> weight & 1 for weight in range(self.width)])
        rows: tuple[list[Value], list[Value]] = ([], [])
        for column in self._columns:
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

    def _greedily(self, m: Module, constant: list[int]) -> None:
        """Compress column by column, the earliest bits first."""
        for weight, column in enumerate(self._columns):
            if constant[weight]:
                column.append(self._one())
            heapify(column)
            while len(column) > 2:
                total = self._full(m, weight, [heappop(column) for _ in range(3)], self._columns)
                heappush(column, total)

    def _by_stages(self, m: Module, constant: list[int]) -> None:
        """Compress all columns to the largest height from which the next one can be reached."""
        for weight, column in enumerate(self._columns):
            if constant[weight]:
                column.append(self._one())
        heights = [2]
        while heights[-1] * 3 // 2 < max(map(len, self._columns)):
            heights.append(heights[-1] * 3 // 2)
        for height in reversed(heights):
            # What comes out of a stage's compressors waits for the next one.
            after: list[list[_Bit]] = [[] for _ in self._columns]
            for weight, column in enumerate(self._columns):
                column.sort()
                while (excess := len(column) + len(after[weight]) - height) > 0:
                    # A constant is of no use to a half adder.
                    whole = excess > 1 or (isinstance(column[0].value, Const) and len(column) > 2)
                    add = self._full if whole else self._half
                    used = [column.pop(0) for _ in range(3 if whole else 2)]
                    after[weight].append(add(m, weight, used, after))
                after[weight] += column
            self._columns = after

    def _one(self) -> _Bit:
        return _Bit(_SETTLED, next(self._order), Const(1))

    def _carry(self, columns: list[list[_Bit]], weight: int, carry: Value, arrival: float) -> None:
        """Put a carry out of the column of a weight where it belongs."""
        if weight + 1 < self.width:
            columns[weight + 1].append(_Bit(arrival, next(self._order), carry))

    def _half(self, m: Module, weight: int, bits: list[_Bit], columns: list[list[_Bit]]) -> _Bit:
        """Add two bits; put the carry into `columns` and return the sum."""
        a, b = bits
        settled = max(a.arrival, b.arrival)
        index = next(self._order)
        cell = HalfAdder()
        m.submodules[f"{self._prefix}column_{weight}_{index}"] = cell
        m.d.comb += [cell.a.eq(a.value), cell.b.eq(b.value)]
        self._carry(columns, weight, cell.carry, settled + _HALF_CARRY_DELAY)
        return _Bit(settled + _HALF_SUM_DELAY, index, cell.sum)

    def _full(self, m: Module, weight: int, bits: list[_Bit], columns: list[list[_Bit]]) -> _Bit:
        """Add three bits; put the carry into `columns` and return the sum."""
        a, b, c = bits
        settled = max(a.arrival, b.arrival, c.arrival - _LATE_INPUT)
        index = next(self._order)
        if isinstance(a.value, Const):
            # A constant one: a + b + 1 is an exclusive nor and an or.
            total, carry = ~(b.value ^ c.value), b.value | c.value
            settled = max(b.arrival, c.arrival) - 1.0
        else:
            cell = FullAdder(fast=self.kind != "small")
            m.submodules[f"{self._prefix}column_{weight}_{index}"] = cell
            m.d.comb += [cell.a.eq(a.value), cell.b.eq(b.value), cell.c.eq(c.value)]
            total, carry = cell.sum, cell.carry
        self._carry(columns, weight, carry, settled + _CARRY_DELAY)
        return _Bit(settled + _SUM_DELAY, index, total)
