"""Running sums of float products in bins: what `dot accumulate=true` might hold instead of a word.

`BinnedDot` answers as a `dot` with a fixed-point accumulator does as long as no sum leaves its
range: where that one saturates, this one wraps around, unless its loop is ``clamped``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any, Literal, cast, get_args

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from benchmarks.aligned_dot import Front, product_of
from benchmarks.alignments import Bins
from hdl.bricks.adder import Adder
from hdl.bricks.bit_heap import BitHeap
from hdl.dot import Dot
from hdl.formats import IntFormat
from hdl.options import adder_for, heap_for
from hdl.pipeline import Pipeline
from hdl.stages.exact_sum import word_of
from hdl.stages.integer import fit_integer
from hdl.stages.loop import hold
from hdl.stages.reduce import AddRows, SumPlaced
from hdl.stages.terms import Term

__all__ = ["LOOPS", "BinnedDot", "Loop"]

Loop = Literal["binary", "clamped", "carry_save", "shared"]
"""What is around the bins: an adder each; that and the clamp that `dot` has, for one bin; two rows
of full adders each; one adder for all of them, which takes the bin that the only product goes to
and puts it back."""

LOOPS: tuple[Loop, ...] = get_args(Loop)


class BinnedDot(Dot):
    """A `dot` of floats with a fixed-point accumulator, in bins that are added behind the loop.

    A bin has as many bits more than the products of a cycle need as the result has.

    Parameters
    ----------
    low_bits
        As of `benchmarks.alignments.Bins`; with all bits of the exponent there is one bin.
    loop
        What is around a bin; ``shared`` for one lane, without `low_bits`; ``clamped`` for one bin.
    arguments
        Those of `Dot`, with `accumulate` and an integer `y` in units of the products.
    """

    def __init__(self, low_bits: int, loop: Loop, **arguments: Any) -> None:
        super().__init__(**arguments)
        assert self.accumulate
        assert isinstance(self.result, IntFormat)
        self._product = product_of(self)
        self._word = word_of(self.lanes, self._product, [])
        assert self._word.base == 0
        assert self._word.bits <= self.result.width
        assert loop != "clamped" or low_bits >= self._product.exponent_bits
        assert loop != "shared" or (self.lanes == 1 and low_bits == 0)
        self._alignment = Bins(low_bits)
        self._loop: Loop = loop

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = cast(IntFormat, self.result).width
        adder = adder_for(self.objective)
        lanes = self._alignment.lanes(self._product, self.lanes, adder)
        growth = (self.lanes - 1).bit_length() + bits - self._word.bits
        widths = [width + growth for width in lanes[0].widths]
        steps = "multiply", "place", "sum", "gather", "resolve"
        # Estimates, as in `hdl.dot_exact`. What is in an only bin is the result, and the loop the
        # last step.
        only = self._loop in {"binary", "clamped"} and len(widths) == 1
        times = (15.0, 12.0, 12.0, 15.0, 0.0) if only else (1.0,) * len(steps)
        delays = dict(zip(steps, times, strict=True))
        pipe = Pipeline(m, self.in_valid, delays, self.stages)
        front = Front(self, one_hot=lanes[0].one_hot)
        terms: list[Term] = front.elaborate(m, self._lane_codes())
        is_nan = Cat(term.is_nan for term in terms).any()
        terms, is_nan, restart = pipe.after("multiply", terms, is_nan, self.first)

        # What the products of a cycle add to each bin.
        for i, (lane, term) in enumerate(zip(lanes, terms, strict=True)):
            m.submodules[f"place_{i}"] = lane
            lane.connect(m, term)
        values, selects, is_nan, restart = pipe.after(
            "place",
            [lane.value for lane in lanes],
            [select for lane in lanes for select in lane.selects],
            is_nan,
            restart,
        )
        if self._loop == "shared":
            rows = [*values, *selects]
        else:
            count = len(widths)
            placed = [
                lane.gated(value, selects[i * count : (i + 1) * count])
                for i, (lane, value) in enumerate(zip(lanes, values, strict=True))
            ]
            # Whether a sum is to be clamped takes one bit more to tell.
            extra = int(self._loop == "clamped")
            rows = self._rows(m, placed, [width + extra for width in widths])
        rows, is_nan, restart = pipe.after("sum", rows, is_nan, restart)

        # The loop. After what is no number it starts at zero, and so it does in a restart. What all
        # bins hang on is no register: for those the recipes have no buffers.
        copies = 2 if self._loop == "carry_save" else 1
        cuts = [copies * sum(widths[:k]) for k in range(len(widths) + 1)]
        accumulator = Signal(cuts[-1] + 1)
        clear = restart | accumulator[-1]
        kept = [
            accumulator[low:high] & (~clear).replicate(high - low) for low, high in pairwise(cuts)
        ]
        held = hold(m, pipe, accumulator, Cat(self._follow(m, rows, kept, widths), is_nan))

        # The sum of all bins.
        bins: list[Value] = [held[low:high] for low, high in pairwise(cuts)]
        if self._loop == "carry_save" and len(bins) > 1:
            bins = [
                self._added(m, f"propagate_{k}", content[:width], content[width:])
                for k, (content, width) in enumerate(zip(bins, widths, strict=True))
            ]
        first, second = bins[0][: widths[0]], bins[0][widths[0] :]
        if len(bins) > 1:
            shapes = [(width, one.place) for width, one in zip(widths, lanes[0].bins, strict=True)]
            m.submodules.gather = gather = SumPlaced(shapes, bits, kind=heap_for(self.objective))
            gather.connect(m, bins)
            first, second = gather.first, gather.second
        first, second, is_nan = pipe.after("gather", first, second, held[-1])
        code = self._added(m, "resolve", first, second) if len(second) else first
        code = pipe.after("resolve", code & (~is_nan).replicate(bits))
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
        return m

    def _added(self, m: Module, name: str, first: Value, second: Value) -> Value:
        m.submodules[name] = adder = Adder(len(first), adder_for(self.objective))
        m.d.comb += [adder.a.eq(first), adder.b.eq(second)]
        return adder.total[:-1]

    def _rows(
        self, m: Module, placed: Sequence[Sequence[Value]], widths: Sequence[int]
    ) -> list[Value]:
        """Return two numbers for each bin whose sum all lanes add to it."""
        rows: list[Value] = []
        for k, (words, width) in enumerate(zip(zip(*placed, strict=True), widths, strict=True)):
            shapes = [(len(word), 0) for word in words]
            total = SumPlaced(shapes, width, kind=heap_for(self.objective))
            m.submodules[f"sum_{k}"] = total
            total.connect(m, words)
            rows += [total.first, total.second]
        return rows

    def _follow(
        self, m: Module, rows: Sequence[Value], kept: Sequence[Value], widths: Sequence[int]
    ) -> list[Value]:
        """Return what the bins hold next, were the products numbers."""
        if self._loop == "shared":
            value, *selects = rows
            read = reduce(
                or_,
                (one & here.replicate(len(one)) for one, here in zip(kept, selects, strict=True)),
            )
            heap = BitHeap(widths[0], kind=heap_for(self.objective))
            heap.add_unsigned(read)
            heap.add_signed(value)
            total = heap.sum(m, adder_for(self.objective))
            return [Mux(here, total, one) for one, here in zip(kept, selects, strict=True)]
        if self._loop == "clamped":
            heap = BitHeap(widths[0] + 1, kind=heap_for(self.objective))
            for row in rows:
                heap.add_unsigned(row)
            heap.add_signed(kept[0])
            total = Signal(signed(widths[0] + 1), name="running")
            m.d.comb += total.eq(heap.sum(m, adder_for(self.objective)))
            code, _ = fit_integer(m, total, cast(IntFormat, self.result), saturate=True)
            return [code]
        following: list[Value] = []
        for k, (content, width) in enumerate(zip(kept, widths, strict=True)):
            parts = [*rows[2 * k : 2 * k + 2], content[:width]]
            if self._loop == "carry_save":
                m.submodules[f"loop_{k}"] = loop = AddRows(4, width)
                for j, row in enumerate([*parts, content[width:]]):
                    m.d.comb += getattr(loop, f"row_{j}").eq(row)
                following += [loop.first, loop.second]
                continue
            heap = BitHeap(width, kind=heap_for(self.objective))
            for row in parts:
                heap.add_unsigned(row)
            following.append(heap.sum(m, adder_for(self.objective), name=f"loop_{k}"))
        return following
