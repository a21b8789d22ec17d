"""`dot` of floats into fixed point with another alignment of its products than its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Const, Module, Value

from benchmarks.alignments import Alignment
from hdl.dot import Dot
from hdl.dot_tail import FixedTail
from hdl.formats import FloatFormat
from hdl.options import adder_for, heap_for
from hdl.stages.exact_sum import word_of
from hdl.stages.loop import no_registers
from hdl.stages.product import Product
from hdl.stages.reduce import SumPlaced
from hdl.stages.specials import Specials
from hdl.stages.terms import Term, TermRange, operand_range, product_range
from hdl.stages.unpack import Unpack

__all__ = ["AlignedDot", "Front", "product_of"]


class Front:
    """Codes to exact products, as in `dot`.

    Parameters
    ----------
    dot
        The unit, whose factors are floats.
    one_hot
        Whether the products' exponents are one-hot.
    """

    def __init__(self, dot: Dot, *, one_hot: bool) -> None:
        self._dot = dot
        self._one_hot = one_hot
        adder = adder_for(dot.objective)
        self._unpack: list[list[Unpack]] = []
        for fmt in dot.factors:
            assert isinstance(fmt, FloatFormat)
            assert not fmt.has_inf
            self._unpack.append([Unpack(fmt, flush=dot.flush) for _ in range(dot.lanes)])
        factors = [unpack[0].range for unpack in self._unpack]
        self._multiply = [
            Product(factors[0], factors[1], adder, one_hot=one_hot) for _ in range(dot.lanes)
        ]

    def elaborate(self, m: Module, lanes: Sequence[tuple[Value, Value]]) -> list[Term]:
        """Return the products."""
        terms: list[Term] = []
        for i, (codes, multiply) in enumerate(zip(lanes, self._multiply, strict=True)):
            operands = [unpack[i] for unpack in self._unpack]
            for name, unpack, code in zip("ab", operands, codes, strict=True):
                m.submodules[f"unpack_{name}_{i}"] = unpack
                m.d.comb += unpack.code.eq(code)
            m.submodules[f"product_{i}"] = multiply
            a, b = (unpack.term for unpack in operands)
            terms.append(multiply.connect(m, a, b, name=f"product_{i}"))
        return terms


def product_of(dot: Dot) -> TermRange:
    """Return the range of the products of a `dot` of floats."""
    ranges = []
    for fmt in dot.factors:
        assert isinstance(fmt, FloatFormat)
        ranges.append(operand_range(fmt, flush=dot.flush))
    return product_range(*ranges)


class AlignedDot(Dot):
    """An exact `dot` of floats into fixed point, without an addend, with another alignment.

    Parameters
    ----------
    alignment
        Which.
    arguments
        Those of `Dot`.
    """

    def __init__(self, alignment: Alignment, **arguments: Any) -> None:
        super().__init__(**arguments)
        assert self.addend is None
        assert self.stages == 0
        self.alignment = alignment

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = product_of(self)
        word = word_of(self.lanes, product, [])
        one_hot = self.alignment.one_hot(product, adder_for(self.objective))
        terms = Front(self, one_hot=one_hot).elaborate(m, self._lane_codes())
        specials = Specials.of(m, terms)
        placed = self.alignment.align(m, product, terms, self.objective)
        m.submodules.sum = total = SumPlaced(
            [(len(value), place) for value, place in placed],
            word.bits,
            kind=heap_for(self.objective),
        )
        total.connect(m, [value for value, _ in placed])
        tail = FixedTail(self, word.bits - 1, word.base)
        code = tail.elaborate(
            m,
            no_registers,
            [total.first, total.second],
            specials,
            Const(0),
            restart=Const(0),
        )
        m.d.comb += [self.y.eq(code), self.out_valid.eq(self.in_valid)]
        return m
