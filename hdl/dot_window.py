"""The datapath of `dot` that adds its terms in a window below the largest of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING, Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.bricks.maximum import Maximum
from hdl.dot_tail import hold, no_registers
from hdl.options import adder_for, normalizer_for
from hdl.pipeline import Pipeline
from hdl.stages.codebook import unpack_of
from hdl.stages.normalize import Normalize
from hdl.stages.pack import Pack
from hdl.stages.product import Product
from hdl.stages.reduce import SumTerms
from hdl.stages.specials import Specials
from hdl.stages.terms import Term, TermRange, target_of
from hdl.stages.unpack import Unpack
from hdl.stages.window import CutTerm, LargestExponent, fraction_bits, window_of

if TYPE_CHECKING:
    from hdl.dot import Dot

__all__ = ["WindowDatapath"]


class WindowDatapath:
    """From the codes of a `Dot` to the code of its result, by way of a window.

    The products' largest exponent is found beside the products. With an internal accumulator the
    loop holds all that depends on it: the largest exponent of all, the shifts, the sum and its
    rounding.

    Parameters
    ----------
    dot
        The unit.
    kept, sticky
        Its window, see `hdl.stages.window.window_of`.
    """

    def __init__(self, dot: Dot, kept: int, *, sticky: bool) -> None:
        self._dot = dot
        adder = adder_for(dot.objective)
        compare = "serial" if dot.objective == "area" else "tree"
        a, b = dot.factors
        lanes = range(dot.lanes)
        self.unpack_a = [unpack_of(a, flush=dot.flush) for _ in lanes]
        self.unpack_b = [unpack_of(b, flush=dot.flush) for _ in lanes]
        factors = self.unpack_a[0].range, self.unpack_b[0].range
        self.multiply = [Product(*factors, adder) for _ in lanes]
        product = self.multiply[0].range
        self.maximum = Maximum(dot.lanes, max(1, product.exponent_bits), compare)

        # Of each kind of term: its range, the fraction bits of its significand.
        kinds = {"product": (product, fraction_bits(product, 2))}
        if dot.addend is not None:
            self.unpack_c = Unpack(dot.addend, flush=dot.flush)
            kinds["addend"] = (self.unpack_c.range, fraction_bits(self.unpack_c.range, 1))
        self.window = window = window_of(
            kept,
            sticky=sticky,
            exponents=[
                (kind.min_weight + fraction, kind.max_weight + fraction)
                for kind, fraction in kinds.values()
            ],
        )
        # Where a term's code 0 lies.
        self._origins = {name: kind.offset + fraction for name, (kind, fraction) in kinds.items()}
        self.largest = LargestExponent(
            window,
            (self._origins["product"], self.maximum.bits),
            (self._origins["addend"], self.unpack_c.range.exponent_bits)
            if dot.addend is not None
            else None,
            adder=adder,
            kind=compare,
        )
        copies = {"product": dot.lanes, "addend": 1}
        # One a term: the products, then the addend.
        self.cuts = [
            CutTerm(window, kind.bits, fraction, self._code_bits(kind, fraction))
            for name, (kind, fraction) in kinds.items()
            for _ in range(copies[name])
        ]
        terms = len(self.cuts)
        # Each below 2**term_bits, so a doubling for every doubling of the terms, and a sign.
        bits = window.term_bits + (terms - 1).bit_length() + 1
        self.sum = SumTerms(terms, window.term_bits, bits, adder, arrival=16.0)
        target = target_of(dot.result)
        self.normalize = Normalize(
            bits,
            window.min_exponent - window.kept,
            window.highest - window.kept,
            target,
            adder=adder,
            kind=normalizer_for(dot.objective),
        )
        self.pack = Pack(
            dot.result,
            self.normalize.max_exponent,
            rounding=dot.rounding,
            overflow=dot.overflow,
            flush=dot.flush,
            tensor_core=True,
        )
        self._front_delays = {
            "unpack": 3.0,
            "multiply": max(
                4 * log2(product.bits), 2 * log2(window.bits + 1) * (1 + log2(dot.lanes))
            ),
        }
        self._tail_delays = {
            "largest": 4 * log2(window.bits) + 2,
            "cut": 2 * log2(window.bits) + 2 * log2(window.term_bits),
            "sum": 4 * log2(terms + 1),
            "normalize": 6 * log2(bits) + 4,
            "pack": 2 * log2(target.precision + 2) + 4,
        }

    @property
    def delays(self) -> dict[str, float]:
        """Estimated delays of the steps between which there may be registers."""
        if self._dot.accumulate:
            return self._front_delays | {"loop": sum(self._tail_delays.values())}
        return self._front_delays | self._tail_delays

    def _code_bits(self, term: TermRange, fraction: int) -> int:
        """Return the width of the largest exponent's code, counted as a term's codes are."""
        return max(1, (self.window.highest - term.offset - fraction).bit_length())

    def elaborate(
        self, m: Module, pipe: Pipeline, lanes: Sequence[tuple[Value, Value]], extra: Value
    ) -> Value:
        """Return the code of the result.

        Parameters
        ----------
        lanes
            Codes of `a` and `b`.
        extra
            The addend, or with an accumulator whether it starts anew; ignored without either.
        """
        if not self._dot.accumulate:
            return self._elaborate(m, pipe, lanes, extra, restart=Const(0), after=pipe.after)
        accumulator = Signal(self._dot.result.bits)
        code = self._elaborate(m, pipe, lanes, accumulator, restart=extra, after=no_registers)
        return pipe.after("loop", hold(m, pipe, accumulator, code))

    def _elaborate(
        self,
        m: Module,
        pipe: Pipeline,
        lanes: Sequence[tuple[Value, Value]],
        addend: Value,
        *,
        restart: Value,
        after: Callable[..., Any],
    ) -> Value:
        """Return the code of the result.

        Parameters
        ----------
        lanes
            Codes of `a` and `b`.
        addend
            Code of the addend, from a port or the accumulator; ignored where there is none.
        restart
            Drops the addend.
        after
            Places the registers from the steps on that an accumulator would have in its loop.
        """
        dot = self._dot
        for i in range(dot.lanes):
            m.submodules[f"unpack_a_{i}"] = self.unpack_a[i]
            m.submodules[f"unpack_b_{i}"] = self.unpack_b[i]
            m.submodules[f"product_{i}"] = self.multiply[i]
        m.submodules.products_maximum = self.maximum
        m.submodules.largest = self.largest

        # Codes to fields.
        for i, (a_code, b_code) in enumerate(lanes):
            m.d.comb += [self.unpack_a[i].code.eq(a_code), self.unpack_b[i].code.eq(b_code)]
        external = () if dot.accumulate or dot.addend is None else (self._unpack_addend(m, addend),)
        a, b, restart, *external = pipe.after(
            "unpack",
            [u.term for u in self.unpack_a],
            [u.term for u in self.unpack_b],
            restart,
            *external,
        )

        # The exact products, and the largest exponent of those that are not zero.
        terms = [
            lane.connect(m, a[i], b[i], name=f"product_{i}") for i, lane in enumerate(self.multiply)
        ]
        for i, term in enumerate(terms):
            counted = term.exponent & (~term.is_zero).replicate(len(term.exponent))
            m.d.comb += getattr(self.maximum, f"number_{i}").eq(counted)
        any_product = Signal()
        m.d.comb += any_product.eq(~Cat(term.is_zero for term in terms).all())
        specials = Specials.of(m, terms)
        terms, largest_product, any_product, specials, restart, *external = pipe.after(
            "multiply",
            terms,
            self.maximum.largest,
            any_product,
            specials,
            restart,
            *external,
        )

        # With an accumulator this is where its loop begins.
        m.d.comb += [self.largest.products.eq(largest_product)]
        m.d.comb += [self.largest.any_product.eq(any_product)]
        c: list[Term] = list(external)
        if dot.accumulate:
            held = self._unpack_addend(m, addend)
            c = [
                replace(
                    held,
                    significand=Mux(restart, 0, held.significand),
                    is_zero=held.is_zero | restart,
                    is_inf=held.is_inf & ~restart,
                    is_nan=held.is_nan & ~restart,
                )
            ]
        for term in c:
            m.d.comb += [
                self.largest.addend.eq(term.exponent),
                self.largest.any_addend.eq(~term.is_zero),
            ]
            specials = specials.with_term(term, restart)
        largest, terms, c, specials = after("largest", self.largest.largest, terms, c, specials)

        # Each cut off below that, and their exact sum.
        origins = [self._origins["product"]] * dot.lanes
        if c:
            origins.append(self._origins["addend"])
        names = [*(f"cut_{i}" for i in range(dot.lanes)), "cut_c"]
        for name, cut, term, origin in zip(names, self.cuts, [*terms, *c], origins, strict=False):
            m.submodules[name] = cut
            m.d.comb += [
                cut.largest.eq(largest + (self.window.least - origin)),
                cut.code.eq(term.exponent),
                cut.significand.eq(term.significand),
            ]
        signs, magnitudes, largest, specials = after(
            "cut",
            [term.sign for term in [*terms, *c]],
            [cut.cut for cut in self.cuts],
            largest,
            specials,
        )
        m.submodules.sum = self.sum
        self.sum.connect(m, signs, magnitudes)
        first, second, largest, specials = after(
            "sum", self.sum.first, self.sum.second, largest, specials
        )

        # One normalization, one rounding.
        m.submodules.normalize = self.normalize
        base = largest + (self.window.least - self.window.kept)
        self.normalize.connect(m, first, second, Const(0), base)
        number, sign, specials = after(
            "normalize", self.normalize.normalized, self.normalize.negative, specials
        )
        m.submodules.pack = self.pack
        self.pack.connect(m, sign, number, specials.resolve(dot.rounding))
        return after("pack", self.pack.code)

    def _unpack_addend(self, m: Module, code: Value) -> Term:
        m.submodules.unpack_c = self.unpack_c
        m.d.comb += self.unpack_c.code.eq(code)
        return self.unpack_c.term
