"""The end of an exact dot product: from the sum in carry-save form to the code of the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING, Any, cast

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from hdl.bricks.adder import Adder
from hdl.formats import Format, IntFormat
from hdl.options import adder_for, normalizer_for
from hdl.stages.align import Align, frame_of
from hdl.stages.fixed import round_fraction
from hdl.stages.integer import fit_integer, integer_value
from hdl.stages.normalize import Normalize
from hdl.stages.pack import Pack
from hdl.stages.reduce import AddAligned
from hdl.stages.specials import Specials
from hdl.stages.terms import Case, TermRange, target_of
from hdl.stages.unpack import Unpack

if TYPE_CHECKING:
    from hdl.dot import Dot

__all__ = ["FixedTail", "FloatTail"]


class FloatTail:
    """From the exact sum of the products to the code of the result: addend, rounding, packing."""

    def __init__(
        self, dot: Dot, sum_bits: int, weight: int, product: TermRange, addend: Format | None
    ) -> None:
        self._dot = dot
        self._addend = addend
        target = target_of(dot.result)
        sum_range = replace(
            product,
            bits=sum_bits,
            offset=weight,
            min_weight=weight,
            max_weight=weight,
            cases=(Case(0, weight),),
        )
        adder = adder_for(dot.objective)
        bits, low, high = sum_bits + 1, weight, weight
        self.delays: dict[str, float] = {}
        if addend is not None:
            self.propagate = Adder(sum_bits + 1, adder)
            self.unpack = Unpack(addend, flush=dot.flush)
            frame = frame_of(sum_range, self.unpack.range, target)
            self.align = Align(sum_range, self.unpack.range, frame, factors=(), adder=adder)
            self.add = AddAligned(sum_bits + 1, frame)
            bits, low, high = frame.width + 2, frame.min_base, frame.max_base
            self.delays["propagate"] = 2 * log2(sum_bits) + 2
            self.delays["align"] = 2 * log2(bits) + 4
        self.normalize = Normalize(
            bits, low, high, target, adder=adder, kind=normalizer_for(dot.objective)
        )
        self.pack = Pack(
            dot.result,
            self.normalize.max_exponent,
            rounding=dot.rounding,
            overflow=dot.overflow,
            flush=dot.flush,
        )
        self.delays["normalize"] = 6 * log2(bits) + 4
        self.delays["pack"] = 2 * log2(target.precision + 2) + 4
        if dot.accumulate:
            self.delays = {"loop": sum(self.delays.values())}

    def elaborate(
        self,
        m: Module,
        after: Callable[..., Any],
        rows: Sequence[Value],
        specials: Specials,
        addend: Value,
        *,
        restart: Value,
    ) -> Value:
        """Return the code of the rounded sum of both `rows` and the addend.

        `restart` drops the addend. `after` places the registers, as `Pipeline.after` does.
        """
        sticky: Value = Const(0)
        base: Value = Const(0)
        if self._addend is not None:
            m.submodules.propagate = self.propagate
            m.d.comb += [self.propagate.a.eq(rows[0]), self.propagate.b.eq(rows[1])]
            value, addend, specials = after(
                "propagate", self.propagate.total[: self.propagate.bits], addend, specials
            )
            specials = self._align(m, value, specials, addend, restart)
            value, aligned, sticky, base, specials = after(
                "align",
                value,
                self.align.aligned,
                self.align.sticky,
                self.align.base,
                specials,
            )
            m.submodules.add = self.add
            m.d.comb += [
                self.add.value.eq(value),
                self.add.aligned.eq(aligned),
            ]
            rows = self.add.first, self.add.second

        m.submodules.normalize = self.normalize
        self.normalize.connect(m, rows[0], rows[1], sticky, base)
        number, sign, specials = after(
            "normalize", self.normalize.normalized, self.normalize.negative, specials
        )

        m.submodules.pack = self.pack
        self.pack.connect(m, sign, number, specials.resolve(self._dot.rounding))
        return after("pack", self.pack.code)

    def _align(
        self, m: Module, value: Value, specials: Specials, addend: Value, restart: Value
    ) -> Specials:
        m.submodules.unpack_c, m.submodules.align = self.unpack, self.align
        m.d.comb += self.unpack.code.eq(addend)
        c = self.unpack.term
        # Without an addend there is nothing to add and nothing special.
        c = replace(
            c,
            significand=Mux(restart, 0, c.significand),
            is_zero=c.is_zero | restart,
            is_inf=c.is_inf & ~restart,
            is_nan=c.is_nan & ~restart,
        )
        self.align.connect(m, (), value == 0, c, c.sign)
        return specials.with_term(c, restart)


class FixedTail:
    """From the exact sum of the products to an integer: no normalization, and a short loop.

    The sum's carries are propagated before the accumulator's loop, which holds an addition, the
    rounding of a fraction where there is one, and the clamp.
    """

    def __init__(self, dot: Dot, sum_bits: int, weight: int) -> None:
        self._dot = dot
        result = cast(IntFormat, dot.result)
        self._fraction = max(0, -weight)
        self._shift = max(0, weight)
        adder = adder_for(dot.objective)
        self._propagate = Adder(sum_bits + 1, adder)
        bits = sum_bits + 1 + self._shift
        if dot.accumulate:
            # A sign for an unsigned accumulator, and a bit for the sum.
            bits = max(bits, result.width + 1 + self._fraction) + 1
            self._loop = Adder(bits, adder)
        self._bits = bits
        propagate, fit = 2 * log2(sum_bits) + 2, 2 * log2(bits) + 4
        self.delays = {"propagate": propagate, "loop" if dot.accumulate else "fit": fit}

    def propagate(
        self,
        m: Module,
        after: Callable[..., Any],
        rows: Sequence[Value],
        specials: Specials,
        restart: Value,
    ) -> tuple[Value, Specials, Value]:
        """Add both rows."""
        m.submodules.propagate = self._propagate
        m.d.comb += [self._propagate.a.eq(rows[0]), self._propagate.b.eq(rows[1])]
        total = Signal(signed(self._propagate.bits))
        m.d.comb += total.eq(self._propagate.total)
        return after("propagate", total, specials, restart)

    def elaborate(
        self,
        m: Module,
        after: Callable[..., Any],
        rows: Sequence[Value],
        specials: Specials,
        addend: Value,
        *,
        restart: Value,
    ) -> Value:
        """Return the code of the rounded sum, or with an accumulator of that and the `addend`.

        `rows` is the propagated sum alone where there is an accumulator.
        """
        dot, result = self._dot, cast(IntFormat, self._dot.result)
        if dot.accumulate:
            (total,) = rows
        else:
            total, specials, _ = self.propagate(m, after, rows, specials, Const(0))
        placed = Signal(signed(self._bits))
        m.d.comb += placed.eq(total << self._shift)
        if dot.accumulate:
            m.submodules.accumulate = self._loop
            kept = Mux(restart, 0, integer_value(addend, result)) << self._fraction
            m.d.comb += [self._loop.a.eq(placed), self._loop.b.eq(kept)]
            placed = Signal(signed(self._bits), name="running")
            m.d.comb += placed.eq(self._loop.total)
        rounded = round_fraction(m, placed, self._fraction, dot.rounding)
        fitted, _ = fit_integer(m, rounded, result, saturate=True)
        special = specials.resolve(dot.rounding)
        limit = Mux(special.inf_sign, result.min_value, result.max_value)
        code = Signal(result.width, name="code")
        m.d.comb += code.eq(Mux(special.is_nan, 0, Mux(special.is_inf, limit, fitted)))
        return after("fit", code)
