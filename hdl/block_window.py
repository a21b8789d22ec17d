"""The datapath of `block_dot` that adds its terms in a window below the largest of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.bricks.adder import AdderKind
from hdl.bricks.maximum import Maximum
from hdl.bricks.multiplier import Multiplier
from hdl.options import adder_for
from hdl.pipeline import Pipeline
from hdl.stages.block_scales import BlockScales, multiply_scales
from hdl.stages.block_shape import BlockWindow
from hdl.stages.decode import decoded_range
from hdl.stages.group_sums import GroupSums, products_of
from hdl.stages.specials import Specials
from hdl.stages.terms import Term, product_range
from hdl.stages.window import fraction_bits
from hdl.stages.window_sum import TermKind, WindowSum, comparison_for

if TYPE_CHECKING:
    from hdl.block_dot import BlockDot

__all__ = ["WindowBlocks"]


class WindowBlocks:
    """From the codes of a `BlockDot` to the code of its result, by way of a window.

    Terms are the products themselves where groups have one lane, else the exact sums of groups
    times the significands of their scales. Their exponents are those of the scales, to which those
    of single products are added: the largest is found block by block, as if there were no scales,
    and the shifts are counted from there. With an internal accumulator the loop holds all that
    depends on it.

    Parameters
    ----------
    unit
        The unit.
    window
        Its window.

    Attributes
    ----------
    delays : dict
        Estimated delays of the steps between which there may be registers.
    """

    def __init__(self, unit: BlockDot, window: BlockWindow) -> None:
        self._unit = unit
        self._shape = shape = unit.shape
        self._adder: AdderKind = adder_for(unit.objective)
        self._alone = window.group == 1
        scale = shape.scale_range
        scale_fraction = fraction_bits(scale, 2)
        # Exponents of the 1 in front of a significand's fraction, of the scales.
        least, highest = scale.min_weight + scale_fraction, scale.max_weight + scale_fraction
        origin = scale.offset + scale_fraction
        if self._alone:
            product = product_range(*(decoded_range(fmt.element) for fmt in shape.formats))
            bits, fraction, own_bits = (
                product.bits,
                fraction_bits(product, 2),
                product.exponent_bits,
            )
            least += product.min_weight + fraction
            highest += product.max_weight + fraction
            origin += product.offset + fraction
        else:
            bits = shape.value_bits - 1 + shape.factor_bits
            fraction = (scale_fraction if shape.factor_bits else 0) - shape.value_weight
            own_bits = 0
        # Of a block: the largest exponent code of its terms, with its scales'.
        self._code_bits = max(1, (highest - origin).bit_length())
        compare = comparison_for(unit.objective)
        self._own_bits = max(1, own_bits)
        self._block_maximum = [
            Maximum(shape.length, self._own_bits, compare)
            for _ in range(shape.blocks if self._alone else 0)
        ]
        self._maximum = Maximum(shape.blocks, self._code_bits, compare)
        self._tail = WindowSum(
            TermKind(
                count=shape.groups,
                bits=bits,
                fraction=fraction,
                least=least,
                highest=highest,
                origin=origin,
                own_bits=own_bits,
                shared=shape.blocks,
                headroom=shape.headroom,
            ),
            self._code_bits,
            window.fraction_bits,
            sticky=window.sticky,
            y=unit.result,
            addend=unit.addend,
            rounding=unit.rounding,
            overflow=unit.overflow,
            objective=unit.objective,
        )
        self._sums = GroupSums(shape, unit.objective)
        tail = self._tail.delays
        self.delays = self._front_delays() | (
            {"loop": sum(tail.values())} if unit.accumulate else tail
        )

    def _front_delays(self) -> dict[str, float]:
        shape = self._shape
        across = 2 * log2(self._code_bits + 1) * (1 + log2(shape.blocks))
        if self._alone:
            compare = 2 * log2(self._own_bits + 1) * (1 + log2(shape.length))
            multiply = self._sums.delays["multiply"]
            return {"decode": 3.0, "multiply": max(multiply, compare + across)}
        return self._sums.delays | {
            "propagate": max(2 * log2(shape.value_bits) + 2, across),
            "scale": 4 * log2(shape.factor_bits + 1) + 2,
        }

    def elaborate(
        self,
        m: Module,
        pipe: Pipeline,
        lanes: Sequence[tuple[Value, Value]],
        scales: tuple[Value, Value],
        extra: Value,
    ) -> Value:
        """Return the code of the result; arguments as in `hdl.block_exact.ExactBlocks`."""
        unit = self._unit
        front = self._products if self._alone else self._groups
        terms, products, specials, present, extra = front(m, pipe, lanes, (*scales, extra))
        specials = replace(specials, is_nan=specials.is_nan | products.is_nan)
        largest, any_present = self._largest(m, products, terms, present)
        step = "multiply" if self._alone else "scale"
        shared = [term.exponent for term in products.terms]
        addend = [] if unit.accumulate else self._tail.unpack_addend(m, extra)
        terms, shared, largest, any_present, specials, addend, extra = pipe.after(
            step, terms, shared, largest, any_present, specials, addend, extra
        )
        return self._tail.elaborate(
            m,
            pipe,
            terms,
            shared,
            largest=largest,
            present=any_present,
            specials=specials,
            addend=addend,
            restart=extra,
            accumulate=unit.accumulate,
        )

    def _products(
        self,
        m: Module,
        pipe: Pipeline,
        lanes: Sequence[tuple[Value, Value]],
        live: tuple[Value, Value, Value],
    ) -> tuple[list[Term], BlockScales, Specials, list[Value], Value]:
        """Return products as terms, the scales, and which blocks have a term that is not zero."""
        shape = self._shape
        terms, (scale_a, scale_b, extra) = products_of(
            m, pipe, shape, self._adder, lanes=lanes, live=live
        )
        products = multiply_scales(m, shape, self._adder, scale_a, scale_b)
        blocks = [terms[j : j + shape.length] for j in range(0, shape.lanes, shape.length)]
        present = [~Cat(term.is_zero for term in block).all() for block in blocks]
        return terms, products, Specials.of(m, terms), present, extra

    def _groups(
        self,
        m: Module,
        pipe: Pipeline,
        lanes: Sequence[tuple[Value, Value]],
        live: tuple[Value, Value, Value],
    ) -> tuple[list[Term], BlockScales, Specials, list[Value], Value]:
        """Return sums of groups as terms, and the rest as `_products` does."""
        shape = self._shape
        rows, specials, (scale_a, scale_b, extra) = self._sums.elaborate(m, pipe, lanes, live)
        values = self._sums.propagate(m, rows)
        products = multiply_scales(m, shape, self._adder, scale_a, scale_b)
        values, products, specials, extra = pipe.after(
            "propagate", values, products, specials, extra
        )
        each = shape.length // shape.group
        never = (Const(0),) * 3
        terms: list[Term] = []
        for i, value in enumerate(values):
            block = i // each
            magnitude = Signal(shape.value_bits - 1, name=f"magnitude_{i}")
            m.d.comb += magnitude.eq(Mux(value[-1], -value, value))
            significand: Value = magnitude
            if products.factors:
                factor = products.factors[block]
                m.submodules[f"apply_{i}"] = apply = Multiplier(
                    len(magnitude), len(factor), self._adder
                )
                m.d.comb += [apply.a.eq(magnitude), apply.b.eq(factor)]
                significand = apply.product
            is_zero = ~magnitude.any() | products.terms[block].is_zero
            terms.append(Term(value[-1], Const(0), significand, is_zero, *never))
        blocks = [terms[j : j + each] for j in range(0, shape.groups, each)]
        present = [~Cat(term.is_zero for term in block).all() for block in blocks]
        return terms, products, specials, present, extra

    def _largest(
        self, m: Module, products: BlockScales, terms: list[Term], present: list[Value]
    ) -> tuple[Value, Value]:
        """Return the largest exponent code of all terms, and whether any is not zero."""
        each = len(terms) // len(present)
        m.submodules.maximum = self._maximum
        for j, (scale, there) in enumerate(zip(products.terms, present, strict=True)):
            code: Value = scale.exponent
            if self._alone:
                m.submodules[f"block_maximum_{j}"] = maximum = self._block_maximum[j]
                for i, term in enumerate(terms[j * each : (j + 1) * each]):
                    counted = term.exponent & (~term.is_zero).replicate(len(term.exponent))
                    m.d.comb += getattr(maximum, f"number_{i}").eq(counted)
                code = scale.exponent + maximum.largest
            counted = code & there.replicate(len(code))
            m.d.comb += getattr(self._maximum, f"number_{j}").eq(counted)
        any_present = Signal(name="any_present")
        m.d.comb += any_present.eq(Cat(present).any())
        return self._maximum.largest, any_present
