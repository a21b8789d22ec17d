"""What a block of numbers shares: how far it reaches, and a power of two as its scale."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.lzc import LeadingZeros
from hdl.bricks.maximum import Maximum, MaximumKind
from hdl.formats import (
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    PowerFormat,
    SignMagnitudeFormat,
)
from hdl.stages.terms import Term
from hdl.stages.unpack import Unpack

__all__ = [
    "Collected",
    "PowerScale",
    "Reach",
    "RowReach",
    "Shared",
    "largest_exponent",
    "lowest_exponent",
]


def largest_exponent(element: Format) -> int:
    """Return the exponent of the largest number of a block's element format."""
    match element:
        case FloatFormat():
            return element.max_exponent
        case FixedFormat():
            return element.max_integer.bit_length() - 1 - element.fraction_bits
        case IntFormat() | SignMagnitudeFormat():
            return element.max_value.bit_length() - 1
        case _:
            raise ValueError(f"{element.name} has no binary significands to round to")


def lowest_exponent(x: IntFormat | FloatFormat) -> int:
    """Return the exponent of the smallest number of an operand's format."""
    return 0 if isinstance(x, IntFormat) else x.min_ulp_exponent


@dataclass(frozen=True)
class Reach:
    """How far some numbers reach, all that a shared scale depends on.

    Attributes
    ----------
    highest
        Largest exponent field; constant for integers. Or the largest magnitude's code, where not
        only its leading one matters.
    ones
        All magnitudes of integers, or all mantissas of floats, ored: the leading one is that of the
        largest where they weigh alike, as integers and subnormals do. Constant beside a magnitude.
    special
        Whether one is infinite or NaN.
    """

    highest: Value
    ones: Value
    special: Value


@dataclass(frozen=True)
class Collected:
    """A row that leaves the buffer, with what its whole vector is scaled by.

    Attributes
    ----------
    row
        Codes side by side.
    reach
        Of the vector.
    outer
        Code of the outer scale; constant where there is none.
    """

    row: Value
    reach: Reach
    outer: Value


@dataclass(frozen=True)
class Shared:
    """A row of quotients.

    Attributes
    ----------
    terms
        Numbers over what their elements stand for multiples of.
    scale
        Code of the scale.
    undefined
        Whether there is no scale that would do.
    """

    terms: list[Term]
    scale: Value
    undefined: Value


def _widths(x: IntFormat | FloatFormat) -> tuple[int, int]:
    """Return the widths of the exponent and of the ones of a reach."""
    return (0, x.width) if isinstance(x, IntFormat) else (x.exponent_bits, x.mantissa_bits)


class RowReach(wiring.Component):
    """The `Reach` of numbers side by side. Combinational.

    Parameters
    ----------
    x
        Their format.
    lanes
        How many there are.
    kind
        How exponents are compared.

    Members
    -------
    codes : In(lanes * x.bits)
    exponent : Out(exponent bits of x)
    ones : Out(bits of an integer, mantissa bits of a float)
    special : Out(1)
    """

    def __init__(self, x: IntFormat | FloatFormat, lanes: int, kind: MaximumKind) -> None:
        self.x = x
        self.lanes = lanes
        self.kind: MaximumKind = kind
        exponent_bits, ones = _widths(x)
        super().__init__(
            {
                "codes": In(lanes * x.bits),
                "exponent": Out(exponent_bits),
                "ones": Out(ones),
                "special": Out(1),
            }
        )

    @property
    def reach(self) -> Reach:
        """The outputs."""
        return Reach(self.exponent, self.ones, self.special)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x = self.x
        codes = [self.codes.word_select(i, x.bits) for i in range(self.lanes)]
        units = [Unpack(x) for _ in codes]
        for i, (unit, code) in enumerate(zip(units, codes, strict=True)):
            m.submodules[f"unpack_{i}"] = unit
            m.d.comb += unit.code.eq(code)
        m.d.comb += self.special.eq(Cat(unit.is_inf | unit.is_nan for unit in units).any())
        if isinstance(x, IntFormat):
            m.d.comb += self.ones.eq(_ored([unit.significand for unit in units]))
            return m
        m.submodules.maximum = maximum = Maximum(self.lanes, x.exponent_bits, self.kind)
        for i, code in enumerate(codes):
            field = code[x.mantissa_bits : x.mantissa_bits + x.exponent_bits]
            m.d.comb += getattr(maximum, f"number_{i}").eq(field)
        m.d.comb += self.exponent.eq(maximum.largest)
        if x.mantissa_bits:
            m.d.comb += self.ones.eq(_ored([code[: x.mantissa_bits] for code in codes]))
        return m


def _ored(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = result | value
    return result


class PowerScale(wiring.Component):
    """``code = floor(log2 max|x|) - largest exponent of an element``, biased. Combinational.

    What is below the least power becomes that, and so do blocks of zeros; a block with an infinity
    or NaN gets the scale's NaN. No exponent of `x` may lead beyond the largest power.

    Parameters
    ----------
    x
        Format of the numbers.
    element
        Format of the elements.
    scale
        Format of the scale, e8m0.

    Members
    -------
    exponent, ones, special : In
        See `Reach`.
    code : Out(scale.bits)
    """

    def __init__(self, x: IntFormat | FloatFormat, element: Format, scale: PowerFormat) -> None:
        self.x = x
        self.scale = scale
        self.check(x, element, scale)
        # What is added to an unbiased exponent.
        self._offset = scale.bias - largest_exponent(element)
        exponent_bits, ones = _widths(x)
        super().__init__(
            {
                "exponent": In(exponent_bits),
                "ones": In(ones),
                "special": In(1),
                "code": Out(scale.bits),
            }
        )

    @staticmethod
    def check(x: IntFormat | FloatFormat, element: Format, scale: PowerFormat) -> None:
        """Raise `ValueError` if numbers may need a larger scale than there is."""
        highest = x.bits - 1 if isinstance(x, IntFormat) else x.max_exponent
        if highest + scale.bias - largest_exponent(element) > scale.max_code:
            raise ValueError(f"x = {x.name} needs larger scales than {scale.name} has")

    def connect(self, m: Module, reach: Reach) -> None:
        """Feed the numbers' reach in."""
        m.d.comb += [
            self.exponent.eq(reach.highest),
            self.ones.eq(reach.ones),
            self.special.eq(reach.special),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x = self.x
        power: Value = Const(0)
        if isinstance(x, IntFormat):
            power = self._leading(m, x.width - 1 + self._offset)
        else:
            normal = self._at_least_zero(m, "normal", self.exponent, self._offset - x.bias)
            power = Mux(self.exponent.any(), normal, 0)
            # The largest subnormal is less than the least normal number.
            if x.mantissa_bits and self._offset - x.bias > 0:
                below = self._leading(m, self._offset - x.bias)
                power = Mux(self.exponent.any(), normal, below)
        m.d.comb += self.code.eq(Mux(self.special, self.scale.nan_code, power))
        return m

    def _leading(self, m: Module, top: int) -> Value:
        """Return the power where the top bit of `ones` stands for `top`; 0 without a bit."""
        m.submodules.leading = leading = LeadingZeros(len(self.ones))
        m.d.comb += leading.data.eq(self.ones)
        found = self._at_least_zero(m, "below", -leading.count, top)
        return Mux(self.ones.any(), found, 0)

    def _at_least_zero(self, m: Module, name: str, value: Value, offset: int) -> Value:
        total = Signal(range(-(1 << 12), 1 << 12), name=f"{name}_power")
        m.d.comb += total.eq(value + offset)
        return Mux(total < 0, 0, total[: self.scale.bits])
