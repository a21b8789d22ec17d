"""The second multiplication of per-vector scaling: a partial sum times two vectors' scales."""

from __future__ import annotations

from math import log2
from typing import cast

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from hdl.bricks.adder import Adder
from hdl.formats import FloatFormat, Format, IntFormat, PowerFormat
from hdl.options import Objective, adder_for
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.decode import Decode
from hdl.stages.integer import fit_integer, integer_value
from hdl.stages.loop import no_registers
from hdl.stages.pack import Overflow
from hdl.stages.product import Product
from hdl.stages.scale import ApplyScale, MultiplyScales
from hdl.stages.scaled_sum import ScaledSum
from hdl.stages.specials import Specials
from hdl.stages.terms import Term
from hdl.unit import Unit

__all__ = ["VectorScale", "check_scales", "exact_scaled_format"]

MAX_OPERAND_BITS = 48


def exact_scaled_format(x: IntFormat, factor_bits: int) -> IntFormat:
    """Return the format that holds every product of `x` and an unsigned factor."""
    return IntFormat(x.width + factor_bits, signed=x.signed)


class VectorScale(Unit):
    """``y = x * scale_a * scale_b``, as it is or accumulated (VS-Quant, arXiv 2102.04503).

    Unsigned integer scales: their product is rounded to `scale_bits` (to nearest, ties to even, no
    further than the largest number of so many bits), multiplies the partial sum exactly and is not
    shifted back: the lowest bit of `y` weighs 2 to the number of bits rounded away, which the
    manifest says as ``lsb``. Where the rounded product is zero the accumulator is not even clocked.

    Floating scales (e8m0, ue4m3) are not rounded: ``y = round(x * scale_a * scale_b)``, a float,
    rounded once to nearest even. A scale that is NaN makes it NaN.

    With `accumulate`, ``y`` becomes ``product + (0 if first else y)`` in every valid cycle. One
    result a cycle, `latency` cycles after its operands.

    Parameters
    ----------
    x
        Integer format of the partial sum.
    scale_a, scale_b
        Formats of the scales: both unsigned integers, or neither.
    y
        Format of the result. Default, for integers without `accumulate`: exact.
    scale_bits
        Bits that the product of integer scales is rounded to. Default: all.
    accumulate
        Whether `y` accumulates.
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
    x, scale_a, scale_b : In
    out_valid : Out(1)
    y : Out

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        x: IntFormat,
        scale_a: Format,
        scale_b: Format,
        y: Format | None = None,
        *,
        scale_bits: int | None = None,
        accumulate: bool = False,
        overflow: Overflow | None = None,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self.source = x
        self.scales = (scale_a, scale_b)
        self.integers = all(isinstance(fmt, IntFormat) for fmt in self.scales)
        check_scales(x, scale_a, scale_b)
        self.factor_bits = _factor_bits(scale_a, scale_b, scale_bits)
        if y is None:
            if not self.integers or accumulate:
                raise ValueError("y can only be left out for integer scales without accumulate")
            y = exact_scaled_format(x, self.factor_bits)
        if isinstance(y, IntFormat) != self.integers:
            raise ValueError("y is an integer if the scales are, and otherwise a signed float")
        if not self.integers and not (isinstance(y, FloatFormat) and y.signed):
            raise ValueError(f"y is a signed float with floating scales, not {y.name}")
        self.result = y
        self.accumulate = accumulate
        self.overflow: Overflow = overflow or ("wrap" if self.integers else "ieee")
        if self.overflow not in (("wrap", "saturate") if self.integers else ("ieee", "saturate")):
            raise ValueError(f"overflow = {overflow!r}: not with a result of {y.name}")
        dropped = sum(fmt.bits for fmt in self.scales) - self.factor_bits if self.integers else 0
        super().__init__(
            (
                *((Port("first", "in", 1, "control"),) if accumulate else ()),
                data_port("x", "in", x),
                data_port("scale_a", "in", scale_a),
                data_port("scale_b", "in", scale_b),
            ),
            (data_port("y", "out", y, lsb=dropped or None),),
            stages=stages,
            objective=objective,
            extra_latency=int(accumulate),
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        restart = self.first if self.accumulate else Const(0)
        if self.integers:
            self._elaborate_integer(m, restart)
        else:
            self._elaborate_float(m, restart)
        return m

    def _elaborate_integer(self, m: Module, restart: Value) -> None:
        x, y = self.source, cast(IntFormat, self.result)
        adder = adder_for(self.objective)
        a_bits, b_bits = (fmt.bits for fmt in self.scales)
        m.submodules.scales = scales = MultiplyScales(a_bits, b_bits, self.factor_bits, adder)
        # An unsigned sum gets a sign.
        value_bits = x.width + (not x.signed)
        m.submodules.apply = apply = ApplyScale(value_bits, self.factor_bits, adder)
        delays = {
            "scales": 4 * log2(min(a_bits, b_bits) + 1) + 2 * log2(a_bits + b_bits),
            "multiply": 4 * log2(self.factor_bits + 1) + 2 * log2(len(apply.scaled)),
            "fit": 3.0 + (2 * log2(y.width) + 2 if self.accumulate else 0.0),
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # The scales' product is made beside the partial sum, and rounded.
        m.d.comb += [scales.scale_a.eq(self.scale_a), scales.scale_b.eq(self.scale_b)]
        value = Signal(signed(value_bits), name="value")
        m.d.comb += value.eq(integer_value(self.x, x))
        value, factor, restart = pipe.after("scales", value, scales.factor, restart)

        # The second multiplication.
        m.d.comb += [apply.value.eq(value), apply.factor.eq(factor)]
        scaled, idle, restart = pipe.after(
            "multiply", apply.scaled, ~factor.any() & ~restart, restart
        )

        bits = max(len(apply.scaled), y.width + (not y.signed)) + self.accumulate
        total = Signal(signed(bits))
        accumulator = Signal(y.width)
        m.d.comb += total.eq(scaled.as_signed())
        if self.accumulate:
            m.submodules.accumulate = loop = Adder(bits, adder)
            kept = Mux(restart, 0, integer_value(accumulator, y))
            m.d.comb += [loop.a.eq(total), loop.b.eq(kept)]
            total = Signal(signed(bits), name="running")
            m.d.comb += total.eq(loop.total)
        code, _ = fit_integer(m, total, y, saturate=self.overflow == "saturate")
        self._finish(m, pipe, "fit", code, (accumulator, idle))

    def _elaborate_float(self, m: Module, restart: Value) -> None:
        x, adder = self.source, adder_for(self.objective)
        decode = [Decode(fmt) for fmt in self.scales]
        m.submodules.decode_a, m.submodules.decode_b = decode
        m.submodules.product = multiply = Product(decode[0].range, decode[1].range, adder)
        # Never the most negative number of so many bits.
        value_bits = x.width + 1
        factor_bits = multiply.range.bits
        plain = all(unit.range.bits == 1 for unit in decode)
        scaled_bits = value_bits if plain else value_bits + factor_bits
        tail = ScaledSum(
            scaled_bits,
            0,
            (multiply.range,),
            self.result,
            self.result if self.accumulate else None,
            rounding="rne",
            overflow=self.overflow,
            objective=self.objective,
        )
        delays = {
            "scales": 4 * log2(factor_bits + 1) + 2,
            "multiply": 4 * log2(factor_bits + 1) + 2 * log2(scaled_bits),
        }
        delays |= {"loop": sum(tail.delays.values())} if self.accumulate else tail.delays
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        m.d.comb += [decode[0].code.eq(self.scale_a), decode[1].code.eq(self.scale_b)]
        scale = multiply.connect(m, decode[0].term, decode[1].term, name="scale")
        value = Signal(signed(value_bits), name="value")
        m.d.comb += value.eq(integer_value(self.x, x))
        value, scale, restart = pipe.after("scales", value, scale, restart)

        scaled: Value = value
        if not plain:
            m.submodules.apply = apply = ApplyScale(value_bits, factor_bits, adder)
            m.d.comb += [apply.value.eq(value), apply.factor.eq(scale.significand)]
            scaled = apply.scaled
        term = Term(value[-1], Const(0), Const(0), Const(0), Const(0), scale.is_nan, Const(0))
        specials = Specials.of(m, [term])
        scaled, scale, specials, restart = pipe.after("multiply", scaled, scale, specials, restart)
        if self.accumulate:
            accumulator = Signal(self.result.bits)
            code = tail.elaborate(
                m,
                no_registers,
                scaled,
                [scale],
                specials=specials,
                addend=accumulator,
                restart=restart,
            )
            self._finish(m, pipe, "loop", code, (accumulator, Const(0)))
        else:
            code = tail.elaborate(
                m,
                pipe.after,
                scaled,
                [scale],
                specials=specials,
                addend=Const(0),
                restart=restart,
            )
            m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]

    def _finish(
        self, m: Module, pipe: Pipeline, step: str, code: Value, accumulator: tuple[Signal, Value]
    ) -> None:
        """Deliver the code; with `accumulate` from the accumulator, which rests where told to."""
        register, idle = accumulator
        if self.accumulate:
            valid = Signal(name="accumulator_valid")
            m.d.sync += valid.eq(pipe.valid)
            with m.If(pipe.valid & ~idle):
                m.d.sync += register.eq(code)
            pipe.valid, code = valid, register
        code = pipe.after(step, code)
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]


def check_scales(x: IntFormat, scale_a: Format, scale_b: Format) -> None:
    """Raise `ValueError` unless a sum of format `x` can be scaled by these."""
    if x.width > MAX_OPERAND_BITS:
        raise ValueError(f"x has {MAX_OPERAND_BITS} bits at most, unlike {x.name}")
    for fmt in (scale_a, scale_b):
        if isinstance(fmt, IntFormat):
            usable = not fmt.signed and fmt.width <= 16
        else:
            usable = isinstance(fmt, PowerFormat) or (
                isinstance(fmt, FloatFormat) and not fmt.signed and not fmt.has_inf
            )
        if not usable:
            raise ValueError(
                f"a scale is an unsigned integer of 16 bits at most, e8m0, or a float without "
                f"sign and infinity, unlike {fmt.name}"
            )
    if isinstance(scale_a, IntFormat) != isinstance(scale_b, IntFormat):
        raise ValueError("either both scales are integers or neither")


def _factor_bits(scale_a: Format, scale_b: Format, scale_bits: int | None) -> int:
    """Return the width of the scales' product after rounding."""
    full = scale_a.bits + scale_b.bits
    if scale_bits is None:
        return full
    if not isinstance(scale_a, IntFormat):
        raise ValueError("scale_bits is for integer scales: others are not rounded")
    if not 1 <= scale_bits <= full:
        raise ValueError(f"scale_bits = {scale_bits} is not in 1..{full}")
    return scale_bits
