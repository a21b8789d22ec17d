"""Dot product of vectors in block formats: elements, scales, and a sum across blocks."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import cast

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from hdl.bricks.adder import Adder
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.rounding import Rounding
from hdl.bricks.shifter import LeftShifter
from hdl.formats import BlockFormat, Format, IntFormat
from hdl.options import OBJECTIVES, Objective, adder_for
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port, members
from hdl.stages.block_shape import (
    BlockShape,
    check_block_options,
    check_sparsity,
    exact_block_format,
)
from hdl.stages.decode import Decode
from hdl.stages.integer import fit_integer, integer_value
from hdl.stages.pack import Overflow
from hdl.stages.place import Place, is_short
from hdl.stages.product import Product
from hdl.stages.reduce import SumIntegerProducts, SumPlaced
from hdl.stages.scale import ApplyScale, MultiplyScales
from hdl.stages.scaled_sum import ScaledSum
from hdl.stages.select import SelectGroup, index_bits
from hdl.stages.specials import Specials
from hdl.stages.terms import Term, product_range
from hdl.vector_scale import no_registers

__all__ = ["BlockDot"]

MAX_STAGES = 64


class BlockDot(wiring.Component):
    """``y = round(sum over blocks j of scale_a[j] * scale_b[j] * sum(a[i] * b[i] in j) + c)``.

    DotGeneral of the OCP MX specification v1.0: the sum over a block is exact, the scales join it,
    the sum over blocks is exact as well, and so is the addend's; there is one rounding at the end.
    A scale that is NaN, or an element, makes the result NaN. Scales of tensors and channels are
    left to `hdl.quantize.Quantize` behind.

    Unsigned integer scales (VS-Quant) keep everything integer: the product of two scales is rounded
    to `scale_bits` (to nearest even, no further than the largest such number) before it multiplies,
    and nothing is shifted back: the lowest bit of `c` and `y` weighs 2 to the number of bits
    rounded away, which the manifest says as ``lsb``.

    `c` is a port, or the previous `y` (an accumulator that a cycle with `first` restarts), or
    absent. With `sparsity` N:M, `b` holds of every M elements the N that count, `a` all, and `meta`
    says which, see `hdl.stages.select.SelectGroup`. One result a cycle, `latency` cycles after its
    operands.

    Parameters
    ----------
    a, b
        Block formats of the vectors, of one block length.
    y
        Format of the result: an integer if the scales are, else a signed float. Default, for
        integers without `accumulate`: the smallest that holds every sum.
    blocks
        Blocks a cycle.
    c
        Format of the addend port; None for none.
    accumulate
        Whether `y` accumulates. Excludes `c`.
    scale_bits
        Bits that the product of integer scales is rounded to. Default: all.
    sparsity
        N and M, or None.
    rounding
        Of a float result: ``rne``, ``rtz``, ``rup``, ``rdn`` or ``rna``.
    overflow
        ``wrap`` (default) or ``saturate`` for an integer `y`; ``ieee`` (default) or ``saturate``
        for a float.
    stages
        Number of pipeline registers; 0 is combinational.
    objective
        What to build for: ``area``, ``delay`` or ``balanced``.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`, plus 1 for an accumulator.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    first : In(1)
        With `accumulate`: start a new sum in this cycle.
    a, b : In
        Elements, lane 0 in the low bits.
    scale_a, scale_b : In
        One scale a block.
    meta : In
        With `sparsity`: a code for every N lanes.
    c : In
    out_valid : Out(1)
    y : Out
    err : Out(1)
        With `sparsity`: `meta` has an illegal code.

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        a: BlockFormat,
        b: BlockFormat,
        y: Format | None = None,
        blocks: int = 1,
        *,
        c: Format | None = None,
        accumulate: bool = False,
        scale_bits: int | None = None,
        sparsity: tuple[int, int] | None = None,
        rounding: Rounding = "rne",
        overflow: Overflow | None = None,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self.shape = shape = BlockShape(a, b, blocks, scale_bits)
        self.accumulate = accumulate
        self.sparsity = sparsity
        self.rounding: Rounding = rounding
        integers = shape.integer_scales
        self.result = y or exact_block_format(shape, c, accumulate=accumulate)
        self.overflow: Overflow = overflow or ("wrap" if integers else "ieee")
        check_block_options(
            shape,
            self.result,
            c,
            accumulate=accumulate,
            rounding=rounding,
            overflow=self.overflow,
        )
        if sparsity is not None:
            check_sparsity(shape, *sparsity)
        if objective not in OBJECTIVES:
            raise ValueError(f"objective = {objective!r} is not one of {', '.join(OBJECTIVES)}")
        if not 0 <= stages <= MAX_STAGES:
            raise ValueError(f"stages = {stages} is not in 0..{MAX_STAGES}")
        self.addend = self.result if accumulate else c
        self.stages = stages
        self.objective: Objective = objective
        self.latency = stages + accumulate
        n, m = sparsity or (1, 1)
        groups = shape.lanes // n
        lsb = shape.dropped or None
        self.ports: tuple[Port, ...] = (
            Port("in_valid", "in", 1, "valid"),
            *((Port("first", "in", 1, "control"),) if accumulate else ()),
            data_port("a", "in", a.element, groups * m),
            data_port("b", "in", b.element, shape.lanes),
            data_port("scale_a", "in", a.scale, blocks),
            data_port("scale_b", "in", b.scale, blocks),
            *(
                (Port("meta", "in", groups * n * index_bits(m), "data", None, groups),)
                if sparsity
                else ()
            ),
            *((data_port("c", "in", c, lsb=lsb),) if c else ()),
            Port("out_valid", "out", 1, "valid"),
            data_port("y", "out", self.result, lsb=lsb),
            *((Port("err", "out", 1, "flags"),) if sparsity else ()),
        )
        super().__init__(members(self.ports))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape = self.shape
        tail = None
        if not shape.integer_scales:
            fixed = shape.blocks > 1
            weight = shape.value_weight + (shape.scale_range.min_weight if fixed else 0)
            tail = ScaledSum(
                shape.total_bits,
                weight,
                () if fixed else (shape.scale_range,),
                self.result,
                self.addend,
                rounding=self.rounding,
                overflow=self.overflow,
                objective=self.objective,
            )
        pipe = Pipeline(m, self.in_valid, self._delays(tail), self.stages)

        # The operands that sparse weights meet.
        a, err = self._select(m)
        extra = self.first if self.accumulate else self.c if self.addend else Const(0)
        a, b, scale_a, scale_b, extra, err = pipe.after(
            "select", a, self.b, self.scale_a, self.scale_b, extra, err
        )

        # Products, and their exact sum in every block.
        rows, specials, live = self._sums(m, pipe, (a, b), (scale_a, scale_b, extra, err))
        scale_a, scale_b, extra, err = live
        values: list[Value] = []
        for j, (first, second) in enumerate(rows):
            m.submodules[f"propagate_{j}"] = propagate = Adder(
                shape.value_bits, adder_for(self.objective)
            )
            m.d.comb += [propagate.a.eq(first), propagate.b.eq(second)]
            value = Signal(signed(shape.value_bits), name=f"value_{j}")
            m.d.comb += value.eq(propagate.total)
            values.append(value)
        factors, scales, specials = self._scales(m, scale_a, scale_b, specials)
        values, factors, scales, specials, extra, err = pipe.after(
            "propagate", values, factors, scales, specials, extra, err
        )

        # Scales and sum over the blocks.
        total = self._total(m, values, factors, scales)
        idle = ~Cat(factor.any() for factor in factors).any() if factors else Const(0)
        total, scales, specials, extra, idle, err = pipe.after(
            "scale", total, scales, specials, extra, idle, err
        )
        if tail is None:
            self._finish_integer(m, pipe, total, (extra, idle), err)
        else:
            self._finish_float(m, pipe, tail, (total, scales, specials, extra, err))
        return m

    def _delays(self, tail: ScaledSum | None) -> dict[str, float]:
        shape = self.shape
        element_bits = max(fmt.element.bits for fmt in shape.formats)
        delays = {"select": 2 * log2(self.sparsity[1]) + 1 if self.sparsity else 0.1}
        if shape.integer_elements:
            delays["products"] = 4 * log2(element_bits * shape.length + 1)
        else:
            delays["decode"] = 3.0
            delays["multiply"] = 4 * log2(2 * element_bits)
            delays["place"] = 2 * log2(shape.value_bits) + 2
            delays["sum"] = 4 * log2(shape.length + 1)
        delays["propagate"] = 2 * log2(shape.value_bits) + 2
        delays["scale"] = 4 * log2(shape.factor_bits + 1) + 2 * log2(shape.total_bits)
        if shape.blocks > 1:
            delays["scale"] += 2 * log2(shape.span + 1) + 4 * log2(shape.blocks)
        if tail is None:
            delays["fit"] = 3.0 + (2 * log2(shape.total_bits) + 2 if self.addend else 0.0)
        else:
            loop = {"loop": sum(tail.delays.values())}
            delays |= loop if self.accumulate else tail.delays
        return delays

    def _select(self, m: Module) -> tuple[Value, Value]:
        if self.sparsity is None:
            return self.a, Const(0)
        n, of = self.sparsity
        bits = self.shape.formats[0].element.bits
        groups = [SelectGroup(bits, n, of) for _ in range(self.shape.lanes // n)]
        for i, group in enumerate(groups):
            m.submodules[f"select_{i}"] = group
            m.d.comb += [
                group.x.eq(self.a.word_select(i, len(group.x))),
                group.meta.eq(self.meta.word_select(i, len(group.meta))),
            ]
        return Cat(group.y for group in groups), Cat(group.err for group in groups).any()

    def _sums(
        self, m: Module, pipe: Pipeline, vectors: tuple[Value, Value], live: tuple[Value, ...]
    ) -> tuple[list[tuple[Value, Value]], Specials, tuple[Value, ...]]:
        """Return two numbers for each block whose sum is that of its products."""
        if self.shape.integer_elements:
            return self._integer_sums(m, pipe, vectors, live)
        return self._float_sums(m, pipe, vectors, live)

    def _codes(self, vectors: tuple[Value, Value]) -> list[tuple[Value, Value]]:
        a_bits, b_bits = (fmt.element.bits for fmt in self.shape.formats)
        return [
            (vectors[0].word_select(i, a_bits), vectors[1].word_select(i, b_bits))
            for i in range(self.shape.lanes)
        ]

    def _integer_sums(
        self, m: Module, pipe: Pipeline, vectors: tuple[Value, Value], live: tuple[Value, ...]
    ) -> tuple[list[tuple[Value, Value]], Specials, tuple[Value, ...]]:
        shape = self.shape
        a, b = (IntFormat(fmt.element.bits) for fmt in shape.formats)
        codes = self._codes(vectors)
        rows: list[Value] = []
        for j in range(shape.blocks):
            m.submodules[f"products_{j}"] = products = SumIntegerProducts(
                a, b, shape.length, None, shape.value_bits
            )
            products.connect(m, codes[j * shape.length : (j + 1) * shape.length], Const(0))
            rows += [products.first, products.second]
        terms = [Term(x[-1] ^ y[-1], *(Const(0) for _ in range(6))) for x, y in codes]
        specials = Specials.of(m, terms)
        rows, specials, live = pipe.after("products", rows, specials, list(live))
        return _pairs(rows), specials, tuple(live)

    def _float_sums(
        self, m: Module, pipe: Pipeline, vectors: tuple[Value, Value], live: tuple[Value, ...]
    ) -> tuple[list[tuple[Value, Value]], Specials, tuple[Value, ...]]:
        shape = self.shape
        adder = adder_for(self.objective)
        decode_a, decode_b = (
            [Decode(fmt.element) for _ in range(shape.lanes)] for fmt in shape.formats
        )
        for i, (x, y) in enumerate(self._codes(vectors)):
            m.submodules[f"decode_a_{i}"], m.submodules[f"decode_b_{i}"] = decode_a[i], decode_b[i]
            m.d.comb += [decode_a[i].code.eq(x), decode_b[i].code.eq(y)]
        a, b, live = pipe.after(
            "decode", [unit.term for unit in decode_a], [unit.term for unit in decode_b], list(live)
        )

        terms: list[Term] = []
        term_range = product_range(decode_a[0].range, decode_b[0].range)
        short = is_short(term_range, adder)
        for i in range(shape.lanes):
            m.submodules[f"product_{i}"] = lane = Product(
                decode_a[i].range, decode_b[i].range, adder, one_hot=short
            )
            terms.append(lane.connect(m, a[i], b[i], name=f"product_{i}"))
        terms, live = pipe.after("multiply", terms, live)
        specials = Specials.of(m, terms)

        place = [Place(term_range, adder, one_hot=short) for _ in terms]
        for i, (lane, term) in enumerate(zip(place, terms, strict=True)):
            m.submodules[f"place_{i}"] = lane
            lane.connect(m, term)
        placed, specials, live = pipe.after(
            "place", [lane.placed for lane in place], specials, live
        )

        rows: list[Value] = []
        for j in range(shape.blocks):
            m.submodules[f"sum_{j}"] = total = SumPlaced(
                [(place[0].bits, 0)] * shape.length, shape.value_bits
            )
            total.connect(m, placed[j * shape.length : (j + 1) * shape.length])
            rows += [total.first, total.second]
        rows, specials, live = pipe.after("sum", rows, specials, live)
        return _pairs(rows), specials, tuple(live)

    def _scales(
        self, m: Module, scale_a: Value, scale_b: Value, specials: Specials
    ) -> tuple[list[Value], list[Term], Specials]:
        """Return the factor of each block, and what else there is of floating scales."""
        shape, adder = self.shape, adder_for(self.objective)
        a_format, b_format = (fmt.scale for fmt in shape.formats)
        factors: list[Value] = []
        terms: list[Term] = []
        for j in range(shape.blocks):
            codes = (
                scale_a.word_select(j, a_format.bits),
                scale_b.word_select(j, b_format.bits),
            )
            if shape.integer_scales:
                m.submodules[f"scales_{j}"] = scales = MultiplyScales(
                    a_format.bits, b_format.bits, shape.factor_bits, adder
                )
                m.d.comb += [scales.scale_a.eq(codes[0]), scales.scale_b.eq(codes[1])]
                factors.append(scales.factor)
                continue
            decode = Decode(a_format), Decode(b_format)
            m.submodules[f"scale_a_{j}"], m.submodules[f"scale_b_{j}"] = decode
            m.submodules[f"scales_{j}"] = multiply = Product(
                decode[0].range, decode[1].range, adder
            )
            m.d.comb += [unit.code.eq(code) for unit, code in zip(decode, codes, strict=True)]
            term = multiply.connect(m, decode[0].term, decode[1].term, name=f"scale_{j}")
            terms.append(term)
            if shape.factor_bits:
                factors.append(term.significand)
        if terms:
            nan = Cat(term.is_nan for term in terms).any()
            specials = replace(specials, is_nan=specials.is_nan | nan)
        return factors, terms, specials

    def _total(
        self, m: Module, values: list[Value], factors: list[Value], scales: list[Term]
    ) -> Value:
        """Return the sum of all blocks, of one block without what its exponent says."""
        shape, adder = self.shape, adder_for(self.objective)
        scaled = values
        if factors:
            scaled = []
            for j, (value, factor) in enumerate(zip(values, factors, strict=True)):
                m.submodules[f"apply_{j}"] = apply = ApplyScale(
                    shape.value_bits, shape.factor_bits, adder
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
        m.d.comb += total.eq(heap.sum(m, adder))
        return total

    def _finish_integer(
        self, m: Module, pipe: Pipeline, total: Value, extras: tuple[Value, Value], err: Value
    ) -> None:
        """Add the addend and deliver; `extras` are what it is, and whether the sum is idle."""
        extra, idle = extras
        y = cast(IntFormat, self.result)
        addend = cast("IntFormat | None", self.addend)
        widths = [self.shape.total_bits, y.width + 1, addend.width + 1 if addend else 0]
        bits = max(widths) + (addend is not None)
        accumulator = Signal(y.width)
        running = Signal(signed(bits))
        m.d.comb += running.eq(total.as_signed())
        if addend is not None:
            m.submodules.add = add = Adder(bits, adder_for(self.objective))
            other = integer_value(accumulator if self.accumulate else extra, addend)
            if self.accumulate:
                other = Mux(extra, 0, other)
            m.d.comb += [add.a.eq(running), add.b.eq(other)]
            running = Signal(signed(bits), name="running_sum")
            m.d.comb += running.eq(add.total)
        code, _ = fit_integer(m, running, y, saturate=self.overflow == "saturate")
        if self.accumulate:
            # Nothing to add: the accumulator is not even clocked.
            code, err = self._accumulate(m, pipe, (accumulator, idle & ~extra), code, err)
        self._finish(m, pipe, "fit", code, err)

    def _finish_float(
        self,
        m: Module,
        pipe: Pipeline,
        tail: ScaledSum,
        live: tuple[Value, list[Term], Specials, Value, Value],
    ) -> None:
        total, terms, specials, extra, err = live
        scales = terms if self.shape.blocks == 1 else []
        if self.accumulate:
            accumulator = Signal(self.result.bits)
            code = tail.elaborate(
                m,
                no_registers,
                total,
                scales,
                specials=specials,
                addend=accumulator,
                restart=extra,
            )
            code, err = self._accumulate(m, pipe, (accumulator, Const(0)), code, err)
            self._finish(m, pipe, "loop", code, err)
            return
        # The error flag goes along: `after` of the tail knows nothing of it.
        flags = [err]

        def after(step: str, *live: object) -> object:
            *rest, flags[0] = pipe.after(step, *live, flags[0])
            return rest[0] if len(rest) == 1 else tuple(rest)

        code = tail.elaborate(
            m, after, total, scales, specials=specials, addend=extra, restart=Const(0)
        )
        self._deliver(m, pipe, code, flags[0])

    def _accumulate(
        self,
        m: Module,
        pipe: Pipeline,
        accumulator: tuple[Signal, Value],
        code: Value,
        err: Value,
    ) -> tuple[Value, Value]:
        """Load the accumulator in valid cycles unless it rests; go on one cycle later."""
        register, rests = accumulator
        valid, late = Signal(name="accumulator_valid"), Signal(name="accumulator_err")
        m.d.sync += [valid.eq(pipe.valid), late.eq(err)]
        with m.If(pipe.valid & ~rests):
            m.d.sync += register.eq(code)
        pipe.valid = valid
        return register, late

    def _finish(self, m: Module, pipe: Pipeline, step: str, code: Value, err: Value) -> None:
        code, err = pipe.after(step, code, err)
        self._deliver(m, pipe, code, err)

    def _deliver(self, m: Module, pipe: Pipeline, code: Value, err: Value) -> None:
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
        if self.sparsity:
            m.d.comb += self.err.eq(err)


def _pairs(rows: list[Value]) -> list[tuple[Value, Value]]:
    return list(zip(rows[::2], rows[1::2], strict=True))
