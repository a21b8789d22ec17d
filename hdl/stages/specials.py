"""What the terms of a sum are beside numbers: infinite, NaN, and of which signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hdl.bricks.rounding import Rounding
from hdl.stages.pack import Special
from hdl.stages.terms import Term

__all__ = ["Specials"]


@dataclass(frozen=True)
class Specials:
    """What the terms are beside their sum: whether any is no number, and their signs."""

    is_nan: Value
    plus_inf: Value
    minus_inf: Value
    all_negative: Value
    any_negative: Value

    @classmethod
    def of(cls, m: Module, terms: Sequence[Term]) -> Specials:
        """Return what some terms are, as signals of `m`."""
        specials = cls(*(Signal(name=field.name) for field in fields(cls)))
        m.d.comb += [
            specials.is_nan.eq(Cat(term.is_nan for term in terms).any()),
            specials.plus_inf.eq(Cat(term.is_inf & ~term.sign for term in terms).any()),
            specials.minus_inf.eq(Cat(term.is_inf & term.sign for term in terms).any()),
            specials.all_negative.eq(Cat(term.sign for term in terms).all()),
            specials.any_negative.eq(Cat(term.sign for term in terms).any()),
        ]
        return specials

    def with_term(self, term: Term, absent: Value) -> Specials:
        """Return the same with one more term, unless it is absent."""
        return Specials(
            is_nan=self.is_nan | term.is_nan,
            plus_inf=self.plus_inf | (term.is_inf & ~term.sign),
            minus_inf=self.minus_inf | (term.is_inf & term.sign),
            all_negative=self.all_negative & (term.sign | absent),
            any_negative=self.any_negative | (term.sign & ~absent),
        )

    def resolve(self, rounding: Rounding) -> Special:
        """Return what they mean for the result."""
        is_nan = self.is_nan | (self.plus_inf & self.minus_inf)
        return Special(
            is_nan=is_nan,
            is_inf=(self.plus_inf | self.minus_inf) & ~is_nan,
            inf_sign=self.minus_inf,
            is_invalid=Const(0),
            # A sum of zero is one of zeros, or a cancellation. If all signs agree it can only be
            # the former and keeps the sign; otherwise it is +0, or -0 rounding down.
            zero_sign=self.any_negative if rounding == "rdn" else self.all_negative,
        )
