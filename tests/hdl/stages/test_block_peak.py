from typing import cast

import pytest

from cosim.golden import encode
from hdl.formats import FloatFormat, parse_format
from hdl.stages.block_peak import RowPeak, peak_bits
from tests.hdl.simulate import settle


def packed(numbers, name, bits):
    return sum(code << (bits * i) for i, code in enumerate(encode(numbers, name).tolist()))


@pytest.mark.parametrize("kind", ["serial", "tree"])
@pytest.mark.parametrize(
    ("name", "numbers", "magnitude"),
    [
        ("fp16", [1.5, -2.0, 2.0**-24], 0x4000),
        ("fp16", [-0.0, 2.0**-23, -(2.0**-24)], 2),
        ("int4", [-8, 3, 7], 8),
        ("uint4", [9, 3, 15], 15),
    ],
)
def test_largest_magnitudes(name, numbers, magnitude, kind):
    fmt = cast(FloatFormat, parse_format(name))
    unit = RowPeak(fmt, 3, kind)
    assert len(unit.magnitude) == peak_bits(fmt)
    codes = packed(numbers, name, fmt.bits)
    assert settle(unit, [{"codes": codes}], "magnitude", "special") == [(magnitude, 0)]
    assert len(unit.reach.ones) == 0


@pytest.mark.parametrize("special", [0x7C00, 0xFC01], ids=["infinity", "NaN"])
def test_infinity_and_nan(special):
    unit = RowPeak(cast(FloatFormat, parse_format("fp16")), 2, "tree")
    assert settle(unit, [{"codes": special << 16}], "special") == [(1,)]
