"""Accumulation by remainder: which bin a product goes to, what it adds there, what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal, get_args

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.lut import Lut
from hdl.bricks.place import decoded
from hdl.bricks.roots import root_of_two
from hdl.formats import LogFormat

__all__ = [
    "ACCUMULATORS",
    "Accumulator",
    "AddToBin",
    "BinPlan",
    "Deposit",
    "SumBin",
    "at_least",
    "bin_plan",
    "decoded",
]

Accumulator = Literal["signed", "pairs", "linear"]
"""Signed bins; bins in pairs, one for what goes up and one for what goes down; a single bin."""

ACCUMULATORS: tuple[Accumulator, ...] = get_args(Accumulator)


@dataclass(frozen=True)
class BinPlan:
    """How products are added up, as facts about the hardware.

    A product of quotient q and remainder r adds ``factors[r] << (q - drop)`` to bin ``bins[r]``,
    and the sum is that of ``constants[j]`` times bin j.

    Attributes
    ----------
    fmt
        Format of the factors of a product.
    bins, factors
        For every remainder.
    constants
        For every bin.
    fraction_bits
        Fraction bits of the sum where `drop` is 0.
    width
        Bits of a bin, the sign included; those of a pair have none.
    drop
        Quotients below this one count as zero.
    lanes
        Products in a cycle.
    is_paired
        Whether a bin is a pair.
    """

    fmt: LogFormat
    bins: tuple[int, ...]
    factors: tuple[int, ...]
    constants: tuple[int, ...]
    fraction_bits: int
    width: int
    drop: int
    lanes: int
    is_paired: bool

    @property
    def factor_bits(self) -> int:
        """Width of the largest factor."""
        return max(self.factors).bit_length()

    @property
    def max_quotient(self) -> int:
        """Largest quotient there is, less `drop`."""
        return (2 * self.fmt.max_code >> self.fmt.fraction_bits) - self.drop

    @property
    def highest(self) -> int:
        """Largest quotient that a bin takes, less `drop`; larger ones count as this."""
        return min(self.max_quotient, self.width - 1 - self.factor_bits)

    @property
    def deposit_bits(self) -> int:
        """Width of what one product adds, with a sign where it has one."""
        return self.highest + self.factor_bits + (not self.is_paired)

    @property
    def bin_bits(self) -> int:
        """Width of the register of a bin, or of one half of a pair."""
        return self.width - self.is_paired

    @property
    def sum_bits(self) -> int:
        """Width of a bin's next content before it saturates: one more than its larger part."""
        # A doubling for every doubling of the lanes.
        return max(self.deposit_bits + (self.lanes - 1).bit_length(), self.bin_bits) + 1

    @property
    def registers(self) -> int:
        """Number of bins, halves of pairs counted one by one: all up, then all down."""
        return len(self.constants) * (1 + self.is_paired)

    @property
    def total_bits(self) -> int:
        """Width of the sum of all bins with their constants, signed."""
        # A bin is at least -2^(width - 1), so the sum at least that many times all constants.
        return self.width + (sum(self.constants) - 1).bit_length()


def bin_plan(
    fmt: LogFormat,
    lanes: int,
    *,
    constant_bits: int,
    bin_width: int | None,
    drop: int,
    lut_entries: int | None,
    accumulator: Accumulator,
) -> BinPlan:
    """Return the plan for a unit's parameters; by default a bin holds any sum of one cycle."""
    remainders = 1 << fmt.fraction_bits
    entries = lut_entries or remainders
    low = remainders // entries
    constants = tuple(root_of_two(j, entries, constant_bits) for j in range(entries))
    # Mitchell: 2^x is about 1 + x. With a constant for every remainder nothing is left of x.
    mitchell = (1,) if low == 1 else tuple(range(remainders, remainders + low))
    bins = tuple(r // low for r in range(remainders))
    factors = mitchell * entries
    if accumulator == "linear":
        factors = tuple(f * constants[j] for f, j in zip(factors, bins, strict=True))
        bins, constants = (0,) * remainders, (1,)
    # Quotients reach 2^(I + 1) - 1; a sign.
    reach = (2 << fmt.integer_bits) - 1 - drop + max(factors).bit_length()
    return BinPlan(
        fmt,
        bins,
        factors,
        constants,
        constant_bits + (0 if low == 1 else fmt.fraction_bits),
        bin_width or reach + (lanes - 1).bit_length() + 1,
        drop,
        lanes,
        accumulator == "pairs",
    )


class Deposit(wiring.Component):
    """What one product adds, and to which bin. Combinational.

    Parameters
    ----------
    plan
        How products are added up.

    Members
    -------
    negative, is_zero : In(1)
    exponent : In(fmt.bits)
        The product, as `hdl.stages.log_product.LogProduct` gives it.
    select : Out(plan.registers)
        One-hot: the bin; all zeros for a product that does not count.
    amount : Out(plan.deposit_bits)
        Two's complement; of pairs unsigned. With a single bin zero where the product does not
        count, else then of no meaning.
    beyond : Out(1)
        The quotient was too large and the highest that the bin takes was used.
    """

    def __init__(self, plan: BinPlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "negative": In(1),
                "is_zero": In(1),
                "exponent": In(plan.fmt.bits),
                "select": Out(plan.registers),
                "amount": Out(plan.deposit_bits),
                "beyond": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        fraction_bits = plan.fmt.fraction_bits
        remainder, quotient = self.exponent[:fraction_bits], self.exponent[fraction_bits:]
        counts = Signal()
        m.d.comb += counts.eq(~self.is_zero & at_least(quotient, plan.drop))
        if plan.max_quotient > plan.highest:
            m.d.comb += self.beyond.eq(counts & (quotient > plan.highest + plan.drop))

        # The bin: its number is in the high bits of the remainder.
        bits = (len(plan.constants) - 1).bit_length()
        number = remainder[fraction_bits - bits :]
        signs = (~self.negative, self.negative) if plan.is_paired else (Const(1),)
        m.d.comb += self.select.eq(
            Cat(counts & sign & (number == j) for sign in signs for j in range(len(plan.constants)))
        )

        if plan.factors == (1,) * len(plan.factors) and plan.registers > 1:
            self._decode(m, quotient)
        else:
            self._shift(m, quotient, remainder, counts)
        return m

    def _decode(self, m: Module, quotient: Value) -> None:
        """Set one bit; for minus that, also all bits above it."""
        plan = self.plan
        top = plan.highest + plan.drop
        # The highest stands for all that are beyond it.
        place = Signal(range(top + 1))
        m.d.comb += place.eq(
            Mux(quotient > top, top, quotient) if plan.max_quotient > plan.highest else quotient
        )
        flag = Const(0) if plan.is_paired else self.negative
        m.d.comb += self.amount.eq(decoded(place, flag, range(plan.drop, top + 1)))
        if not plan.is_paired:
            m.d.comb += self.amount[-1].eq(self.negative)

    def _shift(self, m: Module, quotient: Value, remainder: Value, counts: Value) -> None:
        """Shift the factor, negated before it where that takes fewest gates."""
        plan = self.plan
        # Which part of the remainder decides, and with a single bin whether there is anything.
        low = remainder[: (len(plan.factors) // len(plan.constants) - 1).bit_length()]
        factors = plan.factors[: 1 << len(low)]
        address = [low]
        if plan.registers == 1:
            factors = (0,) * len(factors) + factors
            address.append(counts)
        bits = plan.factor_bits
        if not plan.is_paired:
            bits += 1
            factors += tuple(-factor % (1 << bits) for factor in factors)
            address.append(self.negative)
        m.submodules.factor = lut = Lut(factors, bits)
        m.d.comb += lut.x.eq(Cat(address))
        places = Signal(range(plan.highest + 1))
        m.d.comb += places.eq(
            Mux(quotient > plan.highest + plan.drop, plan.highest, quotient - plan.drop)
            if plan.max_quotient > plan.highest
            else quotient - plan.drop
        )
        factor = lut.y if plan.is_paired else lut.y.as_signed()
        m.d.comb += self.amount.eq(factor << places)


def at_least(number: Value, limit: int) -> Value:
    """Compare an unsigned number, without an operator where nothing needs comparing."""
    return number >= limit if limit else Const(1)


class SumBin(wiring.Component):
    """``first + second =`` what all lanes add to one bin in a cycle. Combinational.

    Parameters
    ----------
    plan
        How products are added up.
    group
        Of so many lanes, one after the other, only one adds to a bin: those of a group share a row
        of the heap.

    Members
    -------
    select_0, select_1, ... : In(1)
        Whether a lane's product goes to this bin.
    amount_0, amount_1, ... : In(plan.deposit_bits + log2(group))
    first, second : Out(plan.sum_bits)
        Modulo ``2**sum_bits``.
    """

    def __init__(self, plan: BinPlan, group: int = 1) -> None:
        self.plan = plan
        self.group = group
        bits = plan.deposit_bits + (group - 1).bit_length()
        super().__init__(
            {f"select_{i}": In(1) for i in range(plan.lanes)}
            | {f"amount_{i}": In(bits) for i in range(plan.lanes)}
            | {"first": Out(plan.sum_bits), "second": Out(plan.sum_bits)}
        )

    def connect(self, m: Module, selects: Sequence[Value], amounts: Sequence[Value]) -> None:
        """Feed in what the lanes add."""
        for i, (select, amount) in enumerate(zip(selects, amounts, strict=True)):
            m.d.comb += [
                getattr(self, f"select_{i}").eq(select),
                getattr(self, f"amount_{i}").eq(amount),
            ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(self.plan.sum_bits)
        for first_lane in range(0, self.plan.lanes, self.group):
            amount = getattr(self, f"amount_{first_lane}")
            if self.plan.registers > 1:
                gated = Signal(len(amount), name=f"gated_{first_lane}")
                m.d.comb += gated.eq(
                    reduce(
                        or_,
                        (
                            getattr(self, f"amount_{i}")
                            & getattr(self, f"select_{i}").replicate(len(amount))
                            for i in range(first_lane, first_lane + self.group)
                        ),
                    )
                )
                amount = gated
            if self.plan.is_paired:
                heap.add_unsigned(amount)
            else:
                heap.add_signed(amount)
        first, second = heap.compress(m)
        m.d.comb += [self.first.eq(first), self.second.eq(second)]
        return m


class AddToBin(wiring.Component):
    """``content = saturate(first + second + kept)``, the loop around a bin. Combinational.

    Parameters
    ----------
    plan
        How products are added up.
    adder
        The carry-propagate adder.

    Members
    -------
    first, second : In(plan.sum_bits)
        As of `SumBin`.
    kept : In(plan.bin_bits)
        What is in the bin.
    content : Out(plan.bin_bits)
        What goes into it.
    saturated : Out(1)
    """

    def __init__(self, plan: BinPlan, adder: AdderKind) -> None:
        self.plan = plan
        self.adder: AdderKind = adder
        super().__init__(
            {
                "first": In(plan.sum_bits),
                "second": In(plan.sum_bits),
                "kept": In(plan.bin_bits),
                "content": Out(plan.bin_bits),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        heap = BitHeap(plan.sum_bits)
        heap.add_unsigned(self.first)
        heap.add_unsigned(self.second)
        if plan.is_paired:
            heap.add_unsigned(self.kept)
        else:
            heap.add_signed(self.kept)
        total = Signal(signed(plan.sum_bits))
        m.d.comb += total.eq(heap.sum(m, self.adder))
        if plan.is_paired:
            above = total[plan.bin_bits :]
            limit = Const(-1, plan.bin_bits)
        else:
            # Fits if all bits from the sign of the bin on are equal.
            above = total[plan.bin_bits - 1 : -1] ^ total[-1].replicate(
                plan.sum_bits - plan.bin_bits
            )
            limit = Cat((~total[-1]).replicate(plan.bin_bits - 1), total[-1])
        m.d.comb += [
            self.saturated.eq(above.any()),
            self.content.eq(Mux(self.saturated, limit, total[: plan.bin_bits])),
        ]
        return m
