"""Lanes brought together by bin before they are added, so that a bin sees fewer numbers."""

from __future__ import annotations

from collections.abc import Iterator

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.place import decoded
from hdl.stages.bins import BinPlan, Deposit, at_least

__all__ = ["MergePair", "SortLanes", "comparators", "deposits"]


def comparators(lanes: int) -> Iterator[tuple[int, int]]:
    """Yield the comparators of Batcher's odd-even merge sort of a power of two of lanes.

    Each is ``(low, high)``: afterwards the smaller one is in lane `low`.
    """
    span = 1
    while span < lanes:
        step = span
        while step:
            for start in range(step % span, lanes - step, 2 * step):
                for i in range(start, min(start + step, lanes - step)):
                    if i // (2 * span) == (i + step) // (2 * span):
                        yield i, i + step
            step //= 2
        span *= 2


def deposits(plan: BinPlan, group: int, adder: AdderKind) -> Deposit | MergePair | SortLanes:
    """Return what finds out what `group` lanes add to which bins."""
    if group == 1:
        return Deposit(plan)
    if group == 2 and MergePair.suits(plan):
        return MergePair(plan)
    return SortLanes(plan, group, adder)


class _Together(wiring.Component):
    """What both ways have in common: the ports, those of a `Deposit` for each lane."""

    def __init__(self, plan: BinPlan, group: int) -> None:
        self.plan = plan
        self.group = group
        bits = plan.deposit_bits + (group - 1).bit_length()
        lanes = range(group)
        super().__init__(
            {f"negative_{i}": In(1) for i in lanes}
            | {f"is_zero_{i}": In(1) for i in lanes}
            | {f"exponent_{i}": In(plan.fmt.bits) for i in lanes}
            | {f"select_{i}": Out(plan.registers) for i in lanes}
            | {f"amount_{i}": Out(bits) for i in lanes}
            | {"beyond": Out(1)}
        )

    @property
    def _number_bits(self) -> int:
        """Bits of the number of a bin, at the top of a remainder."""
        return (len(self.plan.constants) - 1).bit_length()


class SortLanes(_Together):
    """Sums of what some lanes add to each bin, no two outputs for the same bin. Combinational.

    A network sorts the lanes by bin; lanes of a bin, now neighbours, are added up one after the
    other, and the last of them has the sum.

    Parameters
    ----------
    plan
        How products are added up.
    group
        Lanes, a power of two.
    adder
        The adders between neighbours.

    Members
    -------
    negative_0, ..., is_zero_0, ... : In(1)
    exponent_0, ... : In(fmt.bits)
        Products, as of `hdl.stages.bins.Deposit`.
    select_0, ... : Out(plan.registers)
        One-hot: the bin; all zeros where there is nothing. No bit is set in two of them.
    amount_0, ... : Out(plan.deposit_bits + log2(group))
    beyond : Out(1)
        As of `Deposit`, of any lane.
    """

    def __init__(self, plan: BinPlan, group: int, adder: AdderKind) -> None:
        self.adder: AdderKind = adder
        super().__init__(plan, group)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        records = self._sorted(m, [self._record(i) for i in range(self.group)])
        keys = [record[-self._key_bits :] for record in records]
        # Whether a lane goes to the bin of the one before.
        joins = [keys[i] == keys[i - 1] for i in range(1, self.group)]
        beyond: list[Value] = []
        sums: list[Value] = []
        for i, record in enumerate(records):
            m.submodules[f"deposit_{i}"] = deposit = Deposit(self.plan)
            self._connect(m, deposit, record)
            beyond.append(deposit.beyond)
            amount = Signal(len(self.amount_0), name=f"gated_{i}")
            given = deposit.amount if self.plan.is_paired else deposit.amount.as_signed()
            m.d.comb += amount.eq(Mux(deposit.select.any(), given, 0))
            if sums:
                m.submodules[f"add_{i}"] = add = Adder(len(amount), self.adder)
                m.d.comb += [
                    add.a.eq(amount),
                    add.b.eq(sums[-1] & joins[i - 1].replicate(len(amount))),
                ]
                sums.append(add.total[: len(amount)])
            else:
                sums.append(amount)
            ends = ~joins[i] if i + 1 < self.group else Const(1)
            m.d.comb += [
                getattr(self, f"amount_{i}").eq(sums[-1]),
                getattr(self, f"select_{i}").eq(
                    Cat(ends & (keys[i] == j) for j in range(self.plan.registers))
                ),
            ]
        m.d.comb += self.beyond.eq(Cat(beyond).any())
        return m

    @property
    def _key_bits(self) -> int:
        """Bits by which lanes are sorted: the number of a bin, of pairs also the sign."""
        return self._number_bits + self.plan.is_paired

    def _record(self, lane: int) -> Value:
        """Return a product with what it is sorted by on top."""
        negative, is_zero, exponent = (
            getattr(self, f"{name}_{lane}") for name in ("negative", "is_zero", "exponent")
        )
        fraction_bits = self.plan.fmt.fraction_bits
        cut = fraction_bits - self._number_bits
        low, number = exponent[:cut], exponent[cut:fraction_bits]
        # The sign right below or right above the number of the bin.
        key = (number, negative) if self.plan.is_paired else (negative, number)
        return Cat(low, exponent[fraction_bits:], is_zero, *key)

    def _connect(self, m: Module, deposit: Deposit, record: Value) -> None:
        """Connect a product in a record to where it is decoded."""
        bits, cut = self._number_bits, self.plan.fmt.fraction_bits - self._number_bits
        paired = self.plan.is_paired
        number = record[-1 - bits : -1] if paired else record[len(record) - bits :]
        negative = record[-1] if paired else record[-1 - bits]
        m.d.comb += [
            deposit.exponent.eq(Cat(record[:cut], number, record[cut : -2 - bits])),
            deposit.is_zero.eq(record[-2 - bits]),
            deposit.negative.eq(negative),
        ]

    def _sorted(self, m: Module, records: list[Value]) -> list[Value]:
        """Return the records by their keys."""
        for number, (low, high) in enumerate(comparators(self.group)):
            first, second = records[low], records[high]
            swap = Signal(name=f"swap_{number}")
            m.d.comb += swap.eq(first[-self._key_bits :] > second[-self._key_bits :])
            for lane, kept, other in ((low, first, second), (high, second, first)):
                record = Signal(len(first), name=f"record_{number}_{lane}")
                m.d.comb += record.eq(Mux(swap, other, kept))
                records[lane] = record
        return records


class MergePair(_Together):
    """What two lanes add to each bin, no two outputs for the same bin. Combinational.

    Two powers of two of a bin need no adder: they are two bits, or if they are equal one bit above,
    or nothing. A minus sets all bits above its own, where the other lane's power counts the other
    way round.

    Parameters
    ----------
    plan
        How products are added up: all factors one, several bins.

    Members
    -------
    As of `SortLanes` with a group of two.
    """

    def __init__(self, plan: BinPlan) -> None:
        super().__init__(plan, 2)

    @staticmethod
    def suits(plan: BinPlan) -> bool:
        """Whether all products are powers of two, and there are several bins."""
        return set(plan.factors) == {1} and len(plan.constants) > 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        fraction_bits = plan.fmt.fraction_bits
        bits = self._number_bits
        top = plan.highest + plan.drop
        places: list[Value] = []
        counts: list[Value] = []
        beyond: list[Value] = []
        for i in range(2):
            quotient = getattr(self, f"exponent_{i}")[fraction_bits:]
            count, place = Signal(name=f"counts_{i}"), Signal(range(top + 2), name=f"place_{i}")
            m.d.comb += count.eq(~getattr(self, f"is_zero_{i}") & at_least(quotient, plan.drop))
            if plan.max_quotient > plan.highest:
                m.d.comb += place.eq(Mux(quotient > top, top, quotient))
                beyond.append(count & (quotient > top))
            else:
                m.d.comb += place.eq(quotient)
            places.append(place)
            counts.append(count)
        negatives = [getattr(self, f"negative_{i}") for i in range(2)]
        numbers = [
            getattr(self, f"exponent_{i}")[fraction_bits - bits : fraction_bits] for i in range(2)
        ]

        # Whether they meet, and where.
        opposite = negatives[0] ^ negatives[1]
        meet = counts[0] & counts[1] & (numbers[0] == numbers[1])
        same, equal, raised = Signal(), Signal(), Signal(range(top + 2))
        m.d.comb += [
            same.eq(meet & ~opposite if plan.is_paired else meet),
            equal.eq(same & (places[0] == places[1])),
            raised.eq(places[0] + equal),
        ]
        if plan.is_paired:
            flags: list[Value] = [Const(0), Const(0)]
            cancels: Value = Const(0)
        else:
            # Above a minus, a plus takes away the bits from its own on, and a minus its own bit.
            below = Signal()
            m.d.comb += below.eq(places[1] < places[0])
            flags = [
                negatives[0] ^ (same & below & negatives[1]),
                negatives[1] ^ (same & ~below & negatives[0]),
            ]
            cancels = equal & opposite
        reach = range(plan.drop, top + 2)
        rows = [
            decoded(place, flag, reach)
            if plan.is_paired
            else Cat(decoded(place, flag, reach), flag)
            for place, flag in zip((raised, places[1]), flags, strict=True)
        ]
        # Of pairs, no bit is set in both: then this is an or.
        joined = rows[0] ^ (rows[1] & (same & ~equal).replicate(len(rows[1])))
        alone = (counts[0] & ~cancels, counts[1] & ~same)
        for i, row in enumerate((joined, rows[1])):
            signs = (~negatives[i], negatives[i]) if plan.is_paired else (Const(1),)
            select = [
                alone[i] & sign & (numbers[i] == j)
                for sign in signs
                for j in range(len(plan.constants))
            ]
            m.d.comb += [
                getattr(self, f"amount_{i}").eq(row),
                getattr(self, f"select_{i}").eq(Cat(select)),
            ]
        m.d.comb += self.beyond.eq(Cat(beyond).any() if beyond else 0)
        return m
