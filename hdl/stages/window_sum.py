"""From terms and the largest exponent of all to a rounded result: shifts, sum, rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log2
from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value

from hdl.bricks.maximum import MaximumKind
from hdl.bricks.rounding import Rounding
from hdl.formats import Format
from hdl.options import Objective, adder_for, normalizer_for
from hdl.pipeline import Pipeline
from hdl.stages.loop import hold, no_registers
from hdl.stages.normalize import Normalize
from hdl.stages.pack import Overflow, Pack
from hdl.stages.reduce import SumTerms
from hdl.stages.specials import Specials
from hdl.stages.terms import Term, target_of
from hdl.stages.unpack import Unpack
from hdl.stages.window import CutTerm, LargestExponent, fraction_bits, window_of

__all__ = ["TermKind", "WindowSum", "comparison_for"]


def comparison_for(objective: Objective) -> MaximumKind:
    """Return how exponents are compared in units built for `objective`."""
    return "serial" if objective == "area" else "tree"


@dataclass(frozen=True)
class TermKind:
    """The terms of a sum that are no addend.

    Attributes
    ----------
    count
        How many.
    bits, fraction
        Width of a significand, and how many of its bits are below the 1 of its exponent's weight.
    least, highest
        Range of the exponents.
    origin
        The exponent whose code is 0.
    own_bits
        Width of the exponent codes that terms have themselves; 0 for none.
    shared
        How many codes that some of the terms share are added to these; 0 for none.
    headroom
        See `hdl.stages.window.Window`.
    """

    count: int
    bits: int
    fraction: int
    least: int
    highest: int
    origin: int
    own_bits: int
    shared: int = 0
    headroom: int = 2


class WindowSum:
    """The steps of a sum in a window, from its terms and the largest of their exponents on.

    Not a component of its own: a unit puts these steps into its pipeline, or into the loop of its
    accumulator.

    Parameters
    ----------
    terms
        The terms but an addend.
    largest_bits
        Width of the code of their largest exponent.
    kept, sticky
        The window, see `hdl.stages.window.window_of`.
    y, addend
        Formats of the result and of an addend; None for none.
    rounding, overflow, flush, objective
        As in the units.

    Attributes
    ----------
    window : Window
        What is kept.
    delays : dict
        Estimated delay of each step, in datapath order.
    """

    def __init__(
        self,
        terms: TermKind,
        largest_bits: int,
        kept: int,
        *,
        sticky: bool,
        y: Format,
        addend: Format | None,
        rounding: Rounding,
        overflow: Overflow,
        flush: bool = False,
        objective: Objective,
    ) -> None:
        self._terms = terms
        self._rounding: Rounding = rounding
        adder = adder_for(objective)
        exponents = [(terms.least, terms.highest)]
        self._unpack = None if addend is None else Unpack(addend, flush=flush)
        # Of the addend: bits, fraction bits, exponent whose code is 0, width of a code.
        c: tuple[int, int, int, int] | None = None
        if self._unpack is not None:
            kind = self._unpack.range
            fraction = fraction_bits(kind, 1)
            exponents.append((kind.min_weight + fraction, kind.max_weight + fraction))
            c = (kind.bits, fraction, kind.offset + fraction, kind.exponent_bits)
        self.window = window = window_of(
            kept, sticky=sticky, exponents=exponents, headroom=terms.headroom
        )
        self._largest = LargestExponent(
            window,
            (terms.origin, largest_bits),
            None if c is None else (c[2], c[3]),
            adder=adder,
            kind=comparison_for(objective),
        )

        def reference_bits(origin: int) -> int:
            # Width of the largest exponent's code, counted as a term's codes are.
            return max(1, (window.highest - origin).bit_length())

        self._reference_bits = reference_bits(terms.origin)
        code_bits = self._reference_bits
        if terms.shared:
            # From a distance on nothing of a term is left, whatever shared codes say.
            far = (1 << terms.own_bits) - 1 + window.term_bits
            code_bits = min(code_bits, far.bit_length())
        # One a term, the addend last.
        self._cuts = [
            CutTerm(window, terms.bits, terms.fraction, code_bits) for _ in range(terms.count)
        ]
        if c is not None:
            self._addend_origin = c[2]
            self._cuts.append(CutTerm(window, c[0], c[1], reference_bits(c[2])))
        count = len(self._cuts)
        # Each below 2**term_bits, so a doubling for every doubling of the terms, and a sign.
        bits = window.term_bits + (count - 1).bit_length() + 1
        self._sum = SumTerms(count, window.term_bits, bits, adder, arrival=16.0)
        target = target_of(y)
        self._normalize = Normalize(
            bits,
            window.min_exponent - window.kept,
            window.highest - window.kept,
            target,
            adder=adder,
            kind=normalizer_for(objective),
        )
        self._pack = Pack(
            y,
            self._normalize.max_exponent,
            rounding=rounding,
            overflow=overflow,
            flush=flush,
            tensor_core=True,
        )
        self.delays = {
            "largest": 4 * log2(window.bits) + 2,
            "cut": 2 * log2(window.bits) + 2 * log2(window.term_bits),
            "sum": 4 * log2(count + 1),
            "normalize": 6 * log2(bits) + 4,
            "pack": 2 * log2(target.precision + 2) + 4,
        }

    def unpack_addend(self, m: Module, code: Value) -> list[Term]:
        """Return the addend as a term; none without one."""
        if self._unpack is None:
            return []
        m.submodules.unpack_c = self._unpack
        m.d.comb += self._unpack.code.eq(code)
        return [self._unpack.term]

    def _held_addend(self, m: Module, code: Value, restart: Value) -> list[Term]:
        """Return an accumulator as a term; where it restarts, as one that is not there."""
        (held,) = self.unpack_addend(m, code)
        return [
            replace(
                held,
                significand=Mux(restart, 0, held.significand),
                is_zero=held.is_zero | restart,
                is_inf=held.is_inf & ~restart,
                is_nan=held.is_nan & ~restart,
            )
        ]

    def elaborate(
        self,
        m: Module,
        pipe: Pipeline,
        terms: list[Term],
        shared: list[Value],
        *,
        largest: Value,
        present: Value,
        specials: Specials,
        addend: list[Term],
        restart: Value,
        accumulate: bool,
    ) -> Value:
        """Return the code of the result.

        Parameters
        ----------
        terms
            The terms but the addend; zeros have a significand of 0.
        shared
            Exponent codes that as many of the terms share, in their order.
        largest, present
            The largest exponent code of all `terms` that are not zero, with what they share, and
            whether there is one.
        specials
            What the terms are beside numbers, but for the addend.
        addend
            It, or nothing; not the accumulator.
        restart
            Whether the accumulator starts anew.
        accumulate
            Whether there is one.
        """
        m.submodules.largest = self._largest
        m.d.comb += [self._largest.products.eq(largest), self._largest.any_product.eq(present)]
        accumulator = Signal(self._pack.fmt.bits)
        if accumulate:
            addend = self._held_addend(m, accumulator, restart)
        for term in addend:
            m.d.comb += [
                self._largest.addend.eq(term.exponent),
                self._largest.any_addend.eq(~term.is_zero),
            ]
            specials = specials.with_term(term, restart if accumulate else Const(0))
        if not accumulate:
            return self._add(m, pipe.after, terms, shared, addend=addend, specials=specials)
        code = self._add(m, no_registers, terms, shared, addend=addend, specials=specials)
        return pipe.after("loop", hold(m, pipe, accumulator, code))

    def _add(
        self,
        m: Module,
        after: Callable[..., Any],
        terms: list[Term],
        shared: list[Value],
        *,
        addend: list[Term],
        specials: Specials,
    ) -> Value:
        """Return the code; `after` places the registers, as `Pipeline.after` does."""
        window, kind = self.window, self._terms
        largest, terms, shared, addend, specials = after(
            "largest", self._largest.largest, terms, shared, addend, specials
        )

        # Each cut off below that, and their exact sum.
        common = largest + (window.least - kind.origin)
        references = [common]
        if shared:
            references = [self._reference(m, common, code, j) for j, code in enumerate(shared)]
        each = kind.count // len(references)
        for i, cut in enumerate(self._cuts[: kind.count]):
            m.submodules[f"cut_{i}"] = cut
            m.d.comb += cut.largest.eq(references[i // each])
        for cut in self._cuts[kind.count :]:
            m.submodules.cut_c = cut
            m.d.comb += cut.largest.eq(largest + (window.least - self._addend_origin))
        for cut, term in zip(self._cuts, [*terms, *addend], strict=True):
            m.d.comb += [cut.code.eq(term.exponent), cut.significand.eq(term.significand)]
        signs, magnitudes, largest, specials = after(
            "cut",
            [term.sign for term in [*terms, *addend]],
            [cut.cut for cut in self._cuts],
            largest,
            specials,
        )
        m.submodules.sum = self._sum
        self._sum.connect(m, signs, magnitudes)
        first, second, largest, specials = after(
            "sum", self._sum.first, self._sum.second, largest, specials
        )

        # One normalization, one rounding.
        m.submodules.normalize = self._normalize
        base = largest + (window.least - window.kept)
        self._normalize.connect(m, first, second, Const(0), base)
        number, sign, specials = after(
            "normalize", self._normalize.normalized, self._normalize.negative, specials
        )
        m.submodules.pack = self._pack
        self._pack.connect(m, sign, number, specials.resolve(self._rounding))
        return after("pack", self._pack.code)

    def _reference(self, m: Module, common: Value, code: Value, j: int) -> Value:
        """Return the largest exponent as terms see it whose exponents `code` is added to.

        Never negative but where all such terms are zero, and limited to what shifts everything out.
        """
        bits = len(self._cuts[0].largest)
        exact = Signal(self._reference_bits, name=f"reference_{j}")
        m.d.comb += exact.eq(common - code)
        if bits == len(exact):
            return exact
        limited = Signal(bits, name=f"limited_{j}")
        m.d.comb += limited.eq(exact[:bits] | exact[bits:].any().replicate(bits))
        return limited
