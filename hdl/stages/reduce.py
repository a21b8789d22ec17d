"""Sums in carry-save form."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap, HeapKind
from hdl.bricks.multiplier import add_chosen_product
from hdl.formats import IntFormat
from hdl.stages.align import Frame

__all__ = ["AddAligned", "AddRows", "MultiplyAdd", "SumIntegerProducts", "SumPlaced", "SumTerms"]


class SumIntegerProducts(wiring.Component):
    """``first + second = sum(a[i] * b[i]) + c``, all partial products in one heap. Combinational.

    Parameters
    ----------
    a, b
        Formats of the factors.
    lanes
        Number of products.
    c
        Format of the addend; None for none.
    bits
        Width of the sum, modulo ``2**bits``.
    kind
        How the heap is compressed.

    Members
    -------
    a_0, b_0, a_1, b_1, ... : In
        Codes.
    c : In
    first, second : Out(bits)
        Two numbers whose sum it is, as bit patterns.
    """

    def __init__(
        self,
        a: IntFormat,
        b: IntFormat,
        lanes: int,
        c: IntFormat | None,
        bits: int,
        *,
        kind: HeapKind = "small",
    ) -> None:
        self.kind: HeapKind = kind
        self.formats = (a, b)
        self.lanes = lanes
        self.addend = c
        super().__init__(
            {f"a_{i}": In(a.width) for i in range(lanes)}
            | {f"b_{i}": In(b.width) for i in range(lanes)}
            | ({"c": In(c.width)} if c else {})
            | {"first": Out(bits), "second": Out(bits)}
        )

    def connect(self, m: Module, lanes: Sequence[tuple[Value, Value]], c: Value) -> None:
        """Feed the codes in; `c` is ignored where there is no addend."""
        for i, (a, b) in enumerate(lanes):
            m.d.comb += [getattr(self, f"a_{i}").eq(a), getattr(self, f"b_{i}").eq(b)]
        if self.addend:
            m.d.comb += self.c.eq(c)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a_format, b_format = self.formats
        heap = BitHeap(len(self.first), kind=self.kind)
        for i in range(self.lanes):
            add_chosen_product(
                m,
                heap,
                getattr(self, f"a_{i}"),
                getattr(self, f"b_{i}"),
                a_signed=a_format.signed,
                b_signed=b_format.signed,
                name=f"digit_{i}",
            )
        if self.addend:
            add = heap.add_signed if self.addend.signed else heap.add_unsigned
            add(self.c)
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m


_COUNTED_TERMS = 16
"""Terms from which on it takes fewer adders to count the negative ones by themselves."""


class SumTerms(wiring.Component):
    """``first + second = sum((-1)**sign[i] * magnitude[i])``, in one heap. Combinational.

    Parameters
    ----------
    terms
        Number of terms.
    term_bits
        Width of each magnitude.
    bits
        Width of the signed sum, which the caller has shown to be enough.
    adder
        Carry-propagate adder of the count of negative terms.
    arrival
        How much later than their signs the magnitudes settle, in delays of an exclusive or.

    Members
    -------
    sign_0, sign_1, ... : In(1)
    magnitude_0, magnitude_1, ... : In(term_bits)
    first, second : Out(bits)
        Two numbers whose sum it is, modulo ``2**bits``.
    """

    def __init__(
        self,
        terms: int,
        term_bits: int,
        bits: int,
        adder: AdderKind = "brent_kung",
        *,
        arrival: float = 1.0,
    ) -> None:
        self.terms = terms
        self.arrival = arrival
        self.adder: AdderKind = adder
        super().__init__(
            {f"sign_{i}": In(1) for i in range(terms)}
            | {f"magnitude_{i}": In(term_bits) for i in range(terms)}
            | {"first": Out(bits), "second": Out(bits)}
        )

    def connect(self, m: Module, signs: Sequence[Value], magnitudes: Sequence[Value]) -> None:
        """Feed the terms in."""
        for i, (sign, magnitude) in enumerate(zip(signs, magnitudes, strict=True)):
            m.d.comb += [
                getattr(self, f"sign_{i}").eq(sign),
                getattr(self, f"magnitude_{i}").eq(magnitude),
            ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.first))
        # -x = ~x + 1 - 2^k for the k bits of x: a one to add at the bottom and a power to take off
        # above for every negative term. Of many terms these are counted once for both.
        bits = len(self.magnitude_0)
        counter = BitHeap(self.terms.bit_length())
        counts = self.terms >= _COUNTED_TERMS
        for i in range(self.terms):
            sign, magnitude = getattr(self, f"sign_{i}"), getattr(self, f"magnitude_{i}")
            flipped = Signal(bits, name=f"flipped_{i}")
            m.d.comb += flipped.eq(magnitude ^ sign.replicate(bits))
            heap.add_unsigned(flipped, arrival=self.arrival)
            if counts:
                counter.add_bit(sign, 0)
                continue
            heap.add_bit(sign, 0)
            heap.add_bit(~sign, bits)
            heap.add_constant(-1 << bits)
        if counts:
            negative = Signal(counter.width)
            m.d.comb += negative.eq(counter.sum(m, self.adder, name="negative"))
            heap.add_unsigned(negative, arrival=1.0)
            heap.add_unsigned(~negative, weight=bits)
            heap.add_constant((1 - (1 << counter.width)) << bits)
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m


class SumPlaced(wiring.Component):
    """``first + second = sum(term[i])``, two's complement, in one heap. Combinational.

    Parameters
    ----------
    shapes
        Width and place of each term, the place that of its lowest bit in the sum.
    bits
        Width of the signed sum, which the caller has shown to be enough.
    kind
        How the heap is compressed.

    Members
    -------
    term_0, term_1, ... : In
    first, second : Out(bits)
        Two numbers whose sum it is, modulo ``2**bits``.
    """

    def __init__(
        self, shapes: Sequence[tuple[int, int]], bits: int, *, kind: HeapKind = "small"
    ) -> None:
        self.kind: HeapKind = kind
        self.places = [place for _, place in shapes]
        super().__init__(
            {f"term_{i}": In(width) for i, (width, _) in enumerate(shapes)}
            | {"first": Out(bits), "second": Out(bits)}
        )

    def connect(self, m: Module, terms: Sequence[Value]) -> None:
        """Feed the terms in."""
        for i, term in enumerate(terms):
            m.d.comb += getattr(self, f"term_{i}").eq(term)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.first), kind=self.kind)
        for i, place in enumerate(self.places):
            heap.add_signed(getattr(self, f"term_{i}"), weight=place)
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m


class AddRows(wiring.Component):
    """``first + second = sum(row[i])`` modulo ``2**bits``, bit patterns all. Combinational.

    Parameters
    ----------
    rows
        How many.
    bits
        Their width.

    Members
    -------
    row_0, row_1, ... : In(bits)
    first, second : Out(bits)
    """

    def __init__(self, rows: int, bits: int) -> None:
        self.rows = rows
        super().__init__(
            {f"row_{i}": In(bits) for i in range(rows)} | {"first": Out(bits), "second": Out(bits)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.first))
        for i in range(self.rows):
            heap.add_unsigned(getattr(self, f"row_{i}"))
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m


class MultiplyAdd(wiring.Component):
    """``first + second = (a * b << below) + aligned`` in one heap. Combinational.

    The product is not formed by itself.

    Parameters
    ----------
    a_bits, b_bits
        Widths of the significands.
    frame
        Positions of product and addend.
    kind
        How the heap is compressed.

    Members
    -------
    a : In(a_bits)
    b : In(b_bits)
    aligned : In(frame.width + 1)
        Two's complement.
    first, second : Out(frame.width + 2)
        Two's-complement numbers whose sum it is.
    """

    def __init__(self, a_bits: int, b_bits: int, frame: Frame, *, kind: HeapKind = "small") -> None:
        self.kind: HeapKind = kind
        self.frame = frame
        # Both terms are below 2**width, so their sum needs one more bit and a sign.
        bits = frame.width + 2
        super().__init__(
            {
                "a": In(a_bits),
                "b": In(b_bits),
                "aligned": In(frame.width + 1),
                "first": Out(bits),
                "second": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = len(self.first)
        heap = BitHeap(bits, kind=self.kind)
        add_chosen_product(m, heap, self.a, self.b, weight=self.frame.below)
        # Late: it comes through the alignment shifter. With its sign extended, no constant makes
        # the two numbers wrap around.
        extended = Cat(self.aligned, self.aligned[-1].replicate(bits - len(self.aligned)))
        heap.add_unsigned(extended, arrival=8.0)
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m


class AddAligned(wiring.Component):
    """``first + second = (value << below) + aligned``. Combinational.

    As `MultiplyAdd`, for a number that is a sum already.

    Parameters
    ----------
    bits
        Width of `value`, signed.
    frame
        Positions of value and addend.

    Members
    -------
    value : In(bits)
        Two's complement.
    aligned : In(frame.width + 1)
        Two's complement.
    first, second : Out(frame.width + 2)
    """

    def __init__(self, bits: int, frame: Frame) -> None:
        self.frame = frame
        width = frame.width + 2
        super().__init__(
            {
                "value": In(bits),
                "aligned": In(frame.width + 1),
                "first": Out(width),
                "second": Out(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.first))
        heap.add_signed(self.value, weight=self.frame.below)
        # Late: it comes through the alignment shifter.
        heap.add_signed(self.aligned, arrival=8.0)
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m
