"""From a code of any format with binary significands to sign, exponent and significand."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal

from hdl.bricks.lzc import LeadingZeros
from hdl.formats import (
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    PositFormat,
    PowerFormat,
    SignMagnitudeFormat,
)
from hdl.stages.terms import Case, TermRange, operand_range
from hdl.stages.unpack import TermFields, Unpack

__all__ = ["BINARY_FORMATS", "BinaryFormat", "Decode", "decoded_range"]

BinaryFormat = (
    IntFormat | FixedFormat | SignMagnitudeFormat | FloatFormat | PowerFormat | PositFormat
)
"""Formats whose values are an integer times a power of two, found without a table."""

BINARY_FORMATS = (
    IntFormat,
    FixedFormat,
    SignMagnitudeFormat,
    FloatFormat,
    PowerFormat,
    PositFormat,
)


def decoded_range(fmt: Format, *, flush: bool = False) -> TermRange:
    """Return the range of a decoded operand; with `flush`, a float's subnormals count as zero."""
    match fmt:
        case FixedFormat():
            return _at(fmt.bits, -fmt.fraction_bits)
        case SignMagnitudeFormat():
            return _at(fmt.bits - 1, 0)
        case PowerFormat():
            weights = (-fmt.bias, fmt.max_code - fmt.bias)
            case = Case(0, weights[1])
            return TermRange(1, -fmt.bias, *weights, (case,), has_inf=False, has_nan=True)
        case PositFormat():
            fraction_bits = max(0, fmt.width - 3 - fmt.exponent_size)
            offset = -fmt.max_exponent - fraction_bits
            highest = fmt.max_exponent - fraction_bits
            case = Case(fraction_bits, highest)
            return TermRange(
                fraction_bits + 1, offset, offset, highest, (case,), has_inf=False, has_nan=True
            )
        case _:
            return operand_range(fmt, flush=flush)


def _at(bits: int, weight: int) -> TermRange:
    return TermRange(bits, weight, weight, weight, (Case(0, weight),), has_inf=False, has_nan=False)


class Decode(TermFields):
    """Splits a code into the fields of a `Term`, as `Unpack` does, of more formats.

    Fixed point is an integer at another weight. A sign-magnitude code is its own fields, e8m0 is
    an exponent of significand 1. A posit's run of equal bits is counted and shifted out; what
    follows are the low bits of the exponent and the fraction. Combinational.

    Parameters
    ----------
    fmt
        Format of `code`, one of `BINARY_FORMATS`.
    flush
        Whether a float's subnormals count as zeros of their sign.

    Members
    -------
    code : In(fmt.bits)
    sign, is_zero, is_inf, is_nan : Out(1)
        See `Term`.
    exponent : Out(range.exponent_bits)
    significand : Out(range.bits)
    """

    def __init__(self, fmt: Format, *, flush: bool = False) -> None:
        self.fmt = fmt
        self.flush = flush
        # Never invalid: no unit with these formats has flags to raise.
        super().__init__(fmt, decoded_range(fmt, flush=flush), signals=False)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        match self.fmt:
            case IntFormat() | FloatFormat():
                self._unpack(m, self.fmt)
            case FixedFormat(signed=is_signed):
                self._unpack(m, IntFormat(self.fmt.bits, is_signed))
            case SignMagnitudeFormat():
                m.d.comb += [
                    self.sign.eq(self.code[-1]),
                    self.significand.eq(self.code[:-1]),
                    self.is_zero.eq(~self.code[:-1].any()),
                ]
            case PowerFormat():
                m.d.comb += [
                    self.exponent.eq(self.code),
                    self.significand.eq(1),
                    self.is_nan.eq(self.code == self.fmt.nan_code),
                ]
            case PositFormat():
                self._decode_posit(m, self.fmt)
        return m

    def _unpack(self, m: Module, fmt: IntFormat | FloatFormat) -> None:
        m.submodules.unpack = unpack = Unpack(fmt, flush=self.flush)
        m.d.comb += [
            unpack.code.eq(self.code),
            self.sign.eq(unpack.sign),
            self.exponent.eq(unpack.exponent),
            self.significand.eq(unpack.significand),
            self.is_zero.eq(unpack.is_zero),
            self.is_inf.eq(unpack.is_inf),
            self.is_nan.eq(unpack.is_nan),
        ]

    def _decode_posit(self, m: Module, fmt: PositFormat) -> None:
        body_bits = fmt.width - 1
        body = Signal(body_bits)
        m.d.comb += [
            self.sign.eq(self.code[-1] & self.code[:-1].any()),
            body.eq(Mux(self.code[-1], -self.code, self.code)),
            self.is_zero.eq(~self.code.any()),
            self.is_nan.eq(self.code == fmt.nan_code),
        ]
        # The run of equal bits, counted as zeros.
        ones = body[-1]
        m.submodules.run = run = LeadingZeros(body_bits)
        m.d.comb += run.data.eq(body ^ ones.replicate(body_bits))
        # What follows the run and its end, zeros where the code has no more.
        rest = Signal(body_bits)
        m.d.comb += rest.eq((body << run.count) << 1)
        fraction_bits, size = self.range.bits - 1, fmt.exponent_size
        padded = Cat(Const(0, max(0, fraction_bits + size - body_bits)), rest)
        low = padded[len(padded) - size :] if size else Const(0, 0)
        fraction = padded[len(padded) - size - fraction_bits : len(padded) - size]
        # The regime is run - 1 for ones and -run for zeros, counted from -(width - 2) here.
        regime = Signal((2 * (fmt.width - 2)).bit_length())
        m.d.comb += regime.eq(Mux(ones, run.count + (fmt.width - 3), (fmt.width - 2) - run.count))
        m.d.comb += [
            self.exponent.eq(Cat(low, regime)),
            self.significand.eq(Cat(fraction, ~self.is_zero & ~self.is_nan)),
        ]
