"""The datapath of `dot` for floats, exact: every product to its place in one fixed-point word."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import TYPE_CHECKING

from amaranth.hdl import Const, Module, Signal, Value

from hdl.dot_tail import FixedTail, FloatTail
from hdl.formats import IntFormat
from hdl.options import adder_for, heap_for
from hdl.pipeline import Pipeline
from hdl.stages.codebook import unpack_of
from hdl.stages.exact_sum import word_of
from hdl.stages.loop import hold, no_registers
from hdl.stages.place import Place, is_short
from hdl.stages.product import Product
from hdl.stages.reduce import SumPlaced
from hdl.stages.specials import Specials
from hdl.stages.terms import TermRange, operand_range, product_range
from hdl.stages.unpack import Unpack

if TYPE_CHECKING:
    from hdl.dot import Dot

__all__ = ["ExactDatapath"]

_JOINING_BITS = 16
"""Bits by which the word of the products may grow to hold an addend, too."""


class ExactDatapath:
    """From the codes of a `Dot` to the code of its result, by way of a word that holds every sum.

    Parameters
    ----------
    dot
        The unit.

    Attributes
    ----------
    delays : dict
        Estimated delays of the steps between which there may be registers.
    """

    def __init__(self, dot: Dot) -> None:
        self._dot = dot
        a_format, b_format = dot.factors
        adder = adder_for(dot.objective)
        lanes = range(dot.lanes)
        self._unpack_a = [unpack_of(a_format, flush=dot.flush) for _ in lanes]
        self._unpack_b = [unpack_of(b_format, flush=dot.flush) for _ in lanes]
        factors = self._unpack_a[0].range, self._unpack_b[0].range
        short = is_short(product_range(*factors), adder)
        self._multiply = [Product(*factors, adder, one_hot=short) for _ in lanes]
        product = self._multiply[0].range
        self._unpack_c = self._joining_addend(product)
        self._place = [Place(product, adder, one_hot=short) for _ in lanes]
        self._place += [Place(unpack.range, adder) for unpack in self._unpack_c]
        word = word_of(dot.lanes, product, [unpack.range for unpack in self._unpack_c])
        shapes = [(place.bits, place.range.min_weight - word.base) for place in self._place]
        self._sum = SumPlaced(shapes, word.bits, kind=heap_for(dot.objective))
        outside = None if self._unpack_c else dot.addend
        fixed = isinstance(dot.result, IntFormat) and (outside is None or dot.accumulate)
        self._tail: FloatTail | FixedTail
        if fixed:
            self._tail = FixedTail(dot, word.bits - 1, word.base)
        else:
            self._tail = FloatTail(dot, word.bits - 1, word.base, product, outside)
        self.delays = {
            "unpack": 3.0,
            "multiply": 4 * log2(product.bits),
            "place": 2 * log2(self._place[0].bits) + 2,
            "sum": 4 * log2(dot.lanes + 1),
        }
        self.delays |= self._tail.delays

    def _joining_addend(self, product: TermRange) -> list[Unpack]:
        """Return what unpacks the addend if it has its place in the word of the products."""
        dot = self._dot
        if dot.addend is None or dot.accumulate:
            return []
        addend = operand_range(dot.addend, flush=dot.flush)
        alone = word_of(dot.lanes, product, [])
        together = word_of(dot.lanes, product, [addend])
        if together.bits > alone.bits + _JOINING_BITS:
            return []
        return [Unpack(dot.addend, flush=dot.flush)]

    def elaborate(
        self, m: Module, pipe: Pipeline, lanes: Sequence[tuple[Value, Value]], extra: Value
    ) -> Value:
        """Return the code of the result.

        Parameters
        ----------
        lanes
            Codes of `a` and `b`.
        extra
            The addend, or with an accumulator whether it starts anew; ignored without either.
        """
        for i in range(self._dot.lanes):
            m.submodules[f"unpack_a_{i}"] = self._unpack_a[i]
            m.submodules[f"unpack_b_{i}"] = self._unpack_b[i]
            m.submodules[f"product_{i}"] = self._multiply[i]
            m.submodules[f"place_{i}"] = self._place[i]
        for unpack, lane in zip(self._unpack_c, self._place[self._dot.lanes :], strict=True):
            m.submodules.unpack_c, m.submodules.place_c = unpack, lane
        m.submodules.sum = self._sum

        # Codes to fields.
        for i, (a_code, b_code) in enumerate(lanes):
            m.d.comb += [self._unpack_a[i].code.eq(a_code), self._unpack_b[i].code.eq(b_code)]
        for unpack in self._unpack_c:
            m.d.comb += unpack.code.eq(extra)
        a, b, c, extra = pipe.after(
            "unpack",
            [unpack.term for unpack in self._unpack_a],
            [unpack.term for unpack in self._unpack_b],
            [unpack.term for unpack in self._unpack_c],
            Const(0) if self._unpack_c else extra,
        )

        # The exact products, and what of them is not a number.
        terms = [
            lane.connect(m, a[i], b[i], name=f"product_{i}")
            for i, lane in enumerate(self._multiply)
        ]
        terms, extra = pipe.after("multiply", [*terms, *c], extra)
        specials = Specials.of(m, terms)

        # Each to its place in the word, and their exact sum.
        for lane, term in zip(self._place, terms, strict=True):
            lane.connect(m, term)
        placed, specials, extra = pipe.after(
            "place", [lane.placed for lane in self._place], specials, extra
        )
        self._sum.connect(m, placed)
        rows = self._sum.first, self._sum.second
        *rows, specials, extra = pipe.after("sum", *rows, specials, extra)
        return self._finish(m, pipe, rows, specials, extra)

    def _finish(
        self, m: Module, pipe: Pipeline, rows: Sequence[Value], specials: Specials, extra: Value
    ) -> Value:
        """Return the code of the rounded sum of both `rows` and what is added to it."""
        if not self._dot.accumulate:
            return self._tail.elaborate(m, pipe.after, rows, specials, extra, restart=Const(0))
        accumulator = Signal(self._dot.result.bits)
        if isinstance(self._tail, FixedTail):
            *rows, specials, extra = self._tail.propagate(m, pipe.after, rows, specials, extra)
        code = self._tail.elaborate(m, no_registers, rows, specials, accumulator, restart=extra)
        return pipe.after("loop", hold(m, pipe, accumulator, code))
