"""Block quantizer: numbers into elements that share a scale, two passes over every vector."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import log2
from typing import cast

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.bricks.maximum import MaximumKind
from hdl.bricks.rounding import ROUNDINGS, Rounding
from hdl.formats import BlockFormat, FloatFormat, Format, IntFormat, PowerFormat
from hdl.options import Objective, adder_for, check_choices, normalizer_for
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.block_element import ShareScale
from hdl.stages.block_scale import PowerScale, Reach, RowReach
from hdl.stages.encode import Encode, Fit
from hdl.unit import Unit

__all__ = ["BlockQuantize", "check_block"]

MAX_OPERAND_BITS = 32


def check_block(x: Format, y: Format, lanes: int) -> None:
    """Raise `ValueError` unless numbers `x`, so many a cycle, become blocks of `y`."""
    if not isinstance(x, IntFormat | FloatFormat) or not 1 < x.bits <= MAX_OPERAND_BITS:
        raise ValueError(f"x is an integer or float of 2 to {MAX_OPERAND_BITS} bits, not {x.name}")
    if isinstance(x, FloatFormat) and (not x.signed or x.specials == "fnuz"):
        raise ValueError(f"x is a float with a sign and without fnuz, unlike {x.name}")
    if not isinstance(y, BlockFormat) or y.rule != "mx":
        raise ValueError(f"y is a block format whose scale is a power of two, unlike {y.name}")
    if lanes < 1 or y.length % lanes:
        raise ValueError(f"lanes = {lanes} does not divide the {y.length} elements of {y.name}")


@dataclass(frozen=True)
class _Collected:
    """A row that leaves the buffer, with what its whole vector reaches."""

    row: Value
    exponent: Value
    ones: Value
    special: Value

    @property
    def reach(self) -> Reach:
        return Reach(self.exponent, self.ones, self.special)


class BlockQuantize(Unit):
    """``y = round(x / scale)`` saturated, ``scale = 2^(floor(log2 max|x|) - emax)`` of the vector.

    The conversion of OCP MX v1.0, 6.3; emax is the exponent of the largest element. A scale below
    the least one becomes that; a vector of zeros has the least. An infinity or NaN makes the scale
    NaN and the elements 0.

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
        Block format with power-of-two scales.
    lanes
        Numbers a cycle, a divisor of the block's length. Default: all.
    rounding
        Of the elements; ``rne`` is what MX asks for.
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
    out_valid : Out(1)
    y : Out(lanes * element bits)
    scale : Out(scale bits)
        The same for all rows of a vector.

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
        rounding: Rounding = "rne",
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        lanes = lanes or cast(BlockFormat, y).length
        check_block(x, y, lanes)
        check_choices(("rounding", rounding, ROUNDINGS))
        self.source = cast("IntFormat | FloatFormat", x)
        self.block = cast(BlockFormat, y)
        self.lanes = lanes
        self.rows = self.block.length // lanes
        self.rounding: Rounding = rounding
        super().__init__(
            (
                *((Port("first", "in", 1, "control"),) if self.rows > 1 else ()),
                data_port("x", "in", x, lanes),
            ),
            (
                data_port("y", "out", self.block.element, lanes),
                data_port("scale", "out", self.block.scale),
            ),
            stages=stages,
            objective=objective,
            extra_latency=int(self.rows > 1),
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x, element = self.source, self.block.element
        scale_format = cast(PowerFormat, self.block.scale)
        adder = adder_for(self.objective)
        kind: MaximumKind = "serial" if self.objective == "area" else "tree"
        m.submodules.reach = reach = RowReach(x, self.lanes, kind)
        m.submodules.power = power = PowerScale(x, element, scale_format)
        share = [ShareScale(x, element, scale_format) for _ in range(self.lanes)]
        fit = [
            Fit(
                element,
                share[0].range,
                random_bits=0,
                adder=adder,
                kind=normalizer_for(self.objective),
            )
            for _ in share
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
            for _ in share
        ]
        delays = {
            "reach": 2 * log2(x.bits) * (1 + log2(self.lanes)),
            "collect": 0.0 if self.rows == 1 else 2 * log2(x.bits) + 2,
            "scale": 2 * log2(x.bits) + 4,
            "share": 2 * log2(x.bits) + 2 * log2(share[0].range.bits),
            "fit": 4 * log2(share[0].range.bits) + 2,
            "encode": 2 * log2(element.bits) + 4,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # How far the row reaches; then, by its last row, the vector.
        m.d.comb += reach.codes.eq(self.x)
        restart = self.first if self.rows > 1 else Const(0)
        row, exponent, ones, special, restart = pipe.after(
            "reach", self.x, reach.exponent, reach.ones, reach.special, restart
        )
        found = _Collected(row, exponent, ones, special)
        if self.rows > 1:
            found = self._collect(m, pipe, found, restart)
        found = pipe.after("collect", found)

        # The scale, and every number in its units.
        power.connect(m, found.reach)
        row, scale = pipe.after("scale", found.row, power.code)
        poisoned = Signal()
        m.d.comb += poisoned.eq(scale == scale_format.nan_code)
        for i, lane in enumerate(share):
            m.submodules[f"share_{i}"] = lane
            m.d.comb += [lane.code.eq(row.word_select(i, x.bits)), lane.scale_code.eq(scale)]
        terms, scale, poisoned = pipe.after("share", [lane.term for lane in share], scale, poisoned)

        # Each rounded to an element.
        for i, (lane, term) in enumerate(zip(fit, terms, strict=True)):
            m.submodules[f"fit_{i}"] = lane
            lane.connect(m, term)
        numbers, terms, scale, poisoned = pipe.after(
            "fit", [lane.normalized for lane in fit], terms, scale, poisoned
        )
        for i, (lane, term, number) in enumerate(zip(encode, terms, numbers, strict=True)):
            m.submodules[f"encode_{i}"] = lane
            lane.connect(m, term, number, Const(0))
        codes = Cat(lane.code & (~poisoned).replicate(element.bits) for lane in encode)
        y = Signal(self.lanes * element.bits, name="elements")
        m.d.comb += y.eq(codes)
        y, scale = pipe.after("encode", y, scale)
        m.d.comb += [self.y.eq(y), self.scale.eq(scale), self.out_valid.eq(pipe.valid)]
        return m

    def _collect(self, m: Module, pipe: Pipeline, now: _Collected, restart: Value) -> _Collected:
        """Hold rows back until their vector is complete; one register, for valid rows only."""
        last = self.rows - 1
        position = Signal(range(self.rows))
        at = Signal(range(self.rows))
        m.d.comb += at.eq(Mux(restart, 0, position))

        # What the vector reaches so far.
        names = [field.name for field in fields(Reach)]
        peak = {name: Signal(len(getattr(now, name)), name=f"peak_{name}") for name in names}
        ends = {name: Signal(len(getattr(now, name)), name=f"reached_{name}") for name in names}
        starts = Signal()
        m.d.comb += starts.eq(at == 0)
        larger = Mux(now.exponent > peak["exponent"], now.exponent, peak["exponent"])
        m.d.comb += [
            ends["exponent"].eq(Mux(starts, now.exponent, larger)),
            ends["ones"].eq(now.ones | Mux(starts, 0, peak["ones"])),
            ends["special"].eq(now.special | (~starts & peak["special"])),
        ]

        row = Signal(len(now.row), name="leaving", reset_less=True)
        oldest = self._waiting(m, pipe.valid, now.row)
        # Nobody looks at it in a cycle that is not valid.
        m.d.sync += row.eq(oldest)
        leaving = {name: Signal(len(getattr(now, name)), name=f"all_{name}") for name in names}
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
                m.d.sync += [complete.eq(1), *(leaving[name].eq(ends[name]) for name in names)]
            with m.Elif(restart):
                m.d.sync += complete.eq(0)
        pipe.valid = valid
        return _Collected(row, leaving["exponent"], leaving["ones"], leaving["special"])

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
