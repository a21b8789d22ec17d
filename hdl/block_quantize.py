"""Block quantizer: numbers into elements that share a scale, two passes over every vector."""

from __future__ import annotations

from dataclasses import fields
from math import log2
from typing import Literal, cast, get_args

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.block_power import PowerDatapath
from hdl.block_quotient import QuotientDatapath
from hdl.bricks.rounding import ROUNDINGS, Rounding
from hdl.formats import BlockFormat, FloatFormat, Format, IntFormat, PowerFormat
from hdl.options import Objective, adder_for, check_choices, normalizer_for
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.block_scale import Collected, Reach
from hdl.stages.encode import Encode, Fit
from hdl.unit import Unit

__all__ = ["ORDERS", "BlockQuantize", "Order", "check_block"]

MAX_OPERAND_BITS = 32
MAX_EXPONENT_BITS = 8
MAX_VSQ_BITS = 24

Order = Literal["published", "scaled"]
"""What integer elements are divided by: the scale as it would be best, or as it is stored."""

ORDERS: tuple[Order, ...] = get_args(Order)


def check_block(x: Format, y: Format, lanes: int, outer: Format | None = None) -> None:
    """Raise `ValueError` unless numbers `x`, so many a cycle, become blocks of `y`."""
    if not isinstance(x, IntFormat | FloatFormat) or not 1 < x.bits <= MAX_OPERAND_BITS:
        raise ValueError(f"x is an integer or float of 2 to {MAX_OPERAND_BITS} bits, not {x.name}")
    if isinstance(x, FloatFormat) and (not x.signed or x.specials == "fnuz"):
        raise ValueError(f"x is a float with a sign and without fnuz, unlike {x.name}")
    if not isinstance(y, BlockFormat):
        raise ValueError(f"y is a block format, unlike {y.name}")
    if lanes < 1 or y.length % lanes:
        raise ValueError(f"lanes = {lanes} does not divide the {y.length} elements of {y.name}")
    if y.rule == "mx":
        if outer is not None:
            raise ValueError(f"outer = {outer.name}: {y.name} has no outer scale")
        return
    if isinstance(x, FloatFormat) and x.exponent_bits > MAX_EXPONENT_BITS:
        raise ValueError(
            f"x has at most {MAX_EXPONENT_BITS} exponent bits for {y.name}, unlike {x.name}"
        )
    if y.rule == "vsq" and y.element.bits + y.scale.bits > MAX_VSQ_BITS:
        raise ValueError(
            f"y has at most {MAX_VSQ_BITS} bits in an element and a scale, unlike {y.name}"
        )
    if outer is not None and not _is_outer(outer):
        raise ValueError(
            f"outer is e8m0 or a float with a sign, without fnuz, of at most {MAX_EXPONENT_BITS} "
            f"exponent bits, unlike {outer.name}"
        )


def _is_outer(fmt: Format) -> bool:
    if isinstance(fmt, FloatFormat):
        return fmt.signed and fmt.specials != "fnuz" and fmt.exponent_bits <= MAX_EXPONENT_BITS
    return isinstance(fmt, PowerFormat)


class BlockQuantize(Unit):
    """``y = round(x / scale)`` saturated, with a scale for each vector by the rule of its format.

    Powers of two (OCP MX v1.0, 6.3; MSFP, BFP): ``scale = 2^(floor(log2 max|x|) - emax)``; emax is
    the exponent of the largest element. A scale below the least one becomes that; a vector of zeros
    has the least.

    NVFP4: ``scale = round(max|x| / (6 * outer))`` to nearest even, within 2^-6 to the largest, and
    ``y = round(x / (scale * outer))``. VS-Quant, elements of N bits, with ``s = max|x| / (2^(N-1) -
    1)``: ``scale = round(s / outer)`` and ``y = round(x / s)`` as published, or ``scale = ceil(s /
    outer)`` and ``y = round(x / (scale * outer))``. Quotients are exact: nothing is rounded twice.

    An infinity or NaN in a vector, or an outer scale that is not a positive number, makes the scale
    NaN and the elements 0; an integer scale is 0 then, and `err` set.

    A vector comes in ``rows = block / lanes`` valid cycles, and the next one right behind it: the
    unit counts, from reset on. Row k of a vector leaves with row ``k + rows - 1``, in the cycle
    `latency` after that: the first with the last one, which settles the scale, the others with the
    first rows of the next vector. A cycle without `in_valid` moves nothing. To empty the unit, feed
    rows of zeros. One row a cycle, `latency` cycles after the row that it leaves with.

    Parameters
    ----------
    x
        Format of the numbers: an integer or float of at most 32 bits.
    y
        Block format.
    lanes
        Numbers a cycle, a divisor of the block's length. Default: all.
    outer
        Format of the scale of the tensor or channel, e8m0 or a float; None for 1, as always with
        powers of two.
    order
        With integer scales: ``published`` (default) or ``scaled``.
    rounding
        Of the elements; ``rne`` is what all three rules ask for.
    stages, objective
        As in `hdl.fma.Fma`.

    Attributes
    ----------
    latency : int
        `stages`, plus 1 where a vector takes several rows.
    rows : int
        Cycles that a vector takes.

    Members
    -------
    in_valid : In(1)
    first : In(1)
        Only with several rows: this one is the first of a vector. What has not left yet is lost;
        not needed but to give a vector up.
    x : In(lanes * x.bits)
    outer : In(outer.bits)
        Looked at with the last row of a vector.
    out_valid : Out(1)
    y : Out(lanes * element bits)
    scale : Out(scale bits)
        The same for all rows of a vector.
    err : Out(1)
        Only with integer scales.

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        x: Format,
        y: Format,
        lanes: int | None = None,
        *,
        outer: Format | None = None,
        order: Order | None = None,
        rounding: Rounding = "rne",
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        lanes = lanes or cast(BlockFormat, y).length
        check_block(x, y, lanes, outer)
        self.source = cast("IntFormat | FloatFormat", x)
        self.block = block = cast(BlockFormat, y)
        if order is not None and block.rule != "vsq":
            raise ValueError(f"order = {order!r} is for integer scales, not for {y.name}")
        self.order: Order = order or "published"
        check_choices(("rounding", rounding, ROUNDINGS), ("order", self.order, ORDERS))
        self.lanes = lanes
        self.rows = block.length // lanes
        # The port has this name.
        self.outer_format = outer
        self.rounding: Rounding = rounding
        self.objective: Objective = objective
        super().__init__(
            (
                *((Port("first", "in", 1, "control"),) if self.rows > 1 else ()),
                data_port("x", "in", x, lanes),
                *((data_port("outer", "in", outer),) if outer else ()),
            ),
            (
                data_port("y", "out", block.element, lanes),
                data_port("scale", "out", block.scale),
                *((Port("err", "out", 1, "flags"),) if block.rule == "vsq" else ()),
            ),
            stages=stages,
            objective=objective,
            extra_latency=int(self.rows > 1),
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x, element = self.source, self.block.element
        datapath = PowerDatapath(self) if self.block.rule == "mx" else QuotientDatapath(self)
        reach = datapath.reach
        m.submodules.reach = reach
        fit = [
            Fit(
                element,
                datapath.range,
                random_bits=0,
                adder=adder_for(self.objective),
                kind=normalizer_for(self.objective),
            )
            for _ in range(self.lanes)
        ]
        encode = [
            Encode(
                element,
                fit[0].max_exponent,
                rounding=self.rounding,
                overflow="saturate",
                flush=False,
                random_bits=0,
            )
            for _ in fit
        ]
        delays = {
            "reach": 2 * log2(x.bits) * (1 + log2(self.lanes)),
            "collect": 0.0 if self.rows == 1 else 2 * log2(x.bits) + 2,
            **datapath.delays,
            "fit": 4 * log2(datapath.range.bits) + 2,
            "encode": 2 * log2(element.bits) + 4,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # How far the row reaches; then, by its last row, the vector.
        m.d.comb += reach.codes.eq(self.x)
        restart = self.first if self.rows > 1 else Const(0)
        outer = self.outer if self.outer_format else Const(0, 0)
        found, restart = pipe.after("reach", Collected(self.x, reach.reach, outer), restart)
        if self.rows > 1:
            found = self._collect(m, pipe, found, restart)
        found = pipe.after("collect", found)

        # The scale, and every number in its units.
        shared = datapath.share(m, pipe, found)

        # Each rounded to an element.
        for i, (lane, term) in enumerate(zip(fit, shared.terms, strict=True)):
            m.submodules[f"fit_{i}"] = lane
            lane.connect(m, term)
        numbers, shared = pipe.after("fit", [lane.normalized for lane in fit], shared)
        for i, (lane, term, number) in enumerate(zip(encode, shared.terms, numbers, strict=True)):
            m.submodules[f"encode_{i}"] = lane
            lane.connect(m, term, number, Const(0))
        defined = ~shared.undefined
        codes = Cat(lane.code & defined.replicate(element.bits) for lane in encode)
        y = Signal(self.lanes * element.bits, name="elements")
        m.d.comb += y.eq(codes)
        y, scale, undefined = pipe.after("encode", y, shared.scale, shared.undefined)
        m.d.comb += [self.y.eq(y), self.scale.eq(scale), self.out_valid.eq(pipe.valid)]
        if self.block.rule == "vsq":
            m.d.comb += self.err.eq(undefined)
        return m

    def _collect(self, m: Module, pipe: Pipeline, now: Collected, restart: Value) -> Collected:
        """Hold rows back until their vector is complete; one register, for valid rows only."""
        last = self.rows - 1
        position = Signal(range(self.rows))
        at = Signal(range(self.rows))
        m.d.comb += at.eq(Mux(restart, 0, position))

        # What the vector reaches so far.
        reach = now.reach
        names = [field.name for field in fields(Reach)]
        peak = {name: Signal(len(getattr(reach, name)), name=f"peak_{name}") for name in names}
        ends = {name: Signal(len(getattr(reach, name)), name=f"reached_{name}") for name in names}
        starts = Signal()
        m.d.comb += starts.eq(at == 0)
        larger = Mux(reach.highest > peak["highest"], reach.highest, peak["highest"])
        m.d.comb += [
            ends["highest"].eq(Mux(starts, reach.highest, larger)),
            ends["ones"].eq(reach.ones | Mux(starts, 0, peak["ones"])),
            ends["special"].eq(reach.special | (~starts & peak["special"])),
        ]

        row = Signal(len(now.row), name="leaving", reset_less=True)
        oldest = self._waiting(m, pipe.valid, now.row)
        # Nobody looks at it in a cycle that is not valid.
        m.d.sync += row.eq(oldest)
        leaving = {name: Signal(len(getattr(reach, name)), name=f"all_{name}") for name in names}
        outer = Signal(len(now.outer), name="all_outer")
        complete, valid = Signal(), Signal(name="leaving_valid")
        settles = Signal()
        m.d.comb += settles.eq(at == last)
        m.d.sync += valid.eq(0)
        with m.If(pipe.valid):
            m.d.sync += [
                position.eq(Mux(settles, 0, at + 1)),
                valid.eq(settles | (complete & ~restart)),
                *(peak[name].eq(ends[name]) for name in names),
            ]
            with m.If(settles):
                m.d.sync += [complete.eq(1), outer.eq(now.outer)]
                m.d.sync += [leaving[name].eq(ends[name]) for name in names]
            with m.Elif(restart):
                m.d.sync += complete.eq(0)
        pipe.valid = valid
        return Collected(row, Reach(*(leaving[name] for name in names)), outer)

    def _waiting(self, m: Module, valid: Value, row: Value) -> Value:
        """Hold every valid row for ``rows - 1`` of them, and return the one that has waited."""
        count = self.rows - 1
        places = [Signal(len(row), name=f"row_{k}", reset_less=True) for k in range(count)]
        if self.objective == "area":
            # All rows move up: no multiplexer in front of the oldest.
            with m.If(valid):
                m.d.sync += [
                    place.eq(new) for place, new in zip(places, [row, *places[:-1]], strict=True)
                ]
            return places[-1]
        # The oldest leaves, the newest takes its place, and the others stay.
        place = Signal(range(count))
        oldest = Signal(len(row), name="oldest")
        with m.Switch(place):
            for k, register in enumerate(places):
                with m.Case(k):
                    m.d.comb += oldest.eq(register)
                    with m.If(valid):
                        m.d.sync += register.eq(row)
        with m.If(valid):
            m.d.sync += place.eq(Mux(place == count - 1, 0, place + 1))
        return oldest
