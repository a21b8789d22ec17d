"""The shared rounder: from a normalized number to a code of the result format, with flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.rounding import Rounding, overflows_to_infinity, rounds_up
from hdl.formats import FloatFormat, Format, IntFormat
from hdl.stages.normalize import Normalized

__all__ = ["OVERFLOWS", "Overflow", "Pack", "Special"]

Overflow = Literal["ieee", "saturate", "wrap"]

OVERFLOWS: tuple[Overflow, ...] = get_args(Overflow)


@dataclass(frozen=True)
class Special:
    """What overrides the sum of the significands.

    Attributes
    ----------
    is_nan, is_inf
        The result is NaN or infinite; at most one is set.
    inf_sign
        Sign of the infinity.
    is_invalid
        The invalid-operation flag, for a float result.
    zero_sign
        Sign of an exact zero.
    """

    is_nan: Value
    is_inf: Value
    inf_sign: Value
    is_invalid: Value
    zero_sign: Value


class Pack(wiring.Component):
    """Rounds a normalized number once and encodes it. Combinational.

    Parameters
    ----------
    fmt
        Format of `code`.
    max_exponent
        Largest biased exponent that comes in.
    rounding, overflow
        As in the units; `overflow` is ``"ieee"`` or ``"saturate"``.
    flush
        Whether results that are subnormal after rounding become zero.
    tensor_core
        Whether NaN is the code with all bits but the sign set, and a finite result beyond the
        largest number is infinite under ``ieee`` whatever the rounding.

    Members
    -------
    sign, carry, guard, second, sticky : In(1)
    exponent : In(max_exponent.bit_length())
    significand : In(precision)
        See `Normalized`.
    is_nan, is_inf, inf_sign, is_invalid, zero_sign : In(1)
        See `Special`.
    code : Out(fmt.bits)
    flags : Out(4)
        Invalid, overflow, underflow, inexact, from bit 3 down.
    """

    def __init__(
        self,
        fmt: Format,
        max_exponent: int,
        *,
        rounding: Rounding,
        overflow: Overflow,
        flush: bool = False,
        tensor_core: bool = False,
    ) -> None:
        self.fmt = fmt
        self.max_exponent = max_exponent
        self.rounding: Rounding = rounding
        self.overflow = overflow
        self.flush = flush
        self.tensor_core = tensor_core
        precision = fmt.precision if isinstance(fmt, FloatFormat) else fmt.bits
        super().__init__(
            {
                "sign": In(1),
                "exponent": In(max_exponent.bit_length()),
                "significand": In(precision),
                "carry": In(1),
                "guard": In(1),
                "second": In(1),
                "sticky": In(1),
                "is_nan": In(1),
                "is_inf": In(1),
                "inf_sign": In(1),
                "is_invalid": In(1),
                "zero_sign": In(1),
                "code": Out(fmt.bits),
                "flags": Out(4),
            }
        )

    def connect(self, m: Module, sign: Value, number: Normalized, special: Special) -> None:
        """Feed the number and its overrides in."""
        m.d.comb += [
            self.sign.eq(sign),
            self.exponent.eq(number.exponent),
            self.significand.eq(number.significand),
            self.carry.eq(number.carry),
            self.guard.eq(number.guard),
            self.second.eq(number.second),
            self.sticky.eq(number.sticky),
            self.is_nan.eq(special.is_nan),
            self.is_inf.eq(special.is_inf),
            self.inf_sign.eq(special.inf_sign),
            self.is_invalid.eq(special.is_invalid),
            self.zero_sign.eq(special.zero_sign),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Two bits below the significand, or none but sticky: the rounder sees one guard bit.
        below_guard = Signal()
        inexact = Signal()
        up = Signal()
        m.d.comb += [
            below_guard.eq(self.second | self.sticky),
            inexact.eq(self.guard | below_guard),
        ]
        # A carry leaves nothing to round, so that both share the increment.
        m.d.comb += up.eq(
            self.carry
            | rounds_up(self.rounding, self.sign, self.significand[0], self.guard, below_guard)
        )
        if isinstance(self.fmt, IntFormat):
            self._pack_integer(m, self.fmt, up, inexact)
        elif isinstance(self.fmt, FloatFormat):
            self._pack_float(m, self.fmt, up, inexact)
        return m

    def _pack_float(self, m: Module, fmt: FloatFormat, up: Value, inexact: Value) -> None:
        # Exponent and mantissa as one number: a carry out of the mantissa raises the exponent, from
        # subnormal to normal as well as from one binade to the next.
        hidden = self.significand[-1]
        truncated = Cat(self.significand[:-1], self.exponent)
        rounded = Signal(len(truncated) + 1)
        m.d.comb += rounded.eq(truncated + up)

        finite_overflow = Signal()
        # Rounding can only raise the largest exponent by one, to a mantissa of zero.
        if (self.max_exponent + 1) << fmt.mantissa_bits > fmt.max_code:
            m.d.comb += finite_overflow.eq(rounded > fmt.max_code)
        magnitude = Signal(fmt.exponent_bits + fmt.mantissa_bits)
        is_subnormal = ~rounded[fmt.mantissa_bits :].any()
        flushed = Signal()
        if self.flush:
            m.d.comb += flushed.eq(is_subnormal & (rounded.any() if fmt.mantissa_bits else 0))
        m.d.comb += magnitude.eq(Mux(flushed, 0, rounded))

        is_zero = Signal()
        result_sign = Signal()
        m.d.comb += is_zero.eq(~truncated.any() & ~inexact & ~self.carry)
        m.d.comb += result_sign.eq(Mux(is_zero, self.zero_sign, self.sign))

        # Zero has one code in fnuz formats, and an unsigned one has no sign bit at all.
        def signed(sign: Value, magnitude: Value) -> Value:
            if fmt.specials == "fnuz":
                sign = sign & magnitude.any()
            return Cat(magnitude, sign) if fmt.signed else magnitude

        largest = Const(fmt.max_code, len(magnitude))
        infinite = Const(self._infinity(fmt), len(magnitude))

        def to_infinity(sign: Value) -> Value:
            if self.overflow == "ieee" and fmt.has_nan and not fmt.has_inf:
                return Const(fmt.nan_code, fmt.bits)
            return signed(sign, infinite)

        with m.If(self.is_nan):
            # Where nothing is NaN, the largest number says it loudest.
            m.d.comb += self.code.eq(self._nan(fmt))
        with m.Elif(self.is_inf):
            m.d.comb += self.code.eq(to_infinity(self.inf_sign))
        with m.Elif(finite_overflow):
            m.d.comb += self.code.eq(
                Mux(
                    self.tensor_core | overflows_to_infinity(self.rounding, self.sign),
                    to_infinity(self.sign),
                    signed(self.sign, largest),
                )
            )
        with m.Else():
            m.d.comb += self.code.eq(signed(result_sign, magnitude))

        # Tiny after rounding: with an unbounded exponent, a subnormal 0.11…1 is rounded one bit
        # lower; only if that carries (or a carry came in) it reaches the smallest normal.
        almost = ~hidden & self.significand[:-1].all() if fmt.mantissa_bits else ~hidden
        carries = rounds_up(self.rounding, self.sign, self.guard, self.second, self.sticky)
        tiny = Signal()
        finite = Signal()
        m.d.comb += tiny.eq(~hidden & ~(almost & (self.carry | (self.guard & carries))))
        m.d.comb += finite.eq(~self.is_nan & ~self.is_inf)
        m.d.comb += self.flags.eq(
            Cat(
                finite & (inexact | finite_overflow | flushed),
                finite & ((tiny & inexact) | flushed),
                finite & finite_overflow,
                self.is_invalid,
            )
        )

    def _nan(self, fmt: FloatFormat) -> int:
        if self.tensor_core and fmt.has_inf:
            return fmt.magnitude_mask
        return fmt.nan_code if fmt.has_nan else fmt.max_code

    def _infinity(self, fmt: FloatFormat) -> int:
        """Return the magnitude that stands for infinity where NaN does not."""
        return fmt.inf_code if self.overflow == "ieee" and fmt.has_inf else fmt.max_code

    def _pack_integer(self, m: Module, fmt: IntFormat, up: Value, inexact: Value) -> None:
        # The significand's lowest bit weighs 1 unless the exponent says that it does not fit.
        rounded = Signal(fmt.width + 1)
        m.d.comb += rounded.eq(self.significand + up)
        too_large = Signal()
        m.d.comb += too_large.eq(
            (self.exponent > 1) | Mux(self.sign, rounded > -fmt.min_value, rounded > fmt.max_value)
        )
        limit = Mux(Mux(self.is_inf, self.inf_sign, self.sign), fmt.min_value, fmt.max_value)
        with m.If(self.is_nan):
            m.d.comb += self.code.eq(0)
        with m.Elif(self.is_inf | too_large):
            m.d.comb += self.code.eq(limit)
        with m.Else():
            m.d.comb += self.code.eq(Mux(self.sign, -rounded, rounded))
        invalid = self.is_nan | self.is_inf | too_large
        m.d.comb += self.flags.eq(Cat(~invalid & inexact, 0, 0, invalid | self.is_invalid))
