"""Dot product of two vectors, with an addend or an accumulator, rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from amaranth.hdl import Const, Module, Value

from hdl.bricks.rounding import Rounding
from hdl.dot_exact import ExactDatapath
from hdl.dot_integer import IntegerDatapath
from hdl.dot_window import WindowDatapath
from hdl.formats import FixedFormat, FloatFormat, Format, IntFormat, PositFormat
from hdl.options import Objective, Subnormals, check_options, default_overflow
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.codebook import Codebook, as_factor
from hdl.stages.exact_sum import exact_sum
from hdl.stages.isolate import Isolate
from hdl.stages.pack import Overflow
from hdl.stages.window import MAX_FRACTION_BITS
from hdl.unit import Unit

__all__ = [
    "ACCUMULATORS",
    "ALIGNMENTS",
    "MAX_LANES",
    "Accumulator",
    "Align",
    "Dot",
    "check_posits",
]

Align = Literal["exact", "window"]
"""Whether all of every term is added, or what a window below the largest term keeps of it."""

ALIGNMENTS: tuple[Align, ...] = get_args(Align)

Accumulator = Literal["binary", "carry_save"]
"""What a running sum is kept as: its code, or two numbers whose sum it is."""

ACCUMULATORS: tuple[Accumulator, ...] = get_args(Accumulator)

MAX_LANES = 1024
MAX_POSIT_BITS = 16


class Dot(Unit):
    """``y = round(sum(a[i] * b[i]) + c)`` with a single rounding.

    Every product is placed exactly in one fixed-point word, or cut off at a common place some bits
    below the largest term: in either case the order of the lanes does not matter. `c` is a port, or
    the previous `y` (an accumulator that a cycle with `first` restarts), or absent. One result a
    cycle, `latency` cycles after its operands.

    Parameters
    ----------
    a, b
        Formats of the vectors' elements: integers, floats, posits of up to 16 bits (``exact``, with
        a `y`, in units of 1), or codebooks.
    a_table, b_table
        With a codebook for `a` or `b`: format that its entries are rounded into, to nearest even
        and saturating, a signed float, an integer, or fixed point; None otherwise.
    y
        Format of the result and of the accumulator. Default, without `accumulate`: the integer that
        holds every sum, see `exact_sum`.
    lanes
        Elements a cycle, 1 to 1024.
    c
        Format of the addend port; None for none.
    accumulate
        Whether `y` accumulates. Excludes `c`.
    accumulator
        What accumulates: ``binary``, the code of `y`; or ``carry_save``, two numbers that `y` is
        the sum of, which is formed behind the loop. Of integers that wrap only.
    lsb
        With an integer `y`: the weight of its lowest bit, as a power of two. With floats among `a`
        and `b` it may be any, so that `y` is a fixed-point number (a Kulisch accumulator).
    align
        ``exact``, or ``window`` (floats only): every term is shifted right to the largest exponent
        and truncated toward zero, as tensor cores do.
    fraction_bits
        With ``window``: fraction bits that are kept below the largest exponent, 1 to 40.
    sticky
        With ``window``: keep three bits more, of which the last one is set where anything below is.
    gate_zero, rounding, overflow, subnormals, stages, objective
        As in `hdl.fma.Fma`. No `gate_zero` of codebooks or posits.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`, plus 1 for an accumulator.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    a, b : In(lanes * bits)
        Lane 0 in the low bits.
    c : In
    first : In(1)
        With `accumulate`: start a new sum in this cycle.
    out_valid : Out(1)
    y : Out

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        a: Format,
        b: Format,
        y: Format | None = None,
        lanes: int = 1,
        *,
        a_table: Format | None = None,
        b_table: Format | None = None,
        c: Format | None = None,
        accumulate: bool = False,
        accumulator: Accumulator = "binary",
        lsb: int = 0,
        align: Align = "exact",
        fraction_bits: int | None = None,
        sticky: bool = False,
        gate_zero: bool = False,
        rounding: Rounding = "rne",
        overflow: Overflow | None = None,
        subnormals: Subnormals = "ieee",
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        if not 1 <= lanes <= MAX_LANES:
            raise ValueError(f"lanes = {lanes} is not in 1..{MAX_LANES}")
        if align not in ALIGNMENTS:
            raise ValueError(f"align = {align!r} is not one of {', '.join(ALIGNMENTS)}")
        if accumulate and c is not None:
            raise ValueError("accumulate = true and c exclude each other: the accumulator is c")
        factors = [as_factor(a, a_table, "a"), as_factor(b, b_table, "b")]
        check_posits([fmt for fmt in (a, b) if isinstance(fmt, PositFormat)], y, lsb)
        if y is None:
            if accumulate:
                raise ValueError("y can only be left out without accumulate")
            y, lsb = exact_sum(factors[0], factors[1], lanes, c)
        numbers = [one.table if isinstance(one, Codebook) else one for one in factors]
        if lsb and (not isinstance(y, IntFormat) or all(isinstance(n, IntFormat) for n in numbers)):
            raise ValueError(f"lsb = {lsb} needs an integer y of float operands")
        if lsb and c is not None:
            raise ValueError("lsb and c exclude each other")
        self.vectors = (a, b)
        self.result = y
        self.lanes = lanes
        self.addend = y if accumulate else c
        self.accumulate = accumulate
        operands = [fmt for fmt in (*numbers, c) if fmt is not None]
        self.rounding: Rounding = rounding
        self.overflow: Overflow = overflow or default_overflow(y, operands)
        others = [fmt for fmt in numbers if isinstance(fmt, FixedFormat | PositFormat)]
        if others and self.overflow == "wrap":
            raise ValueError(f"overflow = 'wrap' needs integer operands only, not {others[0].name}")
        check_options(
            [fmt for fmt in operands if fmt not in others],
            y,
            rounding=rounding,
            overflow=self.overflow,
            subnormals=subnormals,
            stages=stages,
            objective=objective,
        )
        self._formats = (*numbers, y, *((self.addend,) if self.addend else ()))
        self._check_window(align, fraction_bits, sticky)
        self._check_accumulator(accumulator)
        if gate_zero and any(isinstance(one, Codebook | PositFormat) for one in factors):
            raise ValueError("gate_zero needs integers or floats, no codebooks or posits")
        self.gate_zero = gate_zero
        self.accumulator: Accumulator = accumulator
        self.fraction_bits = fraction_bits
        self.sticky = sticky
        self.flush = subnormals == "flush"
        # In units of y's lowest bit, a float is one with another bias.
        self.factors = _in_units(lsb, factors) if lsb else factors
        super().__init__(
            (
                *((Port("first", "in", 1, "control"),) if accumulate else ()),
                data_port("a", "in", a, lanes),
                data_port("b", "in", b, lanes),
                *((data_port("c", "in", c),) if c else ()),
            ),
            (data_port("y", "out", y, lsb=lsb or None),),
            stages=stages,
            objective=objective,
            extra_latency=int(accumulate),
        )

    def _check_window(self, align: Align, fraction_bits: int | None, sticky: bool) -> None:
        if align == "exact":
            if fraction_bits is not None or sticky:
                raise ValueError("fraction_bits and sticky need align = 'window'")
            return
        if fraction_bits is None or not 1 <= fraction_bits <= MAX_FRACTION_BITS:
            raise ValueError(f"fraction_bits = {fraction_bits} is not in 1..{MAX_FRACTION_BITS}")
        for fmt in self._formats:
            if not isinstance(fmt, FloatFormat):
                raise ValueError(f"align = 'window' needs floats, not {fmt.name}")

    def _check_accumulator(self, accumulator: str) -> None:
        if accumulator not in ACCUMULATORS:
            raise ValueError(
                f"accumulator = {accumulator!r} is not one of {', '.join(ACCUMULATORS)}"
            )
        if accumulator == "carry_save" and not (self.accumulate and self.overflow == "wrap"):
            raise ValueError("accumulator = 'carry_save' needs accumulate and overflow = 'wrap'")

    @property
    def _counts_units(self) -> bool:
        """Whether all there is to add are integers, in the same unit."""
        weights = [one.weight for one in self.factors if isinstance(one, Codebook)]
        return sum(weights) == 0 and all(
            isinstance(f, IntFormat | FixedFormat) for f in self._formats
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        datapath: IntegerDatapath | ExactDatapath | WindowDatapath
        if self.fraction_bits is not None:
            datapath = WindowDatapath(self, self.fraction_bits, sticky=self.sticky)
        elif self._counts_units:
            datapath = IntegerDatapath(self)
        else:
            datapath = ExactDatapath(self)
        pipe = Pipeline(m, self.in_valid, datapath.delays, self.stages)
        lanes = self._lane_codes()
        if self.gate_zero:
            lanes = [self._isolated(m, i, lane) for i, lane in enumerate(lanes)]
        code = datapath.elaborate(m, pipe, lanes, self._extra())
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
        return m

    def _lane_codes(self) -> list[tuple[Value, Value]]:
        """Return the codes of `a` and `b` lane by lane."""
        a_bits, b_bits = (fmt.bits for fmt in self.vectors)
        return [
            (self.a.word_select(i, a_bits), self.b.word_select(i, b_bits))
            for i in range(self.lanes)
        ]

    def _isolated(self, m: Module, i: int, lane: tuple[Value, Value]) -> tuple[Value, Value]:
        """Return the codes of a lane, as far as their product is not zero."""
        isolate = Isolate(
            *self.vectors, flush=self.flush, signs=isinstance(self.result, FloatFormat)
        )
        m.submodules[f"isolate_{i}"] = isolate
        m.d.comb += [isolate.a.eq(lane[0]), isolate.b.eq(lane[1])]
        return isolate.isolated_a, isolate.isolated_b

    def _extra(self) -> Value:
        """Return what accompanies the vectors: the addend, or whether to restart, or nothing."""
        if self.accumulate:
            return self.first
        return self.c if self.addend else Const(0)


def check_posits(posits: Sequence[PositFormat], y: Format | None, lsb: int) -> None:
    """Raise `ValueError` unless products of these posits can be added up and rounded to `y`."""
    for fmt in posits:
        if fmt.bits > MAX_POSIT_BITS:
            raise ValueError(f"{fmt.name}: posits of up to {MAX_POSIT_BITS} bits can be multiplied")
        if y is None or lsb:
            raise ValueError(f"{fmt.name}: sums of posits need a y, in units of 1")


def _in_units(lsb: int, factors: Sequence[Format | Codebook]) -> list[Format | Codebook]:
    """Return operands whose products are in units of ``2**lsb``: one of them is."""
    scaled = list(factors)
    for at, factor in enumerate(factors):
        if isinstance(factor, FloatFormat):
            scaled[at] = replace(factor, bias=factor.bias + lsb)
            return scaled
    at = next(at for at, factor in enumerate(factors) if isinstance(factor, Codebook))
    scaled[at] = replace(factors[at], lsb=lsb)
    return scaled
