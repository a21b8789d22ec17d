"""The products of blocks' scales: factors of sums, and terms where scales are floating."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Value

from hdl.bricks.adder import AdderKind
from hdl.stages.block_shape import BlockShape
from hdl.stages.decode import Decode
from hdl.stages.product import Product
from hdl.stages.scale import MultiplyScales
from hdl.stages.terms import Term

__all__ = ["BlockScales", "multiply_scales"]


@dataclass(frozen=True)
class BlockScales:
    """Products of two scales, one a block.

    Attributes
    ----------
    factors
        What multiplies the sum of a block; none if scales are powers of two.
    terms
        The products of floating scales.
    is_nan
        Whether any scale is NaN.
    """

    factors: list[Value]
    terms: list[Term]
    is_nan: Value


def multiply_scales(
    m: Module, shape: BlockShape, adder: AdderKind, scale_a: Value, scale_b: Value
) -> BlockScales:
    """Return the product of both scales of every block."""
    a_format, b_format = (fmt.scale for fmt in shape.formats)
    factors: list[Value] = []
    terms: list[Term] = []
    for j in range(shape.blocks):
        codes = (
            scale_a.word_select(j, a_format.bits),
            scale_b.word_select(j, b_format.bits),
        )
        if shape.integer_scales:
            m.submodules[f"scales_{j}"] = scales = MultiplyScales(
                a_format.bits, b_format.bits, shape.factor_bits, adder
            )
            m.d.comb += [scales.scale_a.eq(codes[0]), scales.scale_b.eq(codes[1])]
            factors.append(scales.factor)
            continue
        decode = Decode(a_format), Decode(b_format)
        m.submodules[f"scale_a_{j}"], m.submodules[f"scale_b_{j}"] = decode
        m.submodules[f"scales_{j}"] = multiply = Product(decode[0].range, decode[1].range, adder)
        m.d.comb += [unit.code.eq(code) for unit, code in zip(decode, codes, strict=True)]
        term = multiply.connect(m, decode[0].term, decode[1].term, name=f"scale_{j}")
        terms.append(term)
        if shape.factor_bits:
            factors.append(term.significand)
    is_nan = Cat(term.is_nan for term in terms).any() if terms else Const(0)
    return BlockScales(factors, terms, is_nan)
