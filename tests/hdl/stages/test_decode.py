from fractions import Fraction
from math import isnan

import pytest

from cosim.golden import decode as golden_decode
from hdl.formats import parse_format
from hdl.stages.decode import Decode
from tests.hdl.simulate import settle

FIELDS = ("sign", "exponent", "significand", "is_zero", "is_inf", "is_nan")


@pytest.mark.parametrize(
    "name",
    [
        *("int4", "uint3", "q2.6", "uq0.8", "q1.3", "sm5", "e8m0", "e4m3", "e5m2", "ue4m3"),
        *("posit8es2", "posit8es0", "posit6es3", "posit3es1", "posit4es0", "posit9es1"),
    ],
)
def test_fields_are_worth_the_code(name):
    unit = Decode(parse_format(name))
    codes = range(1 << unit.fmt.bits)
    values = golden_decode(list(codes), name)
    rows = settle(unit, [{"code": code} for code in codes], *FIELDS)
    for value, row in zip(values.tolist(), rows, strict=True):
        field = dict(zip(FIELDS, row, strict=True))
        assert field["is_nan"] == isnan(value)
        assert field["is_inf"] == (abs(value) == float("inf"))
        if field["is_nan"] or field["is_inf"]:
            continue
        weight = Fraction(2) ** (field["exponent"] + unit.range.offset)
        magnitude = field["significand"] * weight
        assert (-magnitude if field["sign"] else magnitude) == Fraction(value)
        assert field["is_zero"] == (magnitude == 0)
        if magnitude:
            lowest, highest = unit.range.min_weight, unit.range.max_weight
            assert lowest <= field["exponent"] + unit.range.offset <= highest
