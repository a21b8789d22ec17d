"""The datapath of `block_dot` that adds everything exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING, cast

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.shifter import LeftShifter
from hdl.formats import IntFormat
from hdl.options import adder_for
from hdl.pipeline import Pipeline
from hdl.stages.block_scales import multiply_scales
from hdl.stages.group_sums import GroupSums
from hdl.stages.integer import fit_integer, integer_value
from hdl.stages.loop import hold, no_registers
from hdl.stages.scale import ApplyScale
from hdl.stages.scaled_sum import ScaledSum
from hdl.stages.specials import Specials
from hdl.stages.terms import Term

if TYPE_CHECKING:
    from hdl.block_dot import BlockDot

__all__ = ["ExactBlocks"]


class ExactBlocks:
    """From the codes of a `BlockDot` to the code of its result, rounded once.

    Parameters
    ----------
    unit
        The unit.

    Attributes
    ----------
    delays : dict
        Estimated delays of the steps between which there may be registers.
    """

    def __init__(self, unit: BlockDot) -> None:
        self._unit = unit
        self._shape = shape = unit.shape
        self._adder: AdderKind = adder_for(unit.objective)
        self._sums = GroupSums(shape, unit.objective)
        self._tail: ScaledSum | None = None
        if not shape.integer_scales:
            fixed = shape.blocks > 1
            weight = shape.value_weight + (shape.scale_range.min_weight if fixed else 0)
            self._tail = ScaledSum(
                shape.total_bits,
                weight,
                () if fixed else (shape.scale_range,),
                unit.result,
                unit.addend,
                rounding=unit.rounding,
                overflow=unit.overflow,
                objective=unit.objective,
            )
        self.delays = self._delays()

    def _delays(self) -> dict[str, float]:
        shape, tail = self._shape, self._tail
        delays = dict(self._sums.delays)
        delays["propagate"] = 2 * log2(shape.value_bits) + 2
        delays["scale"] = 4 * log2(shape.factor_bits + 1) + 2 * log2(shape.total_bits)
        if shape.blocks > 1:
            delays["scale"] += 2 * log2(shape.span + 1) + 4 * log2(shape.blocks)
        if tail is None:
            delays["fit"] = 3.0 + (2 * log2(shape.total_bits) + 2 if self._unit.addend else 0.0)
        else:
            loop = {"loop": sum(tail.delays.values())}
            delays |= loop if self._unit.accumulate else tail.delays
        return delays

    def elaborate(
        self,
        m: Module,
        pipe: Pipeline,
        lanes: Sequence[tuple[Value, Value]],
        scales: tuple[Value, Value],
        extra: Value,
    ) -> Value:
        """Return the code of the result.

        Parameters
        ----------
        lanes
            Codes of the elements of `a` and `b`.
        scales
            Codes of their scales.
        extra
            The addend, or with an accumulator whether it starts anew; ignored without either.
        """
        # Products, and their exact sum in every block.
        rows, specials, (scale_a, scale_b, extra) = self._sums.elaborate(
            m, pipe, lanes, (*scales, extra)
        )
        values = self._sums.propagate(m, rows)
        products = multiply_scales(m, self._shape, self._adder, scale_a, scale_b)
        specials = replace(specials, is_nan=specials.is_nan | products.is_nan)
        values, factors, terms, specials, extra = pipe.after(
            "propagate", values, products.factors, products.terms, specials, extra
        )

        # Scales and sum over the blocks.
        total = self._total(m, values, factors, terms)
        idle = ~Cat(factor.any() for factor in factors).any() if factors else Const(0)
        total, terms, specials, extra, idle = pipe.after(
            "scale", total, terms, specials, extra, idle
        )
        if self._tail is None:
            return self._finish_integer(m, pipe, total, extra, idle)
        return self._finish_float(
            m, pipe, self._tail, total, terms=terms, specials=specials, extra=extra
        )

    def _total(
        self, m: Module, values: list[Value], factors: list[Value], scales: list[Term]
    ) -> Value:
        """Return the sum of all blocks, of one block without what its exponent says."""
        shape = self._shape
        scaled = values
        if factors:
            scaled = []
            for j, (value, factor) in enumerate(zip(values, factors, strict=True)):
                m.submodules[f"apply_{j}"] = apply = ApplyScale(
                    shape.value_bits, shape.factor_bits, self._adder
                )
                m.d.comb += [apply.value.eq(value), apply.factor.eq(factor)]
                scaled.append(apply.scaled.as_signed())
        if shape.blocks == 1:
            return scaled[0]
        heap = BitHeap(shape.total_bits)
        bits = shape.value_bits + shape.factor_bits + shape.span
        for j, value in enumerate(scaled):
            placed = Signal(signed(bits), name=f"placed_{j}")
            if shape.span:
                m.submodules[f"place_block_{j}"] = shifter = LeftShifter(bits, shape.span)
                lowest = shape.scale_range.min_weight - shape.scale_range.offset
                m.d.comb += [
                    shifter.data.eq(value),
                    shifter.amount.eq(scales[j].exponent - lowest),
                    placed.eq(shifter.shifted),
                ]
            else:
                m.d.comb += placed.eq(value)
            heap.add_signed(placed)
        total = Signal(signed(shape.total_bits))
        m.d.comb += total.eq(heap.sum(m, self._adder))
        return total

    def _finish_integer(
        self, m: Module, pipe: Pipeline, total: Value, extra: Value, idle: Value
    ) -> Value:
        """Add the addend, if there is one; `idle` says that the sum is zero for its factors are."""
        unit = self._unit
        y = cast(IntFormat, unit.result)
        addend = cast("IntFormat | None", unit.addend)
        widths = [self._shape.total_bits, y.width + 1, addend.width + 1 if addend else 0]
        bits = max(widths) + (addend is not None)
        accumulator = Signal(y.width)
        running = Signal(signed(bits))
        m.d.comb += running.eq(total.as_signed())
        if addend is not None:
            m.submodules.add = add = Adder(bits, self._adder)
            other = integer_value(accumulator if unit.accumulate else extra, addend)
            if unit.accumulate:
                other = Mux(extra, 0, other)
            m.d.comb += [add.a.eq(running), add.b.eq(other)]
            running = Signal(signed(bits), name="running_sum")
            m.d.comb += running.eq(add.total)
        code, _ = fit_integer(m, running, y, saturate=unit.overflow == "saturate")
        if unit.accumulate:
            # Nothing to add: the accumulator is not even clocked.
            code = hold(m, pipe, accumulator, code, rests=idle & ~extra)
        return pipe.after("fit", code)

    def _finish_float(
        self,
        m: Module,
        pipe: Pipeline,
        tail: ScaledSum,
        total: Value,
        *,
        terms: list[Term],
        specials: Specials,
        extra: Value,
    ) -> Value:
        unit = self._unit
        scales = terms if self._shape.blocks == 1 else []
        if not unit.accumulate:
            return tail.elaborate(
                m, pipe.after, total, scales, specials=specials, addend=extra, restart=Const(0)
            )
        accumulator = Signal(unit.result.bits)
        code = tail.elaborate(
            m, no_registers, total, scales, specials=specials, addend=accumulator, restart=extra
        )
        return pipe.after("loop", hold(m, pipe, accumulator, code))
