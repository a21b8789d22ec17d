from fractions import Fraction

import pytest

from hdl.formats import parse_format
from hdl.stages.quotient import Lead, NumberRange, Quotient, lead_range
from hdl.stages.terms import operand_range
from tests.hdl.simulate import settle


@pytest.mark.parametrize("kind", ["serial", "parallel"])
@pytest.mark.parametrize("name", ["fp16", "int9", "uint1"])
def test_leading_ones_go_to_the_top(name, kind):
    source = operand_range(parse_format(name))
    unit = Lead(source, kind)
    # Normal numbers of fp16 have the hidden bit, subnormals the exponent 1.
    terms = [(0, 1), (0, 0b1011)] if name == "int9" else [(1, 3), (1, 1), (1, 1024), (30, 2047)]
    if name == "uint1":
        terms = [(0, 1)]
    rows = [
        {k: v for k, v in (("term_exponent", e), ("term_significand", s)) if len(getattr(unit, k))}
        for e, s in terms
    ]
    found = settle(unit, rows, "significand", *(["exponent"] if len(unit.exponent) else []))
    for (exponent, significand), (shifted, *raised) in zip(terms, found, strict=True):
        assert shifted >> (source.bits - 1) == 1
        power = sum(raised) + unit.range.lowest - (source.bits - 1)
        weight = exponent + source.offset
        assert shifted * Fraction(2) ** power == significand * Fraction(2) ** weight
    assert unit.range == lead_range(source)


@pytest.mark.parametrize(
    ("factors", "precision"), [((1, 1), 2), ((1, 6), 4), ((7, 1), 3)], ids=["1", "1/6", "7"]
)
def test_quotients_are_exact_down_to_the_sticky_bit(factors, precision):
    dividend, divisor = NumberRange(5, -3, 9), NumberRange(4, -2, 5)
    unit = Quotient(
        dividend, divisor, precision, dividend_factor=factors[0], divisor_factor=factors[1]
    )
    rows, exact = [], []
    for n in range(16, 32):
        for d in range(8, 16):
            exponents = n % 13, d % 8
            rows.append(
                {
                    "dividend_exponent": exponents[0],
                    "dividend_significand": n * factors[0],
                    "divisor_exponent": exponents[1],
                    "divisor_significand": d * factors[1],
                }
            )
            quotient = Fraction(n * factors[0], d * factors[1]) / 2
            exact.append(quotient * Fraction(2) ** (exponents[0] - 3 - exponents[1] + 2))
    found = settle(unit, rows, "exponent", "significand")
    assert len(found) == 128
    for (exponent, significand), value in zip(found, exact, strict=True):
        ulp = Fraction(2) ** (exponent + unit.range.offset + 1)
        kept = value // ulp
        assert significand == 2 * kept + (value != kept * ulp)
        # The leading one, as many bits as count, and half the last of them.
        assert kept.bit_length() > precision
