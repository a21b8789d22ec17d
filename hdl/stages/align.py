"""The addend beside the product: a fixed-point frame that holds both, and the shift into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.negate import Negate
from hdl.stages.terms import Target, Term, TermRange, weight_shape

__all__ = ["Align", "Frame", "frame_of"]


@dataclass(frozen=True)
class Frame:
    """Fixed-point positions of the product and of the addend, chosen when the hardware is built.

    Bit 0 of the frame weighs ``2**base``. The product's lowest bit sits at bit `below`; the
    addend's lowest bit at most at bit ``below + reach``. Terms further apart than the frame allows
    cannot influence each other beyond a sticky bit, so their distance is clamped.

    Attributes
    ----------
    below
        Bits kept below the product's lowest bit.
    reach
        Largest distance from the product's lowest bit up to the addend's.
    width
        Bits that hold either term.
    lost
        Bits below the frame into which the addend can be shifted; they count as sticky.
    clamps
        Whether the distance can exceed `reach`, so that the addend and not the product decides the
        frame's weight.
    zero_leads
        Whether an addend of zero, which has the smallest exponent, may decide it as well.
    min_base, max_base
        Range of ``base``.
    """

    below: int
    reach: int
    width: int
    lost: int
    clamps: bool
    zero_leads: bool
    min_base: int
    max_base: int


def frame_of(
    product: TermRange, addend: TermRange, target: Target, *, zero_is_lowest: bool = False
) -> Frame:
    """Return the smallest frame in which the rounded sum is exact.

    ``distance`` is the addend's weight minus the product's. Two bounds keep clamping harmless:

    * Far above (``distance > reach``), the product must lie below the addend's lowest bit and
      below the guard bit of the result: then it acts as sticky, or as a borrow, wherever it is
      exactly. The result's leading bit is at least the addend's minus one, which bounds its guard
      bit from below; so does the target's smallest weight, less one bit for the tininess test,
      which rounds one position lower.
    * Far below (bits lost under the frame), the lost bits must lie below the guard bit, and a
      cancellation that would move the guard bit down must be impossible or stop at the target's
      smallest weight. Without cancellation the sum leads at most one bit below the product.

    A product far below the target's smallest weight is sticky wherever it is, too. If zeros have
    the smallest exponent of the addends (`zero_is_lowest`), they may lead then, which spares the
    frame the lower half of the products' weights.
    """
    smallest = addend.min_weight - product.max_weight
    largest = addend.max_weight - product.min_weight

    guard_room = max(
        min(case.max_weight - target.min_weight + 1, target.precision - case.leading_bit)
        for case in addend.cases
    )
    reach = min(product.bits + max(0, guard_room + 1), largest)

    below = max(
        min(
            case.max_weight - target.min_weight + 2,
            max(target.precision + 1, addend.bits) - case.leading_bit,
        )
        for case in product.cases
    )
    below = max(0, min(below, -smallest))

    reach = max(reach, -below)
    lost = min(addend.bits, max(0, -smallest - below))
    clamps = reach < largest or lost > 0
    zero_leads = zero_is_lowest and addend.min_weight - target.min_weight + 1 <= guard_room
    low = product.min_weight
    if clamps:
        lowest = addend.min_weight - reach
        low = lowest if zero_leads else min(low, lowest)
    high = max(product.max_weight, addend.max_weight - reach if clamps else product.max_weight)
    return Frame(
        below=below,
        reach=reach,
        width=below + max(product.bits, reach + addend.bits),
        lost=lost,
        clamps=clamps,
        zero_leads=zero_leads,
        min_base=low - below,
        max_base=high - below,
    )


class Align(wiring.Component):
    """Shifts the addend to its place beside the product. Combinational.

    Parameters
    ----------
    product, addend
        Ranges of the two terms.
    frame
        Their frame, from `frame_of`.
    factors
        Ranges of the factors whose exponents add up to the product's.
    adder
        Carry-propagate adder of the exponents. The smallest one asks for few gates elsewhere, too.
    origin
        Weight from which `base` counts.

    Members
    -------
    exponent_0, exponent_1, ... : In
        Exponents of the factors.
    product_is_zero, addend_exponent, addend_is_zero, addend_significand : In
        Fields of the terms.
    subtract : In(1)
        Whether the addend counts with the other sign.
    aligned : Out(frame.width + 1)
        The addend in the frame, two's complement, rounded down. It is negated before the shift,
        which then brings in its sign from above.
    sticky : Out(1)
        Whether a fraction of the addend lies below the frame.
    base : Out
        Weight of the frame's lowest bit, from the origin on; see `weight_shape`.
    """

    def __init__(
        self,
        product: TermRange,
        addend: TermRange,
        frame: Frame,
        *,
        factors: Sequence[TermRange],
        adder: AdderKind,
        origin: int = 0,
    ) -> None:
        self.factors = len(factors)
        self.origin = origin
        self.shares = adder == "ripple" and len(factors) > 0
        self.adder: AdderKind = adder
        self.product_range = product
        self.addend_range = addend
        self.frame = frame
        self.base_shape = weight_shape(frame.min_base - origin, frame.max_base - origin)
        super().__init__(
            {f"exponent_{i}": In(factor.exponent_bits) for i, factor in enumerate(factors)}
            | {
                "product_is_zero": In(1),
                "addend_exponent": In(addend.exponent_bits),
                "addend_is_zero": In(1),
                "addend_significand": In(addend.bits),
                "subtract": In(1),
                "aligned": Out(frame.width + 1),
                "sticky": Out(1),
                "base": Out(self.base_shape),
            }
        )

    def connect(
        self,
        m: Module,
        factors: Sequence[Term],
        product_is_zero: Value,
        addend: Term,
        subtract: Value,
    ) -> None:
        """Feed all in."""
        for i, factor in enumerate(factors):
            m.d.comb += getattr(self, f"exponent_{i}").eq(factor.exponent)
        m.d.comb += [
            self.product_is_zero.eq(product_is_zero),
            self.addend_exponent.eq(addend.exponent),
            self.addend_is_zero.eq(addend.is_zero),
            self.addend_significand.eq(addend.significand),
            self.subtract.eq(subtract),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frame, product, addend = self.frame, self.product_range, self.addend_range

        # How far the addend goes down from its highest place: reach - distance.
        largest = frame.reach - (addend.min_weight - product.max_weight)
        smallest = frame.reach - (addend.max_weight - product.min_weight)
        descent = Signal(signed(max(largest.bit_length(), smallest.bit_length()) + 1))
        bases = self._share(m, descent) if self.shares else self._apart(m, descent)

        # The addend leads where it is too far up, or where there is nothing else.
        leads = Signal()
        if frame.clamps:
            leading = (descent < 0) | self.product_is_zero
            m.d.comb += leads.eq(leading if frame.zero_leads else leading & ~self.addend_is_zero)

        # Beyond either end of the frame the addend's place is known.
        limit = min(max(largest, 0), frame.below + frame.reach + addend.bits)
        beyond = Signal()
        if largest > limit:
            m.d.comb += beyond.eq(~leads & (descent > limit))
        m.submodules.negate = negate = Negate(addend.bits, self.adder)
        m.d.comb += [negate.data.eq(self.addend_significand), negate.negative.eq(self.subtract)]
        value = negate.negated.as_signed()
        place = self._wait if self.adder == "ripple" else self._hurry
        aligned, lost = place(m, value, descent[: limit.bit_length()], leads, beyond)
        m.d.comb += self.aligned.eq(aligned)
        if frame.lost:
            m.d.comb += self.sticky.eq(
                ~leads & Mux(beyond, self.addend_significand.any(), lost.any())
            )
        m.d.comb += self.base.eq(Mux(leads, *bases))
        return m

    def _apart(self, m: Module, descent: Signal) -> tuple[Value, Value]:
        """Set how far the addend goes down; return the frame's weight if it leads, and if not.

        All exponents go into one heap, and those of the factors into another.
        """
        frame, product, addend = self.frame, self.product_range, self.addend_range
        distance = BitHeap(len(descent))
        self._add_exponents(distance)
        # -x = ~x + 1 - 2^k for the k bits of x.
        distance.add_unsigned(~self.addend_exponent)
        constant = frame.reach + product.offset - addend.offset
        distance.add_constant(constant + 1 - (1 << addend.exponent_bits))
        m.d.comb += descent.eq(distance.sum(m, self.adder, name="descent"))
        weight = BitHeap(self.base_shape.width)
        self._add_exponents(weight)
        weight.add_constant(product.offset - frame.below - self.origin)
        product_base = weight.sum(m, self.adder, name="base")
        addend_base = self.addend_exponent + (
            addend.offset - frame.reach - frame.below - self.origin
        )
        return addend_base, product_base

    def _share(self, m: Module, descent: Signal) -> tuple[Value, Value]:
        """Do as `_apart`, in one sum after the other: the addend goes down by their difference."""
        frame, product, addend = self.frame, self.product_range, self.addend_range
        product_offset = product.offset - frame.below - self.origin
        addend_offset = addend.offset - frame.reach - frame.below - self.origin
        shift = frame.below + self.origin
        low = min(product.min_weight, addend.min_weight - frame.reach) - shift
        high = max(product.max_weight, addend.max_weight - frame.reach) - shift
        bits = max(len(descent), low.bit_length() + 1, high.bit_length() + 1)
        weight = BitHeap(bits)
        self._add_exponents(weight)
        weight.add_constant(product_offset)
        product_base = Signal(signed(bits))
        addend_base = Signal(signed(bits))
        m.submodules.descend = descend = Adder(len(descent), self.adder)
        m.d.comb += [
            product_base.eq(weight.sum(m, self.adder, name="base")),
            addend_base.eq(self.addend_exponent + addend_offset),
            # Their difference is shorter than they are.
            descend.a.eq(product_base),
            descend.b.eq(~addend_base),
            descend.carry_in.eq(1),
            descent.eq(descend.total),
        ]
        return addend_base, product_base

    def _wait(
        self, m: Module, value: Value, amount: Value, leads: Value, beyond: Value
    ) -> tuple[Value, Value]:
        """Return the addend in the frame and what is lost below, shifted once all is known."""
        frame = self.frame
        room = frame.below + frame.reach + frame.lost
        shift = Signal(len(amount))
        # All ones take it out of the frame, which is no longer than that.
        m.d.comb += shift.eq(
            (amount | beyond.replicate(len(amount))) & (~leads).replicate(len(amount))
        )
        shifted = Signal(signed(room + len(value)))
        m.d.comb += shifted.eq((value << room) >> shift)
        return shifted[frame.lost :].as_signed(), shifted[: frame.lost]

    def _hurry(
        self, m: Module, value: Value, amount: Value, leads: Value, beyond: Value
    ) -> tuple[Value, Value]:
        """Do as `_wait`, but do not wait: what is known replaces whatever was shifted."""
        frame = self.frame
        room = frame.below + frame.reach + frame.lost
        shifted = Signal(signed(room + len(value)))
        m.d.comb += shifted.eq((value << room) >> amount)
        highest = Signal(signed(frame.width + 1))
        m.d.comb += highest.eq(value << (frame.below + frame.reach))
        outside = value[-1].replicate(frame.width + 1)
        inside = shifted[frame.lost :].as_signed()
        return Mux(leads, highest, Mux(beyond, outside, inside)), shifted[: frame.lost]

    def _add_exponents(self, heap: BitHeap) -> None:
        for i in range(self.factors):
            heap.add_unsigned(getattr(self, f"exponent_{i}"))
