"""The datapath of `dot` for integers: one heap of partial products, one addition, one clamp."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING, cast

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hdl.bricks.adder import Adder
from hdl.bricks.lut import Lut
from hdl.formats import IntFormat
from hdl.options import adder_for, heap_for
from hdl.pipeline import Pipeline
from hdl.stages.codebook import Codebook
from hdl.stages.integer import fit_integer, integer_value
from hdl.stages.loop import hold
from hdl.stages.reduce import AddRows, SumIntegerProducts

if TYPE_CHECKING:
    from hdl.dot import Dot

__all__ = ["IntegerDatapath"]

_LEAST_PART = 8
"""Bits of an accumulator below which it does not pay to add them up in one more step."""


class IntegerDatapath:
    """From the codes of a `Dot` of integers to the code of its result.

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
        self._books = [one if isinstance(one, Codebook) else None for one in dot.factors]
        a, b = (
            one.integer if isinstance(one, Codebook) else cast(IntFormat, one)
            for one in dot.factors
        )
        self._result = cast(IntFormat, dot.result)
        addend = cast("IntFormat | None", dot.addend)
        # A sign bit for unsigned operands; a doubling for every doubling of the lanes, and one more
        # for the addend.
        bits = a.width + b.width + 1 + (dot.lanes - 1).bit_length()
        if addend:
            bits = max(bits, addend.width + 1) + 1
        if dot.overflow == "wrap":
            # Nobody looks at what is wrapped away.
            bits = min(bits, self._result.width)
        self._bits = bits
        outer = None if dot.accumulate else addend
        adder = adder_for(dot.objective)
        self._products = SumIntegerProducts(
            a, b, dot.lanes, outer, bits, kind=heap_for(dot.objective)
        )
        products = 4 * log2(min(a.width, b.width) * dot.lanes + 1)
        if dot.accumulator == "carry_save":
            self._add_rows = AddRows(4, bits)
            # The accumulator stands before the addition, which is out of the loop then: in as many
            # parts, one after the other, as there are registers to set them apart.
            parts = max(1, min(dot.stages, bits // _LEAST_PART))
            self._cuts = [round(k * bits / parts) for k in range(parts + 1)]
            self._parts = [Adder(high - low, adder) for low, high in pairwise(self._cuts)]
            resolve = {f"resolve_{k}": 2 * log2(bits / parts) + 2 for k in range(parts)}
            self.delays = {"products": products} | resolve
            return
        self._propagate = Adder(bits, adder)
        if dot.accumulate:
            self._loop = Adder(bits, adder)
        self.delays = {
            "products": products,
            "propagate": 2 * log2(bits) + 2,
            "fit": 3.0 + (2 * log2(bits) + 2 if dot.accumulate else 0.0),
        }

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
        dot, y, bits = self._dot, self._result, self._bits
        m.submodules.products = products = self._products
        if dot.accumulator == "carry_save":
            return self._accumulate_rows(m, pipe, self._decoded(m, lanes), extra)
        m.submodules.propagate = propagate = self._propagate

        # All partial products, and the addend if it comes from outside, in one heap.
        products.connect(m, self._decoded(m, lanes), extra)
        restart = extra if dot.accumulate else Const(0)
        first, second, restart = pipe.after("products", products.first, products.second, restart)
        m.d.comb += [propagate.a.eq(first), propagate.b.eq(second)]
        total = Signal(signed(bits))
        m.d.comb += total.eq(propagate.total)
        total, restart = pipe.after("propagate", total, restart)

        # The accumulator's loop holds one adder and the clamp.
        accumulator = Signal(y.width)
        if dot.accumulate:
            m.submodules.accumulate = loop = self._loop
            kept = Mux(restart, 0, integer_value(accumulator, y))
            m.d.comb += [loop.a.eq(total), loop.b.eq(kept)]
            total = Signal(signed(bits), name="running")
            m.d.comb += total.eq(loop.total)
        code, _ = fit_integer(m, total, y, saturate=dot.overflow == "saturate")
        if dot.accumulate:
            code = hold(m, pipe, accumulator, code)
        return pipe.after("fit", code)

    def _accumulate_rows(
        self, m: Module, pipe: Pipeline, lanes: Sequence[tuple[Value, Value]], restart: Value
    ) -> Value:
        """Return the code of a running sum whose carries are propagated outside of the loop.

        The loop holds two full adders a bit: of the two numbers that make up the sum of the
        products and the two that make up the accumulator remain two.
        """
        bits, products = self._bits, self._products
        products.connect(m, lanes, Const(0))
        first, second, restart = pipe.after("products", products.first, products.second, restart)
        m.submodules.accumulate = loop = self._add_rows
        accumulator = Signal(2 * bits)
        kept = accumulator & (~restart).replicate(2 * bits)
        rows = first, second, kept[:bits], kept[bits:]
        for i, row in enumerate(rows):
            m.d.comb += getattr(loop, f"row_{i}").eq(row)
        held: Value = hold(m, pipe, accumulator, Cat(loop.first, loop.second))
        first, second = held[:bits], held[bits:]

        # The carries, from the lowest part up.
        total: Value = Const(0, 0)
        carry: Value = Const(0)
        for k, (part, (low, high)) in enumerate(
            zip(self._parts, pairwise(self._cuts), strict=True)
        ):
            m.submodules[f"resolve_{k}"] = part
            m.d.comb += [
                part.a.eq(first[: high - low]),
                part.b.eq(second[: high - low]),
                part.carry_in.eq(carry),
            ]
            total, carry, first, second = pipe.after(
                f"resolve_{k}",
                Cat(total, part.total[:-1]),
                part.total[-1],
                first[high - low :],
                second[high - low :],
            )
        return total

    def _decoded(
        self, m: Module, lanes: Sequence[tuple[Value, Value]]
    ) -> list[tuple[Value, Value]]:
        """Return the integers that the codes of codebooks stand for."""
        columns: list[list[Value]] = []
        for port, book, codes in zip("ab", self._books, zip(*lanes, strict=True), strict=True):
            columns.append(list(codes))
            if book is not None:
                tables = [Lut(book.codes, book.table.bits) for _ in codes]
                for i, (table, code) in enumerate(zip(tables, codes, strict=True)):
                    m.submodules[f"table_{port}_{i}"] = table
                    m.d.comb += table.x.eq(code)
                columns[-1] = [table.y for table in tables]
        return list(zip(*columns, strict=True))
