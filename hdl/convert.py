"""Conversion between number formats, rounded once."""

from __future__ import annotations

from math import log2
from typing import cast

from amaranth.hdl import Const, Module, Mux, Signal

from hdl.bricks.lut import Lut
from hdl.formats import FloatFormat, Format, IntFormat, LogFormat, PositFormat, PowerFormat
from hdl.options import (
    OBJECTIVES,
    SUBNORMALS,
    Objective,
    Subnormals,
    adder_for,
    check_choices,
    check_stages,
    normalizer_for,
)
from hdl.pipeline import Pipeline
from hdl.ports import data_port, random_port
from hdl.stages.decode import BINARY_FORMATS, Decode
from hdl.stages.encode import MODES, Encode, Fit, RoundingMode
from hdl.stages.integer import integer_value
from hdl.stages.pack import Overflow
from hdl.stages.tabulate import MAX_TABLE_BITS, tabulate
from hdl.unit import Unit

__all__ = [
    "MAX_RANDOM_BITS",
    "Convert",
    "check_conversion",
    "conversion_overflow",
    "needs_table",
]

MAX_RANDOM_BITS = 32


def needs_table(x: Format, y: Format) -> bool:
    """Return whether only a table of all codes of `x` leads to codes of `y`."""
    return not isinstance(x, BINARY_FORMATS) or not (
        isinstance(y, BINARY_FORMATS) and not isinstance(y, PositFormat)
    )


def conversion_overflow(y: Format) -> Overflow:
    """Return the overflow behaviour of a converter that names none."""
    return "ieee" if isinstance(y, FloatFormat | PowerFormat) else "saturate"


def check_conversion(
    y: Format,
    *,
    integers: bool,
    rounding: str,
    overflow: str,
    subnormals: str,
    random_bits: int,
    stages: int,
    objective: str,
) -> None:
    """Raise `ValueError` unless results of format `y` can be made with these options.

    `integers` says whether what is rounded are integers, which ``wrap`` needs.
    """
    check_choices(
        ("rounding", rounding, MODES),
        ("subnormals", subnormals, SUBNORMALS),
        ("objective", objective, OBJECTIVES),
    )
    overflows = ["saturate"]
    if isinstance(y, FloatFormat | PowerFormat):
        overflows.insert(0, "ieee")
    elif isinstance(y, IntFormat) and integers and rounding != "stochastic":
        overflows.append("wrap")
    if overflow not in overflows:
        raise ValueError(f"overflow = {overflow!r}: {y.name} takes {' or '.join(overflows)} here")
    if (rounding == "stochastic") != (random_bits > 0):
        raise ValueError("random_bits come with rounding = 'stochastic', and only with it")
    if random_bits > MAX_RANDOM_BITS:
        raise ValueError(f"random_bits = {random_bits} is more than {MAX_RANDOM_BITS}")
    check_stages(stages)


class Convert(Unit):
    """``y = round(x)``: a code of one format to the code of another, rounded once.

    Between formats with binary significands (integers, fixed point, sign-magnitude, floats, e8m0;
    posits as operands) the significand is shifted to its new place and rounded there. Log numbers
    and codebooks, and posits as results, take a table of all codes of `x`, of 12 bits at most. One
    result a cycle, `latency` cycles after its operand.

    Parameters
    ----------
    x, y
        Formats of operand and result.
    rounding
        ``rne``, ``rtz``, ``rup``, ``rdn``, ``rna`` or ``stochastic``: the word `rnd` is added below
        the last bit that is kept, and the rest cut off.
    overflow
        ``ieee`` (float and e8m0 `y`, the default there) or ``saturate``; ``wrap`` from integer to
        integer.
    subnormals
        ``ieee``, or ``flush`` to take and return zeros instead of a float's subnormals.
    random_bits
        Width of `rnd`, for ``stochastic``.
    stages
        Number of pipeline registers; 0 is combinational.
    objective
        What to build for: ``area``, ``delay`` or ``balanced``.

    Attributes
    ----------
    latency : int
        Cycles from operand to result: `stages`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    x : In
    rnd : In(random_bits)
        With ``stochastic``.
    out_valid : Out(1)
    y : Out

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        x: Format,
        y: Format,
        *,
        rounding: RoundingMode = "rne",
        overflow: Overflow | None = None,
        subnormals: Subnormals = "ieee",
        random_bits: int | None = None,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self.source = x
        self.result = y
        self.rounding: RoundingMode = rounding
        self.overflow: Overflow = overflow or conversion_overflow(y)
        self.random_bits = random_bits or 0
        check_conversion(
            y,
            integers=isinstance(x, IntFormat),
            rounding=rounding,
            overflow=self.overflow,
            subnormals=subnormals,
            random_bits=self.random_bits,
            stages=stages,
            objective=objective,
        )
        self.by_table = needs_table(x, y)
        if self.by_table and x.bits > MAX_TABLE_BITS:
            raise ValueError(
                f"{x.name} to {y.name} takes a table, and of codes of {MAX_TABLE_BITS} bits at most"
            )
        if rounding == "stochastic" and isinstance(y, LogFormat):
            raise ValueError(f"rounding = 'stochastic': not into {y.name}")
        self.flush = subnormals == "flush"
        super().__init__(
            (data_port("x", "in", x), *random_port(self.random_bits)),
            (data_port("y", "out", y),),
            stages=stages,
            objective=objective,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.by_table:
            self._look_up(m)
        elif self.overflow == "wrap":
            self._wrap(m, cast(IntFormat, self.source))
        else:
            self._convert(m)
        return m

    def _wrap(self, m: Module, source: IntFormat) -> None:
        # Bits go, or copies of the sign come; nothing is computed.
        code = Signal(self.result.bits)
        m.d.comb += code.eq(integer_value(self.x, source))
        pipe = Pipeline(m, self.in_valid, {"wrap": 1.0}, self.stages)
        m.d.comb += [self.y.eq(pipe.after("wrap", code)), self.out_valid.eq(pipe.valid)]

    def _look_up(self, m: Module) -> None:
        table = tabulate(
            self.source,
            self.result,
            rounding=self.rounding,
            overflow=self.overflow,
            flush=self.flush,
            random_bits=self.random_bits,
        )
        bits = self.result.bits
        delays = {"table": 2.0 * self.source.bits, "choose": 2 * log2(self.random_bits + 1) + 1}
        pipe = Pipeline(m, self.in_valid, delays, self.stages)
        m.submodules.lower = lower = Lut(table.lower, bits)
        m.d.comb += lower.x.eq(self.x)
        if not self.random_bits:
            code = pipe.after("choose", pipe.after("table", lower.y))
        else:
            # Two neighbours, and how far up from the lower to the upper the number lies.
            m.submodules.upper = upper = Lut(table.upper, bits)
            m.submodules.place = place = Lut(table.place, self.random_bits)
            m.d.comb += [upper.x.eq(self.x), place.x.eq(self.x)]
            low, high, up, rnd = pipe.after("table", lower.y, upper.y, place.y, self.rnd)
            carry = Signal(self.random_bits + 1)
            m.d.comb += carry.eq(up + rnd)
            code = pipe.after("choose", Mux(carry[-1], high, low))
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]

    def _convert(self, m: Module) -> None:
        m.submodules.decode = decode = Decode(self.source, flush=self.flush)
        m.submodules.fit = fit = Fit(
            self.result,
            decode.range,
            random_bits=self.random_bits,
            adder=adder_for(self.objective),
            kind=normalizer_for(self.objective),
        )
        m.submodules.encode = encode = Encode(
            self.result,
            fit.max_exponent,
            rounding=self.rounding,
            overflow=self.overflow,
            flush=self.flush,
            random_bits=self.random_bits,
        )
        delays = {
            "decode": 3.0,
            "fit": 6 * log2(decode.range.bits + 1) + 4,
            "encode": 2 * log2(fit.target.precision + 2) + 4,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)
        m.d.comb += decode.code.eq(self.x)
        rnd = self.rnd if self.random_bits else Const(0)
        term, rnd = pipe.after("decode", decode.term, rnd)
        fit.connect(m, term)
        number, term, rnd = pipe.after("fit", fit.normalized, term, rnd)
        encode.connect(m, term, number, rnd)
        m.d.comb += [self.y.eq(pipe.after("encode", encode.code)), self.out_valid.eq(pipe.valid)]
