# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

from typing import cast

import pytest

from cosim.golden import encode
from hdl.formats import FloatFormat, PowerFormat, parse_format
from hdl.stages.block_scale import PowerScale, RowReach, largest_exponent, lowest_exponent
from tests.hdl.simulate import settle

E8M0 = cast(PowerFormat, parse_format("e8m0"))


def float_format(name):
    return cast(FloatFormat, parse_format(name))


@pytest.mark.parametrize(
    ("name", "exponent"),
    [("e4m3", 8), ("e5m2", 15), ("e2m3", 2), ("e3m2", 4), ("e2m1", 2), ("q2.6", 0), ("sm4", 2)],
)
def test_largest_exponents_of_mx(name, exponent):
    assert largest_exponent(parse_format(name)) == exponent


def test_what_has_no_exponent():
    assert lowest_exponent(float_format("fp16")) == -24
    assert lowest_exponent(cast(FloatFormat, parse_format("int8"))) == 0
    with pytest.raises(ValueError, match=r"^nf4 has no binary significands to round to$"):
        largest_exponent(parse_format("nf4"))


@pytest.mark.parametrize("kind", ["serial", "tree"])
def test_reach_of_a_row(kind):
    unit = RowReach(float_format("fp16"), 3, kind)
    # 1.5 (field 15), 2 (field 16), a subnormal: mantissas 0x200, 0, 5.
    codes = 0x3E00 | 0xC000 << 16 | 0x8005 << 32
    assert settle(unit, [{"codes": codes}], "exponent", "ones", "special") == [(16, 0x205, 0)]
    unit = RowReach(cast(FloatFormat, parse_format("int4")), 2, kind)
    # -8 and 3.
    rows = settle(unit, [{"codes": 0x38}], "ones", "special")
    assert rows == [(0b1011, 0)]


@pytest.mark.parametrize("special", [0x7C00, 0xFC01], ids=["infinity", "NaN"])
def test_infinity_and_nan(special):
    unit = RowReach(float_format("fp16"), 2, "tree")
    assert settle(unit, [{"codes": special << 16}], "special") == [(1,)]


@pytest.mark.parametrize(
    ("x", "element", "value", "scale"),
    [
        ("fp32", "e4m3", 448.0, 127),
        ("fp32", "e4m3", 2.0**-130, 0),
        ("fp32", "q2.6", 2.0**-127, 0),
        ("fp32", "q2.6", 2.0**-126, 1),
        ("fp16", "e2m1", 2.0**-24, 127 - 26),
        ("fp16", "e2m1", 3 * 2.0**-20, 127 - 21),
        ("fp16", "e2m1", 65504.0, 127 + 13),
        ("int16", "e2m1", 100.0, 127 + 4),
        ("int16", "e2m1", 0.0, 0),
        ("fp16", "e2m1", 0.0, 0),
    ],
)
def test_scales_by_hand(x, element, value, scale):
    fmt = float_format(x)
    reach, power = RowReach(fmt, 1, "tree"), PowerScale(fmt, parse_format(element), E8M0)
    codes = encode([value], x).tolist()
    (found,) = settle(reach, [{"codes": codes[0]}], "exponent", "ones", "special")
    fields = dict(zip(("exponent", "ones", "special"), found, strict=True))
    fields = {name: code for name, code in fields.items() if len(getattr(power, name))}
    assert settle(power, [fields], "code") == [(scale,)]
    power = PowerScale(fmt, parse_format(element), E8M0)
    assert settle(power, [{"special": 1}], "code") == [(255,)]


def test_scales_that_there_are_not():
    with pytest.raises(ValueError, match=r"^x = e9m3 needs larger scales than e8m0 has$"):
        PowerScale(float_format("e9m3"), parse_format("e4m3"), E8M0)
