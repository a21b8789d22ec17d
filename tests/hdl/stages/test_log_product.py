"""Products of log numbers."""

from fractions import Fraction

import pytest

from hdl.bricks.adder import AdderKind
from hdl.formats import LogFormat
from hdl.stages.log_product import LogProduct
from tests.hdl.simulate import settle

LOG43 = LogFormat(4, 3, 64)


def multiply(fmt, pairs, adder: AdderKind = "ripple"):
    operands = [{"a": a, "b": b} for a, b in pairs]
    return settle(LogProduct(fmt, adder), operands, "negative", "exponent", "is_zero")


def test_carry_of_the_fraction_reaches_the_integer():
    # EI.EF 1.7 + 0.1 = 2.0: a carry lost between the fields would give 1.0.
    assert multiply(LOG43, [(0x0F, 0x01)]) == [(0, 2 << 3 | 0, 0)]


@pytest.mark.parametrize("adder", ["ripple", "sklansky"])
@pytest.mark.parametrize("fmt", [LogFormat(2, 2, 8), LogFormat(3, 0, 4)], ids=str)
def test_all_pairs(fmt, adder):
    codes = range(1 << fmt.bits)
    pairs = [(a, b) for a in codes for b in codes]
    steps = 1 << fmt.fraction_bits
    for (a, b), (negative, exponent, is_zero) in zip(
        pairs, multiply(fmt, pairs, adder), strict=True
    ):
        e, f = a % fmt.sign_mask, b % fmt.sign_mask
        assert negative == ((a != e) != (b != f))
        assert is_zero == (e == 0 or f == 0)
        # Added as fractions, integer and fraction fields apart.
        fields = [Fraction(x // steps) + Fraction(x % steps, steps) for x in (e, f)]
        assert Fraction(exponent, steps) == sum(fields)
