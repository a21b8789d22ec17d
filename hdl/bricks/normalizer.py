"""Shifts that bring the leading one to the top, as far as there is room."""

from __future__ import annotations

from typing import Literal

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.lzc import LeadingZeros

__all__ = ["Normalizer", "NormalizerKind"]

NormalizerKind = Literal["serial", "parallel", "anticipated"]
"""``serial`` looks for zeros before each step, ``parallel`` counts them all first, ``anticipated``
counts marks that were made beside the addition, one of them too few at times."""


class Normalizer(wiring.Component):
    """Shifts a number to the left by its leading sign bits, but not further than `room`.

    ``shifted, any_below = top bits of data << amount, whether anything is left`` with ``amount =
    min(leading bits equal to negative, max(room, 0))``. Only as many bits as the result can still
    see go through each step; what falls off below is collected in `any_below` at once.
    Combinational.

    Parameters
    ----------
    bits
        Width of `data`.
    kept
        Width of `shifted`.
    min_room, max_room
        Range of `room`.
    kind
        ``serial`` is smaller, ``parallel`` faster, ``anticipated`` faster still.

    Members
    -------
    data : In(bits)
    marks : In(bits)
        With ``anticipated``: as from `hdl.bricks.anticipator.Anticipator`.
    negative : In(1)
        Value of the bits that do not count.
    room : In(signed)
    amount, further : Out
        Places shifted are the sum of both; of a zero that is not negative, anything.
    shifted : Out(kept)
        The highest `kept` bits; zeros come in from below where `data` has no more.
    any_below : Out(1)
        Whether a lower bit of the shifted data is set.
    """

    def __init__(
        self, bits: int, kept: int, min_room: int, max_room: int, kind: NormalizerKind
    ) -> None:
        self.bits = bits
        self.kept = kept
        self.min_room = min_room
        self.max_room = max_room
        self.kind: NormalizerKind = kind
        room_bits = max(min_room.bit_length(), max_room.bit_length()) + 1
        super().__init__(
            {
                "data": In(bits),
                **({"marks": In(bits)} if kind == "anticipated" else {}),
                "negative": In(1),
                "room": In(signed(room_bits)),
                "amount": Out(bits.bit_length()),
                "further": Out(1),
                "shifted": Out(kept),
                "any_below": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steps = [1 << k for k in reversed(range(len(self.amount)))]
        shifts = None if self.kind == "serial" else self._count(m)
        room = self._room_left(m) if self.kind == "serial" else None
        if self.kind == "anticipated":
            steps.append(1)

        # The result is never wider than the data with zeros appended.
        data: Value = self.data.shift_left(max(0, self.kept - self.bits))
        below: list[Value] = []
        unlimited: Value = room[-1] if room is not None else Const(1)
        for i, step in enumerate(steps):
            left = sum(steps[i + 1 :])
            k = step.bit_length() - 1
            if i == len(self.amount):
                shift = self.further
                m.d.comb += shift.eq((data[-1] == self.negative) & ~self._exhausted)
            elif shifts is not None:
                shift = shifts[k]
            else:
                assert room is not None
                shift, unlimited = self._look(m, data, k, room[k], unlimited)
            if i < len(self.amount):
                m.d.comb += self.amount[k].eq(shift)
            # No more places are left to go after this step than the others take.
            width = min(len(data), self.kept + left)
            excess = len(data) - width
            further = (data << step)[: len(data)]
            shifted = Signal(width, name=f"shifted_{step}" if i < len(self.amount) else "settled")
            m.d.comb += shifted.eq(Mux(shift, further[excess:], data[excess:]))
            lowest = max(0, excess - step)
            if lowest:
                below.append(data[:lowest].any())
            if excess > lowest:
                below.append(~shift & data[lowest:excess].any())
            data = shifted
        m.d.comb += [self.shifted.eq(data), self.any_below.eq(Cat(below).any() if below else 0)]
        return m

    @property
    def _exhausted(self) -> Value:
        """Whether there is no room beyond the amount."""
        return (self.room == self.amount) | (self.room[-1] if self.min_room < 0 else Const(0))

    def _count(self, m: Module) -> Value:
        """Return the shift as a number: leading zeros, with a one set where the room ends."""
        anticipated = self.kind == "anticipated"
        magnitude = self.marks if anticipated else self.data ^ self.negative.replicate(self.bits)
        stop = Signal(self.bits)
        for room in range(self.bits):
            ends_here = self.room < 1 if room == 0 else self.room == room
            if (room == 0 and self.min_room < 1) or self.min_room <= room <= self.max_room:
                m.d.comb += stop[self.bits - 1 - room].eq(ends_here)
        m.submodules.leading_zeros = leading_zeros = LeadingZeros(self.bits)
        m.d.comb += leading_zeros.data.eq(magnitude | stop)
        return leading_zeros.count

    def _room_left(self, m: Module) -> Value:
        """Return one bit a step, and on top whether there is room for all steps together."""
        steps = len(self.amount)
        room = Signal(steps + 1)
        if self.min_room >= (1 << steps) - 1:
            m.d.comb += room[-1].eq(1)
            return room
        plenty = self.room[steps:-1].any() if len(self.room) > steps + 1 else Const(0)
        limited = Cat(self.room[:-1][:steps], plenty)
        m.d.comb += room.eq(limited if self.min_room >= 0 else Mux(self.room[-1], 0, limited))
        return room

    def _look(
        self, m: Module, data: Value, k: int, room: Value, unlimited: Value
    ) -> tuple[Value, Value]:
        """Return whether to shift by ``2**k``, and whether the rest is unlimited afterwards.

        With room for `2**k` that is not used, there is room for all smaller steps together.
        """
        top = data[max(0, len(data) - (1 << k)) :]
        shift = Signal(name=f"shift_{1 << k}")
        empty = Mux(self.negative, top.all(), ~top.any())
        m.d.comb += shift.eq(empty & (unlimited | room))
        left = Signal(name=f"unlimited_{1 << k}")
        m.d.comb += left.eq(unlimited | (room & ~shift))
        return shift, left
