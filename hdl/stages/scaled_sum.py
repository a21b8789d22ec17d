"""From an exact sum with an exponent of its own to a rounded result: addend, rounding, packing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log2
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.bricks.rounding import Rounding
from hdl.formats import Format
from hdl.options import Objective, adder_for, normalizer_for
from hdl.stages.align import Align, frame_of
from hdl.stages.normalize import Normalize
from hdl.stages.pack import Overflow, Pack
from hdl.stages.reduce import AddAligned
from hdl.stages.specials import Specials
from hdl.stages.terms import Case, Term, TermRange, target_of
from hdl.stages.unpack import Unpack

__all__ = ["ScaledSum"]


class ScaledSum:
    """``y = round(value * 2**(weight + sum of exponents) + addend)``, rounded once.

    Not a component of its own: a unit puts its steps into its pipeline, or into the loop of its
    accumulator.

    Parameters
    ----------
    bits
        Width of the two's-complement value, which is never the most negative one.
    weight
        Weight of its lowest bit where the exponents are zero.
    scales
        Ranges of the terms whose exponents and offsets are added to that weight.
    y
        Format of the result.
    addend
        Format of the addend; None for none.
    rounding, overflow, objective
        As in the units.

    Attributes
    ----------
    delays : dict
        Estimated delay of each step, in datapath order.
    """

    def __init__(
        self,
        bits: int,
        weight: int,
        scales: Sequence[TermRange],
        y: Format,
        addend: Format | None,
        *,
        rounding: Rounding,
        overflow: Overflow,
        objective: Objective,
    ) -> None:
        self._scales = scales
        self._rounding: Rounding = rounding
        adder = adder_for(objective)
        target = target_of(y)
        highest = weight + sum(scale.max_weight for scale in scales)
        self._range = TermRange(
            bits=bits - 1,
            offset=weight + sum(scale.offset for scale in scales),
            min_weight=weight + sum(scale.min_weight for scale in scales),
            max_weight=highest,
            cases=(Case(0, highest),),
            has_inf=True,
            has_nan=True,
        )
        width, low, high = bits, self._range.min_weight, highest
        self.delays: dict[str, float] = {}
        self._addend = addend
        if addend is not None:
            self._unpack = Unpack(addend)
            frame = frame_of(self._range, self._unpack.range, target)
            self._align = Align(self._range, self._unpack.range, frame, factors=scales, adder=adder)
            self._add = AddAligned(bits, frame)
            width, low, high = frame.width + 2, frame.min_base, frame.max_base
            self.delays["align"] = 2 * log2(width) + 4
        self._normalize = Normalize(
            width, low, high, target, adder=adder, kind=normalizer_for(objective)
        )
        self._pack = Pack(y, self._normalize.max_exponent, rounding=rounding, overflow=overflow)
        self.delays["normalize"] = 6 * log2(width) + 4
        self.delays["pack"] = 2 * log2(target.precision + 2) + 4

    def elaborate(
        self,
        m: Module,
        after: Callable[..., Any],
        value: Value,
        scales: Sequence[Term],
        *,
        specials: Specials,
        addend: Value,
        restart: Value,
    ) -> Value:
        """Return the code of the result.

        `specials` are those of everything but the addend, which `restart` drops. `after` places
        the registers, as `hdl.pipeline.Pipeline.after` does.
        """
        sticky: Value = Const(0)
        first, second = value, Const(0)
        if self._addend is None:
            base = self._weight(m, scales)
        else:
            m.submodules.unpack_c, m.submodules.align = self._unpack, self._align
            m.submodules.add = add = self._add
            m.d.comb += self._unpack.code.eq(addend)
            c = self._unpack.term
            # Without an addend there is nothing to add and nothing special.
            c = replace(
                c,
                significand=Mux(restart, 0, c.significand),
                is_zero=c.is_zero | restart,
                is_inf=c.is_inf & ~restart,
                is_nan=c.is_nan & ~restart,
            )
            self._align.connect(m, scales, value == 0, c, c.sign)
            specials = specials.with_term(c, restart)
            value, aligned, sticky, base, specials = after(
                "align",
                value,
                self._align.aligned,
                self._align.sticky,
                self._align.base,
                specials,
            )
            m.d.comb += [
                add.value.eq(value),
                add.aligned.eq(aligned),
            ]
            first, second = add.first, add.second
        m.submodules.normalize = normalize = self._normalize
        normalize.connect(m, first, second, sticky, base)
        number, sign, specials = after(
            "normalize", normalize.normalized, normalize.negative, specials
        )
        m.submodules.pack = pack = self._pack
        pack.connect(m, sign, number, specials.resolve(self._rounding))
        return after("pack", pack.code)

    def _weight(self, m: Module, scales: Sequence[Term]) -> Value:
        """Return the weight of the value's lowest bit; ignored where it is fixed."""
        if self._normalize.fixed_base is not None:
            return Const(0)
        base = Signal(self._normalize.base.shape(), name="base")
        exponents = [Cat(scale.exponent, Const(0)).as_signed() for scale in scales]
        m.d.comb += base.eq(sum(exponents, start=Const(self._range.offset)))
        return base
