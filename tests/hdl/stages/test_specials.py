from itertools import product

import pytest
from amaranth.hdl import Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.stages.specials import Specials
from hdl.stages.terms import Term
from tests.hdl.simulate import settle


class _Resolved(wiring.Component):
    """What two terms and an addend that may be absent mean for the result."""

    def __init__(self, rounding):
        self.rounding = rounding
        kinds = {f"{field}_{i}": In(1) for field in ("sign", "inf", "nan") for i in range(3)}
        outputs = {name: Out(1) for name in ("is_nan", "is_inf", "inf_sign", "zero_sign")}
        super().__init__(kinds | {"absent": In(1)} | outputs)

    def elaborate(self, platform):
        m = Module()
        zero = Const(0)
        terms = [
            Term(
                getattr(self, f"sign_{i}"),
                zero,
                zero,
                zero,
                getattr(self, f"inf_{i}"),
                getattr(self, f"nan_{i}"),
                zero,
            )
            for i in range(3)
        ]
        special = Specials.of(m, terms[:2]).with_term(terms[2], self.absent)
        special = special.resolve(self.rounding)
        for name in ("is_nan", "is_inf", "inf_sign", "zero_sign"):
            m.d.comb += getattr(self, name).eq(getattr(special, name))
        return m


@pytest.mark.parametrize("rounding", ["rne", "rdn"])
def test_all_kinds_of_terms(rounding):
    kinds = ((0, 0), (1, 0), (0, 1))
    rows = list(product((0, 1), (0, 1), (0, 1), kinds, kinds, kinds, (0, 1)))
    operands = []
    for *signs, k0, k1, k2, absent in rows:
        row = {f"sign_{i}": s for i, s in enumerate(signs)} | {"absent": absent}
        for i, (inf, nan) in enumerate((k0, k1, k2 if not absent else (0, 0))):
            row |= {f"inf_{i}": inf, f"nan_{i}": nan}
        operands.append(row)
    outputs = settle(_Resolved(rounding), operands, "is_nan", "is_inf", "inf_sign", "zero_sign")
    assert len(outputs) == 432
    for row, (is_nan, is_inf, inf_sign, zero_sign) in zip(operands, outputs, strict=True):
        infinite = {row[f"sign_{i}"] for i in range(3) if row[f"inf_{i}"]}
        nan = any(row[f"nan_{i}"] for i in range(3)) or len(infinite) == 2
        assert (is_nan, is_inf) == (nan, bool(infinite) and not nan)
        if is_inf:
            assert {inf_sign} == infinite
        signs = [row[f"sign_{i}"] for i in range(2 if row["absent"] else 3)]
        assert zero_sign == (any(signs) if rounding == "rdn" else all(signs))
