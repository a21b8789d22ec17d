from fractions import Fraction
from typing import cast

import numpy as np
import pytest

from cosim.golden import decode
from cosim.stimuli.operands import corner_codes
from hdl.formats import FloatFormat, PowerFormat, parse_format
from hdl.stages.block_element import ShareScale
from tests.hdl.simulate import settle

E8M0 = cast(PowerFormat, parse_format("e8m0"))


@pytest.mark.parametrize("element", ["e4m3", "e2m1", "q2.6", "int5"])
@pytest.mark.parametrize("x", ["fp16", "bf16", "int9", "uint6", "e1m3"])
def test_quotients_are_exact_down_to_the_sticky_bit(x, element):
    unit = ShareScale(cast(FloatFormat, parse_format(x)), parse_format(element), E8M0)
    top = {"e4m3": 8, "e2m1": 2, "q2.6": 0, "int5": 3}[element]
    codes = [c for c in corner_codes(x).tolist() if np.isfinite(float(decode([c], x)[0]))]
    rows, expected = [], []
    for code in codes:
        value = Fraction(float(decode([code], x)[0]))
        least = int(np.floor(np.log2(float(abs(value))))) - top + 127 if value else 0
        for scale in {max(0, least), max(0, least) + 3, max(0, least) + 40}:
            # Scales that the largest number of a block may have.
            fmt = parse_format(x)
            highest = fmt.max_exponent if isinstance(fmt, FloatFormat) else fmt.bits - 1
            if scale - 127 + top <= highest:
                rows.append({"code": code, "scale_code": scale})
                expected.append((value < 0, value, abs(value) / Fraction(2) ** (scale - 127)))
    found = settle(unit, rows, "sign", "is_zero", "magnitude")
    assert len(found) > 15
    ulp = Fraction(2) ** unit.range.min_weight
    for (sign, is_zero, magnitude), (negative, value, exact) in zip(found, expected, strict=True):
        assert (bool(sign), bool(is_zero)) == (negative or (not value and bool(sign)), value == 0)
        kept = exact // (2 * ulp)
        assert magnitude == 2 * kept + (exact != kept * 2 * ulp)
