"""Scales of vectors that are no powers of two: found by a division, and divided by."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.constant_multiple import add_multiple
from hdl.bricks.maximum import MaximumKind
from hdl.bricks.multiplier import Multiplier
from hdl.bricks.normalizer import NormalizerKind
from hdl.bricks.rounding import Rounding
from hdl.formats import FloatFormat, Format, IntFormat
from hdl.options import adder_for, normalizer_for
from hdl.pipeline import Pipeline
from hdl.stages.block_peak import RowPeak
from hdl.stages.block_scale import Collected, Shared
from hdl.stages.decode import Decode, decoded_range
from hdl.stages.encode import Encode, Fit
from hdl.stages.quotient import Lead, Number, NumberRange, Quotient, lead_range
from hdl.stages.terms import Target, operand_range, target_of
from hdl.stages.unpack import Unpack

if TYPE_CHECKING:
    from hdl.block_quantize import BlockQuantize

__all__ = ["QuotientDatapath"]

_ONE = NumberRange(1, 0, 0)
"""The outer scale where there is none."""


class QuotientDatapath:
    """Scales ``round(max |x| / (top * outer))``, top being the largest element.

    Elements are ``x / (scale * outer)``, or, with integer scales that are only `published`,
    ``x * top / max |x|``. Quotients are exact down to a sticky bit, so there is one rounding: with
    few bits to find, long division takes few steps, and no reciprocal is as exact.

    Parameters
    ----------
    unit
        The unit, for its options.

    Attributes
    ----------
    reach
        What is looked for in a row.
    range
        Of the quotients.
    delays
        Of the steps from a whole vector to quotients, by name.
    """

    def __init__(self, unit: BlockQuantize) -> None:
        self._x, self._outer = unit.source, unit.outer_format
        element, self._scale = unit.block.element, unit.block.scale
        self._adder: AdderKind = adder_for(unit.objective)
        self._kind: NormalizerKind = normalizer_for(unit.objective)
        self._published = unit.block.rule == "vsq" and unit.order == "published"
        self._top = _largest(element)
        kind: MaximumKind = "serial" if unit.objective == "area" else "tree"
        self.reach = RowPeak(self._x, unit.lanes, kind)

        # The scale's quotient, and how it is rounded.
        self._peak = lead_range(operand_range(self._x))
        outer = lead_range(decoded_range(self._outer)) if self._outer else _ONE
        target = target_of(self._scale)
        self._ideal = Quotient(
            self._peak, outer, _precision(target, self._scale), divisor_factor=self._top
        )
        up = unit.block.rule == "vsq" and unit.order == "scaled"
        self._scale_rounding: Rounding = "rup" if up else "rne"
        self._fit = Fit(
            self._scale, self._ideal.range, random_bits=0, adder=self._adder, kind=self._kind
        )

        # What elements stand for multiples of, and theirs.
        scale = lead_range(decoded_range(self._scale))
        if isinstance(self._scale, FloatFormat):
            scale = NumberRange(scale.bits, self._scale.min_exponent, scale.highest)
        self._scale_range, self._outer_range = scale, outer
        bits = scale.bits + outer.bits if outer.bits > 1 else scale.bits
        self._divisor = self._peak
        if not self._published:
            highest = scale.highest + outer.highest + (outer.bits > 1)
            self._divisor = NumberRange(bits, scale.lowest + outer.lowest, highest)
        self._quotients = [
            Quotient(
                self._peak,
                self._divisor,
                _precision(target_of(element), element),
                dividend_factor=self._top if self._published else 1,
            )
            for _ in range(unit.lanes)
        ]
        self.range = self._quotients[0].range
        subtraction = 2 * log2(self._peak.bits + outer.bits) + 2
        self.delays = {
            "lead": 4 * log2(self._peak.bits) + 4,
            "ideal": subtraction * self._ideal.range.bits,
            "scale": 6 * log2(self._ideal.range.bits) + 8,
            "unit": 4 * log2(scale.bits + 1) + 2 * log2(bits) + 2,
            "divide": subtraction * self.range.bits,
        }

    def share(self, m: Module, pipe: Pipeline, found: Collected) -> Shared:
        """Return the scale, and every number in its units."""
        # Leading ones to the top.
        peak, peak_is_zero = self._lead_peak(m, found.reach.highest)
        outer, unusable = self._lead_outer(m, found.outer)
        undefined = Signal()
        m.d.comb += undefined.eq(found.reach.special | unusable)
        row, peak, peak_is_zero, outer, undefined = pipe.after(
            "lead", found.row, peak, peak_is_zero, outer, undefined
        )

        # The scale as it would be best, and as a code.
        m.submodules.ideal = ideal = self._ideal
        multiple = Number(outer.exponent, self._times_top(m, outer.significand, "outer_multiple"))
        term = ideal.connect(m, peak, multiple, Const(0), peak_is_zero)
        row, peak, outer, undefined, term = pipe.after("ideal", row, peak, outer, undefined, term)
        m.submodules.fit_scale = fit = self._fit
        fit.connect(m, term)
        m.submodules.encode_scale = encode = Encode(
            self._scale,
            fit.max_exponent,
            rounding=self._scale_rounding,
            overflow="saturate",
            flush=False,
            random_bits=0,
        )
        encode.connect(m, term, fit.normalized, Const(0))
        scale = Signal(self._scale.bits)
        m.d.comb += scale.eq(self._at_least_normal(encode.code))
        row, peak, outer, undefined, scale = pipe.after("scale", row, peak, outer, undefined, scale)

        # What the elements are multiples of.
        divisor = peak if self._published else self._multiply(m, scale, outer)
        shown = Signal(self._scale.bits)
        nan = self._scale.nan_code if isinstance(self._scale, FloatFormat) else 0
        m.d.comb += shown.eq(Mux(undefined, nan, scale))
        row, divisor, undefined, scale = pipe.after("unit", row, divisor, undefined, shown)
        terms = []
        for i, lane in enumerate(self._quotients):
            m.submodules[f"divide_{i}"] = lane
            m.submodules[f"unpack_{i}"] = unpack = Unpack(self._x)
            m.submodules[f"lead_{i}"] = lead = Lead(unpack.range, self._kind)
            m.d.comb += unpack.code.eq(row.word_select(i, self._x.bits))
            number = lead.connect(m, unpack.exponent, unpack.significand)
            if self._published:
                multiple = self._times_top(m, number.significand, f"multiple_{i}")
                number = Number(number.exponent, multiple)
            terms.append(lane.connect(m, number, divisor, unpack.sign, unpack.is_zero))
        return pipe.after("divide", Shared(terms, scale, undefined))

    def _lead_peak(self, m: Module, code: Value) -> tuple[Number, Value]:
        m.submodules.lead_peak = lead = Lead(operand_range(self._x), self._kind)
        if isinstance(self._x, IntFormat):
            return lead.connect(m, Const(0, 0), code), ~code.any()
        m.submodules.unpack_peak = unpack = Unpack(self._x)
        m.d.comb += unpack.code.eq(Cat(code, Const(0)))
        return lead.connect(m, unpack.exponent, unpack.significand), unpack.is_zero

    def _lead_outer(self, m: Module, code: Value) -> tuple[Number, Value]:
        """Return the outer scale, and whether it is none to divide by."""
        if self._outer is None:
            return Number(Const(0, 0), Const(1, 1)), Const(0)
        m.submodules.decode_outer = decode = Decode(self._outer)
        m.submodules.lead_outer = lead = Lead(decode.range, self._kind)
        m.d.comb += decode.code.eq(code)
        unusable = decode.sign | decode.is_zero | decode.is_inf | decode.is_nan
        return lead.connect(m, decode.exponent, decode.significand), unusable

    def _times_top(self, m: Module, significand: Value, name: str) -> Value:
        """Return a multiple of a significand by the largest element."""
        if isinstance(significand, Const):
            return Const(self._top)
        heap = BitHeap(len(significand) + self._top.bit_length())
        add_multiple(heap, significand, self._top, is_signed=False)
        return heap.sum(m, self._adder, name)

    def _at_least_normal(self, code: Value) -> Value:
        if not isinstance(self._scale, FloatFormat):
            return code
        below = ~code[self._scale.mantissa_bits :].any()
        return Mux(below, 1 << self._scale.mantissa_bits, code)

    def _multiply(self, m: Module, code: Value, outer: Number) -> Number:
        """Return the scale times the outer one."""
        if isinstance(self._scale, FloatFormat):
            # Normal always.
            mantissa = self._scale.mantissa_bits
            scale = Number(code[mantissa:] - 1, Cat(code[:mantissa], Const(1)))
        else:
            m.submodules.lead_scale = lead = Lead(decoded_range(self._scale), self._kind)
            scale = lead.connect(m, Const(0, 0), code)
        exponent = Signal(self._divisor.exponent_bits, name="unit_exponent")
        if self._outer_range.bits == 1:
            m.d.comb += exponent.eq(scale.exponent + outer.exponent)
            return Number(exponent, scale.significand)
        m.submodules.multiply = multiply = Multiplier(
            self._scale_range.bits, self._outer_range.bits, self._adder
        )
        m.d.comb += [multiply.a.eq(scale.significand), multiply.b.eq(outer.significand)]
        carries = multiply.product[-1]
        m.d.comb += exponent.eq(scale.exponent + outer.exponent + carries)
        significand = Mux(carries, multiply.product, multiply.product << 1)[: self._divisor.bits]
        return Number(exponent, Cat(significand[:-1], Const(1)))


def _largest(element: Format) -> int:
    """Return the largest element, an integer."""
    if isinstance(element, IntFormat):
        return element.max_value
    assert isinstance(element, FloatFormat)
    hidden = 1 << element.mantissa_bits
    significand = (element.max_code & (hidden - 1)) | hidden
    return significand << (element.max_exponent - element.mantissa_bits)


def _precision(target: Target, fmt: Format) -> int:
    """Return how many bits of a quotient that is not too large count: none for a sign."""
    return target.precision - (isinstance(fmt, IntFormat) and fmt.signed)
