"""Terms cut off at a common place: the largest exponent, and the shift that leads there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.maximum import Maximum, MaximumKind
from hdl.bricks.shifter import RightShifter
from hdl.stages.terms import TermRange

__all__ = [
    "LEAST_MAXIMUM",
    "MAX_FRACTION_BITS",
    "CutTerm",
    "LargestExponent",
    "Window",
    "fraction_bits",
    "window_of",
]

LEAST_MAXIMUM = -126
"""The largest exponent of a sum counts as this where all are smaller."""

MAX_FRACTION_BITS = 40

# Guard, round and sticky.
_STICKY_BITS = 3


def fraction_bits(term: TermRange, factors: int) -> int:
    """Return the bits below the 1 of a significand: all but one for each factor in a product."""
    return term.bits - factors


@dataclass(frozen=True)
class Window:
    """Exponents of the terms of a sum, and how much of each term is added.

    Exponents are those of the 1 in front of a significand's fraction; a product's is the sum of its
    factors', whatever its significand. The common code 0 stands for the exponent `least`.

    Attributes
    ----------
    kept
        Fraction bits of a term relative to the largest exponent.
    sticky
        Whether the lowest of them is set where anything below is.
    least, highest
        Range of the largest exponent's code, `least` standing for no term at all.
    floor
        The smallest largest exponent, where that is more than `least`.
    headroom
        Bits of a term above the 1 of its exponent's weight, that one included: a product's
        significand is below 4.
    """

    kept: int
    sticky: bool
    least: int
    highest: int
    floor: int | None
    headroom: int = 2

    @property
    def bits(self) -> int:
        """Width of a common code."""
        return max(1, (self.highest - self.least).bit_length())

    @property
    def term_bits(self) -> int:
        """Width of a term after alignment."""
        return self.kept + self.headroom

    @property
    def min_exponent(self) -> int:
        """Smallest largest exponent."""
        return self.least if self.floor is None else self.floor


def window_of(
    kept: int, *, sticky: bool, exponents: Sequence[tuple[int, int]], headroom: int = 2
) -> Window:
    """Return the window for terms whose exponents lie in these ranges."""
    least = min(low for low, _ in exponents)
    highest = max(high for _, high in exponents)
    floor = LEAST_MAXIMUM if least < LEAST_MAXIMUM else None
    return Window(
        kept=kept + (_STICKY_BITS if sticky else 0),
        sticky=sticky,
        least=least,
        highest=highest if floor is None else max(highest, floor),
        floor=floor,
        headroom=headroom,
    )


class LargestExponent(wiring.Component):
    """The largest exponent of the products and the addend, none of them zero. Combinational.

    Parameters
    ----------
    window
        Scale of the result.
    product
        Smallest exponent and width of the products' largest, a code counted from there.
    addend
        The same of the addend; None for none.
    adder, kind
        How the products' code is brought to the common scale, and compared.

    Members
    -------
    products : In
        Largest code of the products that are not zero.
    any_product : In(1)
        Whether there is one.
    addend : In
        Code of the addend.
    any_addend : In(1)
        Whether there is one that is not zero.
    largest : Out(window.bits)
    """

    def __init__(
        self,
        window: Window,
        product: tuple[int, int],
        addend: tuple[int, int] | None,
        *,
        adder: AdderKind,
        kind: MaximumKind,
    ) -> None:
        self.window = window
        self.kind: MaximumKind = kind
        self.adder: AdderKind = adder
        self._sources = {"product": product} | ({"addend": addend} if addend else {})
        self._inputs = {"product": "products", "addend": "addend"}
        super().__init__(
            {self._inputs[name]: In(bits) for name, (_, bits) in self._sources.items()}
            | {f"any_{name}": In(1) for name in self._sources}
            | {"largest": Out(window.bits)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        window = self.window
        # Each in the common scale, where what is absent counts as the smallest number.
        codes: list[Signal] = []
        for name, (origin, _) in self._sources.items():
            heap = BitHeap(window.bits)
            heap.add_unsigned(getattr(self, self._inputs[name]))
            heap.add_constant(origin - window.least)
            code = Signal(window.bits, name=f"{name}_code")
            present = getattr(self, f"any_{name}").replicate(window.bits)
            m.d.comb += code.eq(heap.sum(m, self.adder, name=name) & present)
            codes.append(code)
        if window.floor is not None:
            floor = Signal(window.bits, name="floor")
            m.d.comb += floor.eq(window.floor - window.least)
            codes.append(floor)
        m.submodules.maximum = maximum = Maximum(len(codes), window.bits, self.kind)
        for i, code in enumerate(codes):
            m.d.comb += getattr(maximum, f"number_{i}").eq(code)
        m.d.comb += self.largest.eq(maximum.largest)
        return m


class CutTerm(wiring.Component):
    """``cut = significand`` shifted right to the largest exponent, toward zero. Combinational.

    Parameters
    ----------
    window
        What is kept.
    bits, fraction
        Width of the significand and how many of its bits are below its 1.
    code_bits
        Width of the codes, which are counted from the same exponent.

    Members
    -------
    largest : In(code_bits)
        The largest exponent's code; smaller than `code` only where the significand is zero.
    code : In(code_bits)
        The term's own.
    significand : In(bits)
    cut : Out(window.term_bits)
        Lowest bit ``2**-window.kept``, relative to the largest exponent.
    """

    def __init__(self, window: Window, bits: int, fraction: int, code_bits: int) -> None:
        self.window = window
        self.fraction = fraction
        super().__init__(
            {
                "largest": In(code_bits),
                "code": In(code_bits),
                "significand": In(bits),
                "cut": Out(window.term_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept, width = self.window.kept, self.window.term_bits
        distance = Signal(len(self.code))
        m.d.comb += distance.eq(self.largest - self.code)
        # From `width` places on nothing is left.
        limit = width - 1
        # The significand as if it had the largest exponent. Below the window, what is lost at once;
        # for a sticky bit, all that can be lost in `limit` places.
        below = max(0, self.fraction - kept)
        if self.window.sticky:
            below = max(0, limit + self.fraction - kept)
        placed = self.significand.shift_left(kept + below - self.fraction)
        steps = min(len(distance), limit.bit_length())
        m.submodules.shifter = shifter = RightShifter(width + below, (1 << steps) - 1)
        m.d.comb += [shifter.data.eq(placed), shifter.amount.eq(distance[:steps])]
        shifted = shifter.shifted[below:]
        if not self.window.sticky:
            # Whatever the lower bits of the distance say, the upper ones clear everything.
            beyond = distance[steps:].any() if len(distance) > steps else Const(0)
            m.d.comb += self.cut.eq(Mux(beyond, 0, shifted))
            return m
        far = Signal()
        lost = Signal()
        m.d.comb += [
            far.eq(distance > limit),
            lost.eq(Mux(far, self.significand.any(), shifter.shifted[:below].any())),
            self.cut.eq(Mux(far, 0, shifted) | lost),
        ]
        return m
