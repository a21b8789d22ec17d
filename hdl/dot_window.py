"""The datapath of `dot` that adds its terms in a window below the largest of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hdl.bricks.maximum import Maximum
from hdl.options import adder_for
from hdl.pipeline import Pipeline
from hdl.stages.codebook import unpack_of
from hdl.stages.product import Product
from hdl.stages.specials import Specials
from hdl.stages.window import fraction_bits
from hdl.stages.window_sum import TermKind, WindowSum, comparison_for

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

    Attributes
    ----------
    delays : dict
        Estimated delays of the steps between which there may be registers.
    """

    def __init__(self, dot: Dot, kept: int, *, sticky: bool) -> None:
        self._dot = dot
        a, b = dot.factors
        lanes = range(dot.lanes)
        self.unpack_a = [unpack_of(a, flush=dot.flush) for _ in lanes]
        self.unpack_b = [unpack_of(b, flush=dot.flush) for _ in lanes]
        factors = self.unpack_a[0].range, self.unpack_b[0].range
        self.multiply = [Product(*factors, adder_for(dot.objective)) for _ in lanes]
        product = self.multiply[0].range
        bits = max(1, product.exponent_bits)
        self.maximum = Maximum(dot.lanes, bits, comparison_for(dot.objective))
        fraction = fraction_bits(product, 2)
        self.tail = WindowSum(
            TermKind(
                count=dot.lanes,
                bits=product.bits,
                fraction=fraction,
                least=product.min_weight + fraction,
                highest=product.max_weight + fraction,
                origin=product.offset + fraction,
                own_bits=product.exponent_bits,
            ),
            bits,
            kept,
            sticky=sticky,
            y=dot.result,
            addend=dot.addend,
            rounding=dot.rounding,
            overflow=dot.overflow,
            flush=dot.flush,
            objective=dot.objective,
        )
        compare = 2 * log2(self.tail.window.bits + 1) * (1 + log2(dot.lanes))
        front = {"unpack": 3.0, "multiply": max(4 * log2(product.bits), compare)}
        tail = self.tail.delays
        self.delays = front | ({"loop": sum(tail.values())} if dot.accumulate else tail)

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
        dot = self._dot
        for i in range(dot.lanes):
            m.submodules[f"unpack_a_{i}"] = self.unpack_a[i]
            m.submodules[f"unpack_b_{i}"] = self.unpack_b[i]
            m.submodules[f"product_{i}"] = self.multiply[i]
        m.submodules.products_maximum = self.maximum

        # Codes to fields.
        for i, (a_code, b_code) in enumerate(lanes):
            m.d.comb += [self.unpack_a[i].code.eq(a_code), self.unpack_b[i].code.eq(b_code)]
        external = [] if dot.accumulate else self.tail.unpack_addend(m, extra)
        restart: Value = extra if dot.accumulate else Const(0)
        a, b, restart, external = pipe.after(
            "unpack",
            [u.term for u in self.unpack_a],
            [u.term for u in self.unpack_b],
            restart,
            external,
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
        terms, largest, any_product, specials, restart, external = pipe.after(
            "multiply",
            terms,
            self.maximum.largest,
            any_product,
            specials,
            restart,
            external,
        )
        return self.tail.elaborate(
            m,
            pipe,
            terms,
            [],
            largest=largest,
            present=any_product,
            specials=specials,
            addend=external,
            restart=restart,
            accumulate=dot.accumulate,
        )
