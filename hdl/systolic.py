# amaranth: UnusedElaboratable=no
# Constructors make a cell only to hear what it has against its formats and options.
"""Systolic array: weights stay, activations move right, sums move down."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.rounding import Rounding
from hdl.fma import Fma
from hdl.formats import Format
from hdl.options import Objective, Subnormals
from hdl.ports import Port, data_port, members
from hdl.stages.pack import Overflow

__all__ = ["MAX_SIZE", "MAX_STAGES", "Systolic", "SystolicCell"]

MAX_SIZE = 256
"""Most rows, and most columns."""

MAX_STAGES = 16


class Systolic(wiring.Component):
    """``y = c + a W``: a row of activations times the weights, by a systolic array, in each cycle.

    Weights W (rows x cols) are held, two sets of them. In a cycle with `load`, `b` is the next row
    of weights of the set that rests: row 0 first after a `swap`, and after the last row again row
    0. In a cycle with `swap`, the sets change places before anything else happens: the activations
    of this cycle are the first to meet the weights loaded in the cycles before. So new weights are
    loaded in `rows` cycles, one row a cycle, while the old ones work. Both are looked at with
    `in_valid` only. After reset all weights are zeros.

    The sum of a column starts from `c`, or +0 without, and gets one product after the other, from
    row 0 on, each by a fused multiply-add with a rounding of its own. So integers are exact,
    modulo 2^n with `overflow` ``wrap``; sums of floats depend on the order of the rows.

    Users see aligned rows: registers at the edges skew what goes in and align what comes out. A
    cell takes ``stages + 1`` cycles; one row of results a cycle, ``rows * (stages + 1) + cols``
    cycles after its operands.

    Parameters
    ----------
    rows, cols
        Size of the array: activations and results in a row.
    a, b
        Formats of activations and weights.
    y
        Format of sums.
    c
        Format of the addends; None for none.
    rounding, overflow, subnormals, objective
        As in `hdl.fma.Fma`, for every cell.
    stages
        Pipeline registers in a cell, beyond the one that it has anyway.

    Attributes
    ----------
    latency : int
        Cycles from operands to result.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    load : In(1)
        `b` is a row of weights.
    swap : In(1)
        The weights loaded are those in use from this cycle on.
    a : In(rows * bits)
    b : In(cols * bits)
    c : In(cols * bits)
    out_valid : Out(1)
    y : Out(cols * bits)

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        rows: int,
        cols: int,
        a: Format,
        b: Format,
        y: Format,
        *,
        c: Format | None = None,
        rounding: Rounding = "rne",
        overflow: Overflow | None = None,
        subnormals: Subnormals = "ieee",
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        for name, size in (("rows", rows), ("cols", cols)):
            if not 1 <= size <= MAX_SIZE:
                raise ValueError(f"{name} = {size} is not in 1..{MAX_SIZE}")
        if not 0 <= stages <= MAX_STAGES:
            raise ValueError(f"stages = {stages} is not in 0..{MAX_STAGES}")
        self.size = rows, cols
        self.factors = a, b
        self.result = y
        self.addend = c
        self.delay = stages + 1
        self._options: dict[str, Any] = {
            "rounding": rounding,
            "overflow": overflow,
            "subnormals": subnormals,
            "stages": self.delay,
            "objective": objective,
        }
        for addend in {y, c or y}:
            SystolicCell(a, b, addend, y, **self._options)  # complains now, not when elaborated
        self.latency = rows * self.delay + cols
        self.ports: tuple[Port, ...] = (
            Port("in_valid", "in", 1, "valid"),
            Port("load", "in", 1, "control"),
            Port("swap", "in", 1, "control"),
            data_port("a", "in", a, rows),
            data_port("b", "in", b, cols),
            *((data_port("c", "in", c, cols),) if c else ()),
            Port("out_valid", "out", 1, "valid"),
            data_port("y", "out", y, cols),
        )
        super().__init__(members(self.ports))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows, cols = self.size
        load, swap = Signal(), Signal()
        m.d.comb += [load.eq(self.in_valid & self.load), swap.eq(self.in_valid & self.swap)]

        # Which row comes next.
        row, next_row = Signal(range(rows)), Signal(range(rows))
        m.d.comb += next_row.eq(Mux(swap, 0, row))
        last = next_row == rows - 1
        m.d.sync += row.eq(Mux(load, Mux(last, 0, next_row + 1), next_row))

        # Cell (r, c) swaps for the operands of cycle t in cycle t + r * delay + c, and takes their
        # activation and the sum from above one cycle later, from the weight then in its place. It
        # loads already in t + r * (delay - 1) + c: row r can only come r cycles after a swap, so
        # that this is no earlier than the swap, and always earlier than the next one.
        a_bits, b_bits = (fmt.bits for fmt in self.factors)
        weights = [self._late(m, self.b.word_select(c, b_bits), c, f"b_{c}") for c in range(cols)]
        sums = [self._late(m, self._start(c), c + 1, f"c_{c}") for c in range(cols)]
        for r in range(rows):
            activation = self._late(m, self.a.word_select(r, a_bits), r * self.delay + 1, f"a_{r}")
            chosen = Signal(name=f"load_row_{r}")
            m.d.comb += chosen.eq(load & (next_row == r))
            chosen = self._late(m, chosen, r * (self.delay - 1), f"load_{r}", reset_less=False)
            if r:
                swap = self._late(m, swap, self.delay, f"swap_{r}", reset_less=False)
                weights = [
                    self._late(m, weight, self.delay - 1, f"b_{c}_{r}")
                    for c, weight in enumerate(weights)
                ]
            cells: list[Any] = [self._cell(r) for _ in range(cols)]
            step = activation, chosen, swap
            for c, cell in enumerate(cells):
                m.submodules[f"cell_{r}_{c}"] = cell
                m.d.comb += [
                    cell.a.eq(step[0]),
                    cell.load.eq(step[1]),
                    cell.swap.eq(step[2]),
                    cell.b.eq(weights[c]),
                    cell.c.eq(sums[c]),
                ]
                step = cell.next_a, cell.next_load, cell.next_swap
            sums = [cell.y for cell in cells]

        results = [self._late(m, sums[c], cols - 1 - c, f"y_{c}") for c in range(cols)]
        flight = self._late(m, self.in_valid, self.latency, "valid", reset_less=False)
        m.d.comb += [self.y.eq(Cat(results)), self.out_valid.eq(flight)]
        return m

    def _cell(self, row: int) -> SystolicCell:
        addend = self.addend if self.addend and row == 0 else self.result
        return SystolicCell(*self.factors, addend, self.result, **self._options)

    def _start(self, column: int) -> Value:
        """Return what the sum of a column starts from."""
        if self.addend is None:
            return Const(0, self.result.bits)
        return self.c.word_select(column, self.addend.bits)

    def _late(
        self, m: Module, value: Value, cycles: int, name: str, *, reset_less: bool = True
    ) -> Value:
        """Return a value some cycles later; constants never change."""
        if isinstance(value, Const):
            return value
        for cycle in range(cycles):
            register = Signal(value.shape(), name=f"{name}_late_{cycle}", reset_less=reset_less)
            m.d.sync += register.eq(value)
            value = register
        return value


class SystolicCell(wiring.Component):
    """A multiply-add whose weight stays, with the next weight beside it.

    ``y = a * weight + c``, `stages` cycles later; `weight` is what was loaded before the last
    `swap`. Activation and both controls go on to the next cell, a cycle later.

    Parameters
    ----------
    a, b, c, y, rounding, overflow, subnormals, stages, objective
        As in `hdl.fma.Fma`; at least one stage.
    """

    def __init__(self, a: Format, b: Format, c: Format, y: Format, **options: Any) -> None:
        self.formats = a, b, c
        self.result = y
        self.options = options
        Fma(a, b, c, y, **options)
        super().__init__(
            {
                "load": In(1),
                "swap": In(1),
                "a": In(a.bits),
                "b": In(b.bits),
                "c": In(c.bits),
                "next_load": Out(1),
                "next_swap": Out(1),
                "next_a": Out(a.bits),
                "y": Out(y.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waiting, weight = Signal(self.b.shape()), Signal(self.b.shape())
        with m.If(self.load):
            m.d.sync += waiting.eq(self.b)
        with m.If(self.swap):
            m.d.sync += weight.eq(waiting)
        passed = Signal(self.a.shape(), reset_less=True)
        m.d.sync += [
            passed.eq(self.a),
            self.next_load.eq(self.load),
            self.next_swap.eq(self.swap),
        ]
        m.submodules.multiply = multiply = Fma(*self.formats, self.result, **self.options)
        m.d.comb += [
            self.next_a.eq(passed),
            multiply.a.eq(self.a),
            multiply.b.eq(weight),
            multiply.c.eq(self.c),
            self.y.eq(multiply.y),
        ]
        return m
