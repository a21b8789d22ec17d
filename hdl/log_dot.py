"""Dot product of log numbers: multiply by adding, add by sorting on the remainder."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Any, Literal, get_args

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.formats import Format, IntFormat, LogFormat
from hdl.options import Objective, adder_for, check_choices, normalizer_for
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.bins import ACCUMULATORS, Accumulator, AddToBin, BinPlan, SumBin, bin_plan
from hdl.stages.finish import Finish, SerialFinish
from hdl.stages.log_product import LogProduct
from hdl.stages.sorted_lanes import deposits
from hdl.stages.to_log import ToLog
from hdl.unit import Unit

__all__ = ["FINISHES", "MIDPOINTS", "FinishKind", "LogDot", "Midpoints", "check_log_dot"]

FinishKind = Literal["parallel", "serial"]
"""All bins at once, or one a cycle."""

Midpoints = Literal["geometric", "arithmetic"]
"""Where one log number ends and the next begins: half way between logarithms, or numbers."""

FINISHES: tuple[FinishKind, ...] = get_args(FinishKind)
MIDPOINTS: tuple[Midpoints, ...] = get_args(Midpoints)

MAX_LANES = 1024
MAX_INTEGER_BITS = 6
MAX_FRACTION_BITS = 6
MAX_CONSTANT_BITS = 24
MAX_MIDPOINT_BITS = 16
MAX_BIN_WIDTH = 256
MAX_WORD = 64


def check_log_dot(fmt: Format, plan_options: dict[str, int | None]) -> tuple[str, str] | None:
    """Return the parameter that breaks a rule, and the rule; None if all is well.

    Parameters
    ----------
    fmt
        Format of the operands.
    plan_options
        `lanes`, `constant_bits`, `bin_width`, `drop`, `lut_entries`, `midpoint_bits` and `sort`.
    """
    if not isinstance(fmt, LogFormat):
        return "format", f"{fmt.name} is no log format"
    if fmt.integer_bits > MAX_INTEGER_BITS or fmt.fraction_bits > MAX_FRACTION_BITS:
        return (
            "format",
            f"{fmt.name}: a log format of this unit has up to {MAX_INTEGER_BITS} integer and "
            f"{MAX_FRACTION_BITS} fraction bits",
        )
    if (2 * fmt.bias) % (1 << fmt.fraction_bits):
        return (
            "format",
            f"{fmt.name}: twice the bias is no multiple of 2^{fmt.fraction_bits}, so that y would "
            "have no power of two as its unit",
        )
    for key, low, high in (
        ("lanes", 1, MAX_LANES),
        ("constant_bits", 0, MAX_CONSTANT_BITS),
        ("midpoint_bits", 1, MAX_MIDPOINT_BITS),
        ("drop", 0, (2 << fmt.integer_bits) - 2),
    ):
        value = plan_options[key]
        assert value is not None
        if not low <= value <= high:
            return key, f"{value} is not in {low}..{high}"
    entries = plan_options["lut_entries"]
    if entries is not None and (
        entries < 1 or entries & (entries - 1) or entries > 1 << fmt.fraction_bits
    ):
        return "lut_entries", f"{entries} is no power of two up to 2^{fmt.fraction_bits}"
    sort, lanes = plan_options["sort"], plan_options["lanes"]
    assert lanes is not None
    if sort is not None and (sort < 1 or sort & (sort - 1) or lanes % sort):
        return "sort", f"{sort} is no power of two that divides {lanes} lanes"
    return None


class LogDot(Unit):
    """``sum((-1)**s[i] * 2**q[i] * 2**(r[i] / 2**F))`` over all lanes and cycles of a sum.

    A product of log numbers is the sum of their exponents, whose integer part is the quotient q and
    whose fraction the remainder r. What has the same remainder is added up in one bin, as powers of
    two; the roots of two come in only once, at the end, as constants. Sums over one bin saturate in
    every cycle, and quotients that no bin can hold count as the highest that it can; `overflow`
    tells of either. One operand pair a lane and cycle, a result `latency` cycles after those with
    `last`.

    Parameters
    ----------
    fmt
        Format of `a`, `b` and `y_log`.
    lanes
        Products a cycle, 1 to 1024.
    constant_bits
        Fraction bits G of the constants ``2**(r / 2**F)``.
    bin_width
        Bits of a bin, by default as many as any sum of one cycle needs.
    drop
        Quotients below this one count as zero.
    lut_entries
        Number of constants and bins, a power of two, by default one a remainder. With fewer, the
        low bits of the remainder count as ``1 + low / 2**F`` (Mitchell).
    accumulator
        ``signed`` bins; ``pairs``: two unsigned bins each, up and down; ``linear``: one bin for
        all, with the constants in front of it (log multiply, linear accumulate).
    midpoint_bits, midpoints
        How `y_log` is rounded, see `hdl.stages.to_log.ToLog`.
    finish
        ``parallel``; ``serial``: one bin a cycle while the next sum is under way. Then a `last`
        less than ``lut_entries`` valid cycles after the one before is not heard.
    sort
        So many lanes, a power of two, are brought together by bin before they are added; 1: none.
    stages, objective
        As in `hdl.fma.Fma`.

    Attributes
    ----------
    plan : BinPlan
        Widths and constants.
    latency : int
        Cycles from the last operands to the result: `stages`, 1 for the bins, and with a serial
        finish 1 for each of them.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    first, last : In(1)
        Start a new sum in this cycle; give a result with this cycle's operands included. The sum
        goes on after `last` unless `first` restarts it.
    a, b : In(lanes * bits)
        Lane 0 in the low bits.
    out_valid : Out(1)
    y : Out
        The sum, exact but for what bins lose, in units of ``2**lsb`` (see the port). Of more than
        64 bits in equal words, the lowest first.
    y_log : Out(bits)
        The same as a log number.
    overflow : Out(1)
        Something saturated since `first`.

    Raises
    ------
    ValueError
        If the parameters make no hardware.
    """

    def __init__(
        self,
        fmt: Format,
        lanes: int = 1,
        *,
        constant_bits: int = 8,
        bin_width: int | None = None,
        drop: int = 0,
        lut_entries: int | None = None,
        accumulator: Accumulator = "signed",
        midpoint_bits: int = 8,
        midpoints: Midpoints = "geometric",
        finish: FinishKind = "parallel",
        sort: int = 1,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        widths: dict[str, Any] = {
            "constant_bits": constant_bits,
            "bin_width": bin_width,
            "drop": drop,
            "lut_entries": lut_entries,
        }
        others = {"lanes": lanes, "midpoint_bits": midpoint_bits, "sort": sort}
        broken = check_log_dot(fmt, widths | others)
        if broken:
            raise ValueError(f"{broken[0]} = {broken[1]}")
        assert isinstance(fmt, LogFormat)
        check_choices(
            ("accumulator", accumulator, ACCUMULATORS),
            ("midpoints", midpoints, MIDPOINTS),
            ("finish", finish, FINISHES),
        )
        self.plan: BinPlan = bin_plan(fmt, lanes, **widths, accumulator=accumulator)
        least = self.plan.factor_bits + 1
        if not least <= self.plan.width <= MAX_BIN_WIDTH:
            raise ValueError(f"bin_width = {self.plan.width} is not in {least}..{MAX_BIN_WIDTH}")
        for option, wanted in (("finish = 'serial'", finish == "serial"), ("sort", sort > 1)):
            if wanted and len(self.plan.constants) == 1:
                raise ValueError(f"{option} needs more than one bin")
        self.midpoint_bits = midpoint_bits
        self.midpoints: Midpoints = midpoints
        self.finish: FinishKind = finish
        self.sort = sort
        words = -(-self.plan.total_bits // MAX_WORD)
        self._word_bits = -(-self.plan.total_bits // words)
        # Products weigh 2^(-2 * bias / 2^F) where the sum of their exponents is 0.
        lsb = drop - self.plan.fraction_bits - (2 * fmt.bias >> fmt.fraction_bits)
        y = (
            data_port("y", "out", IntFormat(self._word_bits), lsb=lsb)
            if words == 1
            else Port("y", "out", words * self._word_bits, "data", None, words, lsb)
        )
        super().__init__(
            (
                Port("first", "in", 1, "control"),
                Port("last", "in", 1, "control"),
                data_port("a", "in", fmt, lanes),
                data_port("b", "in", fmt, lanes),
            ),
            (y, data_port("y_log", "out", fmt), Port("overflow", "out", 1, "flags")),
            stages=stages,
            objective=objective,
            extra_latency=1 + (len(self.plan.constants) if finish == "serial" else 0),
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, fmt = self.plan, self.plan.fmt
        adder = adder_for(self.objective)
        lanes = range(plan.lanes)
        multiply = [LogProduct(fmt, adder) for _ in lanes]
        for i in lanes:
            m.submodules[f"product_{i}"] = multiply[i]
        delays = {
            "multiply": 2 * log2(fmt.bits) + 2,
            "deposit": 2 * log2(plan.deposit_bits) + 2,
            "sum": 4 * log2(plan.lanes + 1),
            "loop": 2 * log2(plan.sum_bits) + 8,
            "finish": 4 * log2(len(plan.constants) + 1) + 2 * log2(plan.total_bits) + 6,
            "round": 4 * log2(plan.total_bits) + 8,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)
        first, last = self.first, self.last

        # Products: one addition each.
        for i, lane in enumerate(multiply):
            m.d.comb += [
                lane.a.eq(self.a.word_select(i, fmt.bits)),
                lane.b.eq(self.b.word_select(i, fmt.bits)),
            ]
        negatives, exponents, zeros, first, last = pipe.after(
            "multiply",
            [lane.negative for lane in multiply],
            [lane.exponent for lane in multiply],
            [lane.is_zero for lane in multiply],
            first,
            last,
        )

        # What each adds, and to which bin.
        selects, amounts, beyond, first, last = pipe.after(
            "deposit", *self._deposits(m, negatives, exponents, zeros), first, last
        )

        if plan.lanes == 1:
            select, amount, beyond, first, last = pipe.after(
                "sum", selects[0], amounts[0], beyond, first, last
            )
            bins, saturated = self._accumulate_one(m, pipe.valid, select, amount, first)
        else:
            # The sum of this cycle, bin by bin.
            rows: list[list[Value]] = []
            for j in range(plan.registers):
                m.submodules[f"sum_{j}"] = total = SumBin(plan, self.sort)
                total.connect(m, [select[j] for select in selects], amounts)
                rows.append([total.first, total.second])
            rows, beyond, first, last = pipe.after("sum", rows, beyond, first, last)
            bins, saturated = self._accumulate(m, pipe.valid, rows, first)
        overflow = Signal(name="overflowed")
        with m.If(pipe.valid):
            m.d.sync += overflow.eq(saturated | beyond | (overflow & ~first))
        pipe.valid = self._is_due(m, pipe.valid, last)
        bins, overflow = pipe.after("loop", bins, overflow)

        # Constants times bins; nothing moves there while no result is asked for.
        if self.finish == "serial":
            m.submodules.finish = serial = SerialFinish(plan, adder)
            serial.connect(m, bins)
            held = Signal(name="overflow_held")
            with m.If(pipe.valid):
                m.d.sync += held.eq(overflow)
            m.d.comb += serial.start.eq(pipe.valid)
            pipe.valid, total, overflow = serial.done, serial.total, held
        else:
            m.submodules.finish = parallel = Finish(plan, adder)
            parallel.connect(m, [content & pipe.valid.replicate(len(content)) for content in bins])
            total = parallel.total
        total, overflow = pipe.after("finish", total, overflow)

        m.submodules.to_log = to_log = ToLog(
            plan.total_bits,
            plan.drop - plan.fraction_bits,
            fmt,
            midpoint_bits=self.midpoint_bits,
            arithmetic=self.midpoints == "arithmetic",
            adder=adder,
            normalizer=normalizer_for(self.objective),
        )
        m.d.comb += to_log.total.eq(total)
        code, total, overflow = pipe.after("round", to_log.code, total, overflow)
        m.d.comb += [
            self.y.eq(total.as_signed()),
            self.y_log.eq(code),
            self.overflow.eq(overflow),
            self.out_valid.eq(pipe.valid),
        ]
        return m

    def _deposits(
        self,
        m: Module,
        negatives: Sequence[Value],
        exponents: Sequence[Value],
        zeros: Sequence[Value],
    ) -> tuple[list[Value], list[Value], Value]:
        """Return what goes where: bins and amounts, and whether any quotient was too large."""
        plan, group = self.plan, self.sort
        selects: list[Value] = []
        amounts: list[Value] = []
        beyond: list[Value] = []
        for lane in range(0, plan.lanes, group):
            part = deposits(plan, group, adder_for(self.objective))
            m.submodules[f"deposit_{lane // group}"] = part
            for k in range(group):
                end = "" if group == 1 else f"_{k}"
                m.d.comb += [
                    getattr(part, f"negative{end}").eq(negatives[lane + k]),
                    getattr(part, f"exponent{end}").eq(exponents[lane + k]),
                    getattr(part, f"is_zero{end}").eq(zeros[lane + k]),
                ]
                selects.append(getattr(part, f"select{end}"))
                amounts.append(getattr(part, f"amount{end}"))
            beyond.append(part.beyond)
        return selects, amounts, Cat(beyond).any()

    def _is_due(self, m: Module, valid: Value, last: Value) -> Signal:
        """Return whether the bins hold a sum that is asked for.

        `last` is not heard while bins of the sum before may be waiting for their turn.
        """
        heard, is_due = Signal(), Signal()
        m.d.comb += heard.eq(valid & last)
        m.d.sync += is_due.eq(heard)
        if self.finish == "serial":
            bins = len(self.plan.constants)
            wait = Signal(range(bins))
            m.d.comb += heard.eq(valid & last & (wait == 0))
            with m.If(valid):
                m.d.sync += wait.eq(Mux(heard, bins - 1, Mux(wait == 0, 0, wait - 1)))
        return is_due

    def _accumulate(
        self, m: Module, valid: Value, rows: list[list[Value]], first: Value
    ) -> tuple[list[Signal], Value]:
        """Return the bins, each with one addition in its loop, and whether any saturates."""
        plan = self.plan
        bins = [Signal(plan.bin_bits, name=f"bin_{j}") for j in range(plan.registers)]
        saturated: list[Value] = []
        for j, (content, row) in enumerate(zip(bins, rows, strict=True)):
            m.submodules[f"add_{j}"] = add = AddToBin(plan, adder_for(self.objective))
            m.d.comb += [
                add.first.eq(row[0]),
                add.second.eq(row[1]),
                add.kept.eq(Mux(first, 0, content)),
            ]
            with m.If(valid):
                m.d.sync += content.eq(add.content)
            saturated.append(add.saturated)
        return bins, Cat(saturated).any()

    def _accumulate_one(
        self, m: Module, valid: Value, select: Value, amount: Value, first: Value
    ) -> tuple[list[Signal], Value]:
        """Return the same of a single lane: its one bin goes through the one adder there is."""
        plan = self.plan
        bins = [Signal(plan.bin_bits, name=f"bin_{j}") for j in range(plan.registers)]
        m.submodules.add = add = AddToBin(plan, adder_for(self.objective))
        kept = Const(0, plan.bin_bits)
        for j, content in enumerate(bins):
            kept |= content & select[j].replicate(plan.bin_bits)
        m.d.comb += [
            add.first.eq(amount if plan.is_paired else amount.as_signed()),
            add.kept.eq(Mux(first, 0, kept)),
        ]
        for j, content in enumerate(bins):
            with m.If(valid & (select[j] | first)):
                m.d.sync += content.eq(Mux(select[j], add.content, 0))
        return bins, add.saturated & select.any()
