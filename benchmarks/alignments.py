"""Other ways than `dot`'s to bring exact float products to their places before they are added.

`dot` shifts every product to its place in one fixed-point word and adds these up in one heap. Each
class here makes other words of the same products, whose sum at their places is the same number:

`Bins`
    Two-level alignment: a shift by the exponent's low bits, and gates into one of several words by
    its high bits. Without low bits these are exponent-indexed bins and there is no shift.
`Pairs`
    The lanes of a pair share the alignment of the smaller exponent; what the larger one is ahead
    of it places the larger product on top, and beside it if they do not overlap.
`Groups`
    Products are aligned to the largest exponent of their group, added up, and the sum is placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.maximum import Maximum
from hdl.bricks.negate import Negate
from hdl.options import Objective, adder_for, heap_for
from hdl.stages.place import Place, is_short
from hdl.stages.terms import Term, TermRange
from hdl.stages.window_sum import comparison_for

__all__ = ["Alignment", "Bins", "Groups", "Pairs", "PlaceInBins"]

Placed = tuple[Value, int]
"""Two's complement, and the place of its lowest bit in the word of the sum."""


class Alignment(Protocol):
    """A way to turn products into words whose sum is theirs."""

    def one_hot(self, product: TermRange, adder: AdderKind) -> bool:
        """Return whether it wants one-hot exponents."""
        ...

    def align(
        self, m: Module, product: TermRange, terms: Sequence[Term], objective: Objective
    ) -> list[Placed]:
        """Return the words."""
        ...


def _codes(product: TermRange) -> tuple[int, int]:
    """Return the least and the highest exponent code of a product."""
    return product.min_weight - product.offset, product.max_weight - product.offset


def _shifted(m: Module, value: Value, amount: Value, bits: int, name: str) -> Value:
    """Return ``value << amount``, both as they come and modulo ``2**bits``, in steps that grow."""
    for k, step in enumerate(amount):
        grown = Signal(signed(min(len(value) + (1 << k), bits)), name=f"{name}_{1 << k}")
        m.d.comb += grown.eq(Mux(step, value << (1 << k), value))
        value = grown
    return value


@dataclass(frozen=True)
class _Bin:
    """A word: its number, the smallest and the largest shift in it, and the place it has."""

    number: int
    least: int
    highest: int
    place: int


class PlaceInBins(wiring.Component):
    """A term in one of several words, zero in all others. Combinational.

    Parameters
    ----------
    term
        Range of the term.
    low_bits
        How many bits of its exponent shift it; the others choose the word.
    adder
        Which of the prefix networks negates it.
    one_hot
        Whether the exponent comes one-hot, as `hdl.stages.place.Place` has it; without `low_bits`.

    Members
    -------
    sign : In(1)
    exponent : In
    significand : In(term.bits)
    value : Out(term.bits + 1 + largest shift)
        The term shifted by the low bits.
    select_0, select_1, ... : Out(1)
        Which word it goes to.
    word_0, word_1, ... : Out
        Two's complement, at the places that `bins` has, the lowest first.
    """

    def __init__(
        self, term: TermRange, low_bits: int, adder: AdderKind, *, one_hot: bool = False
    ) -> None:
        self.one_hot = one_hot
        self.low_bits = low_bits
        self.adder: AdderKind = adder
        # What the low bits do is a placing of its own, over so many places.
        self.within = replace(term, offset=0, min_weight=0, max_weight=(1 << low_bits) - 1)
        low, high = _codes(term)
        self.bins = [
            _Bin(
                number,
                least := max(0, low - (number << low_bits)),
                min(self.within.max_weight, high - (number << low_bits)),
                (number << low_bits) + least - low,
            )
            for number in range(low >> low_bits, (high >> low_bits) + 1)
        ]
        self.widths = [term.bits + 1 + one.highest - one.least for one in self.bins]
        super().__init__(
            {
                "sign": In(1),
                "exponent": In(high - low + 1 if one_hot else term.exponent_bits),
                "significand": In(term.bits),
                "value": Out(term.bits + (1 << low_bits)),
            }
            | {f"select_{k}": Out(1) for k in range(len(self.bins))}
            | {f"word_{k}": Out(width) for k, width in enumerate(self.widths)}
        )

    @property
    def selects(self) -> list[Value]:
        """Which word the term goes to, one-hot."""
        return [getattr(self, f"select_{k}") for k in range(len(self.bins))]

    def connect(self, m: Module, term: Term) -> list[Value]:
        """Feed the term in and return the words."""
        m.d.comb += [
            self.sign.eq(term.sign),
            self.exponent.eq(term.exponent),
            self.significand.eq(term.significand),
        ]
        return [getattr(self, f"word_{k}") for k in range(len(self.bins))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.place = place = Place(self.within, self.adder)
        low, number = self.exponent[: self.low_bits], self.exponent[self.low_bits :]
        m.d.comb += [
            place.sign.eq(self.sign),
            place.significand.eq(self.significand),
            self.value.eq(place.placed),
        ]
        if self.low_bits:
            m.d.comb += place.exponent.eq(low)
        for k, one in enumerate(self.bins):
            selected = self.exponent[k] if self.one_hot else number == one.number
            m.d.comb += self.selects[k].eq(selected)
        for k, word in enumerate(self.gated(self.value, self.selects)):
            m.d.comb += getattr(self, f"word_{k}").eq(word)
        return m

    def gated(self, value: Value, selects: Sequence[Value]) -> list[Value]:
        """Return the words of what `value` and `selects` are, or were some cycles ago."""
        # Above the longest shift in a word there are but copies of the sign.
        return [
            value[one.least : one.least + width] & selected.replicate(width)
            for one, width, selected in zip(self.bins, self.widths, selects, strict=True)
        ]


@dataclass(frozen=True)
class Bins:
    """Two-level alignment; the exponent's `low_bits` shift, the others choose the word."""

    low_bits: int

    def one_hot(self, product: TermRange, adder: AdderKind) -> bool:
        """Return whether it wants one-hot exponents."""
        return self.low_bits == 0 and is_short(product, adder)

    def lanes(self, product: TermRange, lanes: int, adder: AdderKind) -> list[PlaceInBins]:
        """Return what places the products of all lanes."""
        one_hot = self.one_hot(product, adder)
        return [PlaceInBins(product, self.low_bits, adder, one_hot=one_hot) for _ in range(lanes)]

    def align(
        self, m: Module, product: TermRange, terms: Sequence[Term], objective: Objective
    ) -> list[Placed]:
        """Return the words."""
        placed: list[Placed] = []
        for i, lane in enumerate(self.lanes(product, len(terms), adder_for(objective))):
            m.submodules[f"place_{i}"] = lane
            words = lane.connect(m, terms[i])
            placed += [(word, one.place) for word, one in zip(words, lane.bins, strict=True)]
        return placed


class PlacePair(wiring.Component):
    """The sum of two terms in one word, of which only one is placed by its own. Combinational.

    Where their significands overlap, the one with the larger exponent is shifted by the difference
    and added to the other; the sum is placed by the smaller exponent. Where they do not, each is
    placed by its own exponent and the two are merged without an addition: all bits above a negative
    number are ones, and an exclusive or with ones makes ``x`` of ``~x = -x - 1``. So the upper one
    is negated where the lower one is negative.

    Parameters
    ----------
    term
        Range of either term.
    adder
        What adds, and negates.

    Members
    -------
    sign_0, sign_1 : In(1)
    exponent_0, exponent_1 : In(term.exponent_bits)
    significand_0, significand_1 : In(term.bits)
    placed : Out(bits)
        Two's complement.
    """

    def __init__(self, term: TermRange, adder: AdderKind) -> None:
        self.range = term
        self.adder: AdderKind = adder
        low, high = _codes(term)
        self.bits = term.bits + 2 + high - low
        super().__init__(
            {f"sign_{i}": In(1) for i in range(2)}
            | {f"exponent_{i}": In(term.exponent_bits) for i in range(2)}
            | {f"significand_{i}": In(term.bits) for i in range(2)}
            | {"placed": Out(self.bits)}
        )

    def connect(self, m: Module, pair: Sequence[Term]) -> None:
        """Feed the terms in."""
        for i, term in enumerate(pair):
            m.d.comb += [
                getattr(self, f"sign_{i}").eq(term.sign),
                getattr(self, f"exponent_{i}").eq(term.exponent),
                getattr(self, f"significand_{i}").eq(term.significand),
            ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self.range.bits
        x, y = self.exponent_0, self.exponent_1
        differences = self._difference(m, x, y, "forth"), self._difference(m, y, x, "back")
        keeps = differences[0][-1]
        distance = Signal(self.range.exponent_bits)
        m.d.comb += distance.eq(Mux(keeps, differences[0], differences[1]))
        near = (bits - 1).bit_length()
        apart = Signal()
        m.d.comb += apart.eq(distance[near:].any())

        fields = [
            Cat(getattr(self, f"{field}_{i}") for field in ("exponent", "significand", "sign"))
            for i in range(2)
        ]
        upper, lower = Signal(len(fields[0])), Signal(len(fields[0]))
        m.d.comb += Cat(upper, lower).eq(Mux(keeps, Cat(fields), Cat(fields[::-1])))
        width = self.range.exponent_bits
        small = self._negated(m, lower[width:-1], lower[-1], "lower")
        large = self._negated(m, upper[width:-1], upper[-1] ^ (apart & small[-1]), "upper")

        # The sum where they overlap, otherwise the smaller one alone.
        ahead = Signal(signed(bits + (1 << near)), name="ahead")
        overlapping = (large & (~apart).replicate(bits + 1)).as_signed()
        m.d.comb += ahead.eq(_shifted(m, overlapping, distance[:near], len(ahead), "ahead_shifted"))
        m.submodules.add = add = Adder(len(ahead) + 1, self.adder)
        m.d.comb += [add.a.eq(ahead), add.b.eq(small.as_signed())]
        total = add.total[:-1].as_signed()
        unused, _ = _codes(self.range)
        first = _shifted(m, total, lower[:width], self.bits + unused, "lower_shifted")
        beside = (large & apart.replicate(bits + 1)).as_signed()
        second = _shifted(m, beside, upper[:width], self.bits + unused, "upper_shifted")
        m.d.comb += self.placed.eq((first >> unused) ^ (second >> unused))
        return m

    def _difference(self, m: Module, x: Value, y: Value, name: str) -> Value:
        """Return ``x - y`` and above it whether that is not negative."""
        m.submodules[name] = adder = Adder(len(x), self.adder)
        m.d.comb += [adder.a.eq(x), adder.b.eq(~y), adder.carry_in.eq(1)]
        return adder.total

    def _negated(self, m: Module, magnitude: Value, negative: Value, name: str) -> Signal:
        m.submodules[f"negate_{name}"] = negate = Negate(self.range.bits, self.adder)
        m.d.comb += [negate.data.eq(magnitude), negate.negative.eq(negative)]
        return negate.negated


@dataclass(frozen=True)
class Pairs:
    """Exponent-difference sharing between the lanes of a pair; their number is even."""

    def one_hot(self, product: TermRange, adder: AdderKind) -> bool:
        """Return whether it wants one-hot exponents."""
        return False

    def align(
        self, m: Module, product: TermRange, terms: Sequence[Term], objective: Objective
    ) -> list[Placed]:
        """Return the words."""
        placed: list[Placed] = []
        for i in range(0, len(terms), 2):
            pair = PlacePair(product, adder_for(objective))
            m.submodules[f"place_{i}"] = pair
            pair.connect(m, terms[i : i + 2])
            placed.append((pair.placed, 0))
        return placed


@dataclass(frozen=True)
class Groups:
    """The largest exponent of each group of so many lanes first; what remains is one more group."""

    lanes: int

    def one_hot(self, product: TermRange, adder: AdderKind) -> bool:
        """Return whether it wants one-hot exponents."""
        return False

    def align(
        self, m: Module, product: TermRange, terms: Sequence[Term], objective: Objective
    ) -> list[Placed]:
        """Return the words."""
        starts = range(0, len(terms), self.lanes)
        return [
            (self._group(m, product, terms[i : i + self.lanes], objective, f"group_{i}"), 0)
            for i in starts
        ]

    @staticmethod
    def _group(
        m: Module, product: TermRange, terms: Sequence[Term], objective: Objective, name: str
    ) -> Value:
        """Return the exact sum of a group in one word."""
        adder = adder_for(objective)
        bits = product.exponent_bits
        m.submodules[f"{name}_maximum"] = maximum = Maximum(
            len(terms), bits, comparison_for(objective)
        )
        # Nothing may be lost below: up by the complement of how far it would go down.
        low, high = _codes(product)
        top = (1 << bits) - 1
        relative = replace(product, offset=0, min_weight=top - (high - low), max_weight=top)
        lanes = [Place(relative, adder) for _ in terms]
        heap_bits = lanes[0].bits + (len(terms) - 1).bit_length()
        heap = BitHeap(heap_bits, kind=heap_for(objective))
        for i, (lane, term) in enumerate(zip(lanes, terms, strict=True)):
            m.submodules[f"{name}_place_{i}"] = lane
            distance = Signal(bits, name=f"{name}_distance_{i}")
            m.d.comb += [
                getattr(maximum, f"number_{i}").eq(term.exponent),
                distance.eq(maximum.largest - term.exponent),
                lane.sign.eq(term.sign),
                lane.exponent.eq(~distance),
                lane.significand.eq(term.significand),
            ]
            heap.add_signed(lane.placed)
        total = Signal(signed(heap_bits), name=f"{name}_total")
        m.d.comb += total.eq(heap.sum(m, adder, name=name))
        # Below where the largest exponent leads there is nothing to lose.
        placed = Signal(signed(heap_bits), name=f"{name}_placed")
        m.d.comb += placed.eq((total << (top - high)) >> ~maximum.largest)
        return placed
