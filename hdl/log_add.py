"""Sum of two log numbers, the classical way: a table of Gaussian logarithms."""

from __future__ import annotations

from math import log2

from amaranth.hdl import Cat, Module, Mux, Signal, signed

from hdl.bricks.adder import Adder
from hdl.bricks.lut import Lut
from hdl.formats import Format, LogFormat
from hdl.options import Objective, adder_for, check_choices
from hdl.pipeline import Pipeline
from hdl.ports import data_port
from hdl.stages.gaussian import VARIANTS, Variant, gaussian_logarithms
from hdl.unit import Unit

__all__ = ["MAX_EXPONENT_BITS", "MAX_INTEGER_BITS", "LogAdd"]

MAX_EXPONENT_BITS = 12
MAX_INTEGER_BITS = 6


class LogAdd(Unit):
    """``y = a + b`` of log numbers: the larger exponent, plus a table's entry for their distance.

    The table holds ``log2(1 + 2**-d)`` for equal and ``log2(1 - 2**-d)`` for opposite signs. The
    result is the nearest log number, that is, of the nearest logarithm; sums too large become the
    largest number, sums of at least half the smallest number become that, and smaller ones zero,
    with sign 0. One result a cycle, `latency` cycles after its operands.

    Parameters
    ----------
    fmt
        Format of `a`, `b` and `y`: 6 integer bits and 12 bits in all at most, beside the sign.
    variant
        ``correct``; ``faithful``: either of both nearest log numbers, for a smaller table.
    stages, objective
        As in `hdl.fma.Fma`.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    a, b : In(fmt.bits)
    out_valid : Out(1)
    y : Out(fmt.bits)

    Raises
    ------
    ValueError
        If the format is no log format or too long.
    """

    def __init__(
        self,
        fmt: Format,
        *,
        variant: Variant = "correct",
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        if not isinstance(fmt, LogFormat):
            raise ValueError(f"format = {fmt.name} is no log format")
        if fmt.bits - 1 > MAX_EXPONENT_BITS or fmt.integer_bits > MAX_INTEGER_BITS:
            raise ValueError(
                f"format = {fmt.name} has more than {MAX_INTEGER_BITS} integer bits or "
                f"{MAX_EXPONENT_BITS} in all"
            )
        check_choices(("variant", variant, VARIANTS))
        self.format = fmt
        self.variant: Variant = variant
        super().__init__(
            (data_port("a", "in", fmt), data_port("b", "in", fmt)),
            (data_port("y", "out", fmt),),
            stages=stages,
            objective=objective,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, bits = self.format, self.format.bits - 1
        adder = adder_for(self.objective)
        delays = {"compare": 4 * log2(bits) + 6, "table": 3.0 * bits, "add": 2 * log2(bits) + 8}
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # The larger one, and how far the smaller is below: |a - b|, a - b = ~(~a + b).
        m.submodules.distance = subtract = Adder(bits, adder)
        m.d.comb += [subtract.a.eq(~self.a[:-1]), subtract.b.eq(self.b[:-1])]
        # b - a - 1 has carried: b is larger, and one more than the sum's low bits below.
        b_larger = subtract.total[bits]
        m.submodules.magnitude = increment = Adder(bits, adder)
        below = subtract.total[:bits]
        m.d.comb += [
            increment.a.eq(Mux(b_larger, below, ~below)),
            increment.carry_in.eq(b_larger),
        ]
        larger, smaller = Signal(bits + 1), Signal(bits + 1)
        m.d.comb += [
            larger.eq(Mux(b_larger, self.b, self.a)),
            smaller.eq(Mux(b_larger, self.a, self.b)),
        ]
        opposed, is_alone = Signal(), Signal()
        m.d.comb += [opposed.eq(larger[-1] ^ smaller[-1]), is_alone.eq(~smaller[:-1].any())]
        distance, larger, opposed, is_alone = pipe.after(
            "compare", increment.total[:bits], larger, opposed, is_alone
        )

        # Both tables side by side. Beside an entry stands whether it is more than the logarithm,
        # where that may decide if a difference is zero.
        tables = [gaussian_logarithms(fmt, self.variant, subtract=which) for which in (False, True)]
        steps = 1 << fmt.fraction_bits
        entry_bits = max(abs(entry) for table in tables for entry, _ in table).bit_length() + 1
        contents: list[int] = []
        for is_difference, table in enumerate(tables):
            for entry, floor in [*table, table[-1]]:
                is_up = is_difference and entry > floor and floor < -steps
                contents.append(entry % (1 << entry_bits) << 1 | is_up)
        m.submodules.table = table = Lut(contents, entry_bits + 1)
        m.d.comb += table.x.eq(Cat(distance, opposed))
        cancels = Signal()
        m.d.comb += cancels.eq(opposed & (distance == 0))
        entry, is_up, larger, cancels, is_alone = pipe.after(
            "table", table.y[1:], table.y[0], larger, cancels, is_alone
        )

        # Half the smallest number is an octave below it.
        raw = Signal(signed(bits + 2))
        m.d.comb += raw.eq(larger[:-1] + entry.as_signed())
        vanishes = Signal()
        m.d.comb += vanishes.eq(
            cancels | (raw < 1 - steps) | ((raw == 1 - steps) & is_up) | ~larger[:-1].any()
        )
        code = Signal(bits + 1)
        m.d.comb += code.eq(
            Mux(
                is_alone,
                larger,
                Cat(Mux(raw < 1, 1, Mux(raw > fmt.max_code, fmt.max_code, raw))[:bits], larger[-1]),
            )
        )
        code = pipe.after("add", Mux(vanishes & (~is_alone | ~larger[:-1].any()), 0, code))
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
        return m
