"""The exact product of two terms."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.multiplier import Multiplier
from hdl.stages.terms import Term, TermRange, product_range

__all__ = ["Product", "product_term"]


def product_term(
    m: Module, a: Term, b: Term, exponent: Value, significand: Value, *, name: str = "product"
) -> Term:
    """Return the product of two terms, given its exponent and significand.

    Its other fields become signals of `m` that begin with `name`.
    """
    sign, is_zero, is_inf, is_nan, undefined, is_invalid = (
        Signal(name=f"{name}_{field}")
        for field in ("sign", "is_zero", "is_inf", "is_nan", "undefined", "is_invalid")
    )
    infinite = a.is_inf | b.is_inf
    zero = a.is_zero | b.is_zero
    m.d.comb += [
        sign.eq(a.sign ^ b.sign),
        undefined.eq(infinite & zero),
        is_nan.eq(a.is_nan | b.is_nan | undefined),
        is_zero.eq(zero & ~is_nan),
        is_inf.eq(infinite & ~is_nan),
        is_invalid.eq(a.is_invalid | b.is_invalid | undefined),
    ]
    return Term(sign, exponent, significand, is_zero, is_inf, is_nan, is_invalid)


class Product(wiring.Component):
    """Multiplies two terms: signs by exclusive or, exponents by addition, significands exactly.

    The product is not renormalised: its significand has as many bits as both operands' together.
    Combinational.

    Parameters
    ----------
    a, b
        Ranges of the operands.
    adder
        The multiplier's final adder.
    one_hot
        Whether the product's exponent is one-hot: bit k stands for ``range.min_weight + k``.

    Members
    -------
    a_exponent, a_significand, b_exponent, b_significand : In
        Fields of the operands.
    exponent : Out(range.exponent_bits), or one bit for each weight
    significand : Out(range.bits)
    """

    def __init__(
        self, a: TermRange, b: TermRange, adder: AdderKind, *, one_hot: bool = False
    ) -> None:
        self.adder: AdderKind = adder
        self.one_hot = one_hot
        self.a_range = a
        self.b_range = b
        self.range = product_range(a, b)
        super().__init__(
            {
                "a_exponent": In(a.exponent_bits),
                "a_significand": In(a.bits),
                "b_exponent": In(b.exponent_bits),
                "b_significand": In(b.bits),
                "exponent": Out(
                    self.range.max_weight - self.range.min_weight + 1
                    if one_hot
                    else self.range.exponent_bits
                ),
                "significand": Out(self.range.bits),
            }
        )

    def connect(self, m: Module, a: Term, b: Term, *, name: str) -> Term:
        """Feed the operands in and return the product, its signals named after `name`."""
        m.d.comb += [
            self.a_exponent.eq(a.exponent),
            self.a_significand.eq(a.significand),
            self.b_exponent.eq(b.exponent),
            self.b_significand.eq(b.significand),
        ]
        return product_term(m, a, b, self.exponent, self.significand, name=name)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.multiplier = multiplier = Multiplier(
            self.a_range.bits, self.b_range.bits, self.adder
        )
        m.d.comb += [
            multiplier.a.eq(self.a_significand),
            multiplier.b.eq(self.b_significand),
            self.significand.eq(multiplier.product),
            self.exponent.eq(
                self._one_hot_sum(m) if self.one_hot else self.a_exponent + self.b_exponent
            ),
        ]
        return m

    def _one_hot_sum(self, m: Module) -> Value:
        """Return the sum of the exponents, without an addition: every pair that makes it."""
        hot: list[list[Value]] = []
        for name, term, exponent in (
            ("a", self.a_range, self.a_exponent),
            ("b", self.b_range, self.b_exponent),
        ):
            lowest, highest = term.min_weight - term.offset, term.max_weight - term.offset
            places = Signal(highest - lowest + 1, name=f"{name}_place")
            m.d.comb += places.eq(Cat(exponent == k for k in range(lowest, highest + 1)))
            hot.append(list(places))
        a, b = hot
        pairs: list[list[Value]] = [[] for _ in range(len(a) + len(b) - 1)]
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                pairs[i + j].append(x & y)
        return Cat(Cat(pair).any() for pair in pairs)
