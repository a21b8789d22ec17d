"""From a two's-complement sum to significand, exponent and the bits that decide the rounding."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.anticipator import Anticipator
from hdl.bricks.normalizer import Normalizer, NormalizerKind
from hdl.stages.terms import Target, weight_shape

__all__ = ["Normalize", "Normalized", "add_random"]


@dataclass(frozen=True)
class Normalized:
    """A magnitude ready for rounding.

    Attributes
    ----------
    exponent
        Biased so that the smallest full significand has 1; 0 where the hidden bit is clear.
    significand
        The target's precision, hidden bit on top.
    carry
        Whether the significand is one too small; the bits below are zero then.
    guard, second
        The two bits below the significand. A second one is there because tininess after rounding
        is decided one position below that of a subnormal.
    sticky
        Whether anything below them is set.
    """

    exponent: Value
    significand: Value
    carry: Value
    guard: Value
    second: Value
    sticky: Value


def add_random(m: Module, number: Normalized, rnd: Value) -> Normalized:
    """Return a number rounded stochastically but for its last increment, which `carry` asks for.

    Parameters
    ----------
    number
        With a significand of ``len(rnd)`` bits more than the result keeps.
    rnd
        The random word, added to those bits; what is below them cannot carry and is cut off.
    """
    beside, kept = number.significand[: len(rnd)], number.significand[len(rnd) :]
    total = Signal(len(rnd) + 1, name="with_random")
    m.d.comb += total.eq(beside + rnd + number.carry)
    # The rest only tells that there was something, which gives a zero its sign.
    inexact = beside.any() | number.carry | number.guard | number.second | number.sticky
    return Normalized(number.exponent, kept, total[-1], Const(0), Const(0), inexact)


class Normalize(wiring.Component):
    """Makes a carry-save sum a sign and a normalized magnitude. Combinational.

    The leading one goes to the top, but not below the target's smallest weight.

    A negative total ``t`` has the magnitude ``~t + 1``. The one is not added here: it would cost a
    second carry propagation. Its carry runs through the bits below the significand only if they are
    all ones, that is, all zeros before the complement; what comes out of them is left to the
    rounding's increment as `carry`. The leading zeros of ``~t`` are those of ``~t + 1``, or one
    more where the carry goes all the way, and then the increment sets the exponent right.

    Parameters
    ----------
    bits
        Width of the two numbers, whose two's-complement sum fits and is never ``-2**(bits - 1)``.
    min_base, max_base
        Range of the weight of their lowest bit.
    target
        Where the sum will be rounded.
    adder
        The carry-propagate adder.
    kind
        How the leading one is found, see `Normalizer`. ``anticipated`` wants two numbers whose sum
        is the total without dropping a carry.
    from_room
        Whether `base` counts from `room_base` instead of 0.

    Attributes
    ----------
    max_exponent : int
        Largest value of `exponent`.
    room_base : int
        The base from which on there is room: counted from it, `base` is the largest shift.

    Members
    -------
    first_row, second_row : In(bits)
        Numbers whose sum it is.
    base : In
        Weight of the lowest bit; absent where ``min_base == max_base``. See `weight_shape`.
    below : In(1)
        Whether a fraction, strictly between 0 and 1, is to be added to the sum.
    negative : Out(1)
    exponent, significand, carry, guard, second, sticky : Out
        See `Normalized`.
    """

    def __init__(
        self,
        bits: int,
        min_base: int,
        max_base: int,
        target: Target,
        *,
        adder: AdderKind,
        kind: NormalizerKind,
        from_room: bool = False,
    ) -> None:
        self.bits = bits
        self.target = target
        self.adder: AdderKind = adder
        self.kind: NormalizerKind = kind
        self.fixed_base = min_base if min_base == max_base else None

        # Biased exponent of a leading one in the magnitude's top bit, without the base.
        self._top = bits - 1 - target.min_exponent
        # Where the top bit can lie below the target's smallest exponent, zeros go on top: the
        # limited left shift then stands for a right shift. Lower than precision + 2 bits below it
        # everything is sticky.
        self.headroom = max(0, min(target.precision + 2, 1 - (min_base + self._top)))
        self.max_exponent = max(1, max_base + self._top + self.headroom)
        self._smallest = min_base + self._top + self.headroom
        self.room_base = 1 - (self._top + self.headroom)
        self._origin = self.room_base if from_room else 0
        base_shape = weight_shape(min_base - self._origin, max_base - self._origin)
        super().__init__(
            {
                "first_row": In(bits),
                "second_row": In(bits),
                **({} if self.fixed_base is not None else {"base": In(base_shape)}),
                "below": In(1),
                "negative": Out(1),
                "exponent": Out(self.max_exponent.bit_length()),
                "significand": Out(target.precision),
                "carry": Out(1),
                "guard": Out(1),
                "second": Out(1),
                "sticky": Out(1),
            }
        )

    @property
    def normalized(self) -> Normalized:
        """The outputs as a `Normalized`."""
        return Normalized(
            self.exponent, self.significand, self.carry, self.guard, self.second, self.sticky
        )

    def connect(self, m: Module, first: Value, second: Value, below: Value, base: Value) -> None:
        """Feed the sum in; `base` is ignored where it is fixed."""
        m.d.comb += [self.first_row.eq(first), self.second_row.eq(second), self.below.eq(below)]
        if self.fixed_base is None:
            m.d.comb += self.base.eq(base)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        precision, width = self.target.precision, self.bits - 1 + self.headroom

        # The only carry propagation.
        m.submodules.propagate = propagate = Adder(self.bits, self.adder)
        m.d.comb += [propagate.a.eq(self.first_row), propagate.b.eq(self.second_row)]
        m.d.comb += self.negative.eq(propagate.total[self.bits - 1])
        # Zeros above a positive total, ones above a negative one.
        total = Cat(propagate.total[: self.bits - 1], self.negative.replicate(self.headroom))

        # A full significand needs the leading one on top; exponent 1 stops the shift earlier.
        base = Const(self.fixed_base - self._origin) if self.fixed_base is not None else self.base
        top = Signal(signed(max(self.max_exponent.bit_length(), self._smallest.bit_length()) + 1))
        m.d.comb += top.eq(base + (self._top + self.headroom + self._origin))
        m.submodules.normalizer = normalizer = Normalizer(
            width, precision + 2, self._smallest - 1, self.max_exponent - 1, self.kind
        )
        if self.kind == "anticipated":
            m.submodules.anticipator = anticipator = Anticipator(self.bits)
            m.d.comb += [
                anticipator.a.eq(self.first_row),
                anticipator.b.eq(self.second_row),
                normalizer.marks.eq(Cat(anticipator.marks, Const(0, self.headroom))),
            ]
        m.d.comb += [
            normalizer.data.eq(total),
            normalizer.negative.eq(self.negative),
            normalizer.room.eq(base if self._origin else top - 1),
        ]
        flipped = Signal(precision + 2)
        m.d.comb += flipped.eq(normalizer.shifted ^ self.negative.replicate(precision + 2))
        low, guard, significand = flipped[0], flipped[1], flipped[2:]

        exponent: Value = (top - normalizer.amount)[: len(self.exponent)]
        if self.kind == "anticipated":
            less = (top - 1 - normalizer.amount)[: len(self.exponent)]
            exponent = Mux(normalizer.further, less, exponent)

        # The one of ~t + 1, as far as the bits below the significand let it pass; none where a
        # fraction takes its place.
        ripple = Signal(3)
        m.d.comb += [
            ripple[0].eq(self.negative & ~normalizer.any_below & ~self.below),
            ripple[1].eq(low & ripple[0]),
            ripple[2].eq(guard & ripple[1]),
        ]
        m.d.comb += [
            self.significand.eq(significand),
            self.second.eq(low ^ ripple[0]),
            self.guard.eq(guard ^ ripple[1]),
            self.carry.eq(ripple[2]),
            self.sticky.eq(normalizer.any_below | self.below),
            self.exponent.eq(Mux(significand[-1], exponent, 0)),
        ]
        return m
