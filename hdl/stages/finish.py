"""From bins to their sum, each with its constant: all at once, or one a cycle."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import Adder, AdderKind
from hdl.bricks.bit_heap import BitHeap
from hdl.bricks.constant_multiple import add_multiple
from hdl.bricks.lut import Lut
from hdl.bricks.multiplier import add_product
from hdl.stages.bins import BinPlan

__all__ = ["Finish", "SerialFinish"]


class _FromBins(wiring.Component):
    """What both have in common: ports for the bins."""

    plan: BinPlan
    adder: AdderKind

    def _difference(self, m: Module, name: str, up: Value, down: Value) -> Value:
        """Return ``up - down``, signed: ``up + ~down + 1``, whose carry says ``up >= down``."""
        m.submodules[name] = subtract = Adder(len(up), self.adder)
        m.d.comb += [subtract.a.eq(up), subtract.b.eq(~down), subtract.carry_in.eq(1)]
        return Cat(subtract.total[:-1], ~subtract.total[-1])

    def connect(self, m: Module, bins: Sequence[Value]) -> None:
        """Feed the bins in, those of pairs all up, then all down."""
        for j, content in enumerate(bins):
            m.d.comb += getattr(self, f"bin_{j}").eq(content)


class Finish(_FromBins):
    """``total = sum(constants[j] * bin[j])``, shifts and additions in one heap. Combinational.

    Parameters
    ----------
    plan
        Constants and widths.
    adder
        The final adder.

    Members
    -------
    bin_0, bin_1, ... : In(plan.bin_bits)
    total : Out(signed(plan.total_bits))
    """

    def __init__(self, plan: BinPlan, adder: AdderKind) -> None:
        self.plan = plan
        self.adder: AdderKind = adder
        super().__init__(
            {f"bin_{j}": In(plan.bin_bits) for j in range(plan.registers)}
            | {"total": Out(signed(plan.total_bits))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(self.plan.total_bits)
        for j, constant in enumerate(self.plan.constants):
            content = getattr(self, f"bin_{j}")
            if self.plan.is_paired:
                down = getattr(self, f"bin_{j + len(self.plan.constants)}")
                content = self._difference(m, f"difference_{j}", content, down)
            add_multiple(heap, content, constant, is_signed=True)
        m.d.comb += self.total.eq(heap.sum(m, self.adder).as_signed())
        return m


class SerialFinish(_FromBins):
    """The same as `Finish`, with one multiplication by a constant a cycle.

    The bins are read in the cycle of `start` and copied, but for the first, which is used at once;
    `done` comes as many cycles later as there are constants. A `start` before that begins anew.

    Parameters
    ----------
    plan
        Constants and widths.
    adder
        The final adder.

    Members
    -------
    start : In(1)
    bin_0, bin_1, ... : In(plan.bin_bits)
    done : Out(1)
    total : Out(signed(plan.total_bits))
    """

    def __init__(self, plan: BinPlan, adder: AdderKind) -> None:
        self.plan = plan
        self.adder: AdderKind = adder
        super().__init__(
            {f"bin_{j}": In(plan.bin_bits) for j in range(plan.registers)}
            | {"start": In(1), "done": Out(1), "total": Out(signed(plan.total_bits))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        steps = len(plan.constants)
        bins = [getattr(self, f"bin_{j}") for j in range(plan.registers)]

        # Which constant it is the turn of; 0 also between sums.
        turn = Signal(range(steps))
        ends = Signal()
        m.d.comb += ends.eq((turn == steps - 1) & ~self.start)
        busy = Signal()
        m.d.comb += busy.eq(self.start | (turn != 0))
        with m.If(busy):
            m.d.sync += turn.eq(Mux(self.start, 1, Mux(ends, 0, turn + 1)))
        m.d.sync += self.done.eq(ends)

        # The bins still to come; those of a pair side by side. They move up a place a cycle.
        heads = range(0, plan.registers, steps)
        waiting: list[Value] = [Cat(bins[head + k] for head in heads) for k in range(steps)]
        copies = [Signal(len(waiting[0]), name=f"waiting_{k}") for k in range(1, steps)]
        with m.If(busy):
            for k, copy in enumerate(copies):
                following = copies[k + 1] if k + 1 < len(copies) else copy
                m.d.sync += copy.eq(Mux(self.start, waiting[k + 1], following))
        current = Signal(len(waiting[0]))
        m.d.comb += current.eq(Mux(self.start, waiting[0], copies[0]))

        # Multiply and add.
        bits = max(plan.constants).bit_length()
        m.submodules.constant = constant = Lut(plan.constants, bits)
        m.d.comb += constant.x.eq(Mux(self.start, 0, turn))
        heap = BitHeap(plan.total_bits)
        content: Value = current
        if plan.is_paired:
            up, down = current[: plan.bin_bits], current[plan.bin_bits :]
            content = self._difference(m, "difference", up, down)
        add_product(heap, content, constant.y, a_signed=True)
        heap.add_signed(Mux(self.start, 0, self.total).as_signed())
        with m.If(busy):
            m.d.sync += self.total.eq(heap.sum(m, self.adder).as_signed())
        return m
