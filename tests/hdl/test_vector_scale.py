# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.formats import IntFormat, parse_format
from hdl.vector_scale import VectorScale
from tests.hdl.simulate import run_pipeline, settle


def unit(x, a, b, y=None, **options):
    source = parse_format(x)
    assert isinstance(source, IntFormat)
    result = None if y is None else parse_format(y)
    return VectorScale(source, parse_format(a), parse_format(b), result, **options)


def test_a_product_rounded_to_four_bits():
    # 13 * 11 = 143 = 8.94 * 16, rounded 9; -100 * 9 = -900 in units of 2^4.
    component = unit("int8", "uint4", "uint4", scale_bits=4)
    assert component.result.name == "int12"
    assert [port.lsb for port in component.ports if port.name == "y"] == [4]
    row = {"x": -100 & 0xFF, "scale_a": 13, "scale_b": 11}
    assert settle(component, [row], "y") == [(-900 & 0xFFF,)]
    # 15 * 15 = 225 = 14.06 * 16; 1 * 7 = 0.44 * 16 is nothing; 8 * 1 is a tie, to the even zero.
    rows = [{"x": 1, "scale_a": a, "scale_b": b} for a, b in ((15, 15), (1, 7), (8, 1), (8, 3))]
    assert settle(component, rows, "y") == [(14,), (0,), (0,), (2,)]


def test_powers_of_two_and_nan():
    component = unit("int8", "e8m0", "e8m0", "fp16")
    rows = [{"x": 3, "scale_a": 126, "scale_b": b} for b in (127, 255)]
    assert settle(component, rows, "y") == [(0x3E00,), (0x7E00,)]


def test_the_accumulator_rests_where_the_product_is_zero():
    component = unit("int8", "uint4", "uint4", "int16", scale_bits=4, accumulate=True, stages=1)
    assert component.latency == 2
    rows = [(1, 10, 15, 15), (0, 99, 1, 7), (0, -4, 15, 15), (1, 99, 1, 7), (0, 1, 15, 15)]
    cycles = [
        {"in_valid": 1, "first": first, "x": x & 0xFF, "scale_a": a, "scale_b": b}
        for first, x, a, b in rows
    ]
    cycles += [{"in_valid": 0}] * component.latency
    outputs = run_pipeline(component, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [140, 140, 84, 0, 14]


def test_a_float_accumulator():
    component = unit("int8", "ue4m3", "ue4m3", "fp32", accumulate=True)
    # 1.125 * 1.5 = 1.6875; 2 * that, and 1 * that more.
    cycles = [
        {"in_valid": 1, "first": first, "x": x, "scale_a": 0x39, "scale_b": 0x3C}
        for first, x in ((1, 2), (0, 1))
    ]
    outputs = run_pipeline(component, [*cycles, {"in_valid": 0}], "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [0x40580000, 0x40A20000]


@pytest.mark.parametrize(
    ("formats", "options", "message"),
    [
        (("int8", "int4", "int4"), {}, "a scale is an unsigned integer of 16 bits at most, e8m0, "),
        (("int8", "uint4", "e8m0"), {}, "either both scales are integers or neither"),
        (("int49", "uint4", "uint4"), {}, "x has 48 bits at most, unlike int49"),
        (("int8", "uint4", "uint4"), {"scale_bits": 9}, "scale_bits = 9 is not in 1..8"),
        (("int8", "e8m0", "e8m0", "fp32"), {"scale_bits": 4}, "scale_bits is for integer scales"),
        (("int8", "e8m0", "e8m0"), {}, "y can only be left out for integer scales without accumu"),
        (
            ("int8", "uint4", "uint4", "fp32"),
            {},
            "y is an integer if the scales are, and otherwise",
        ),
        (("int8", "e8m0", "e8m0", "ue4m3"), {}, "y is a signed float with floating scales, not ue"),
        (("int8", "uint4", "uint4"), {"overflow": "ieee"}, "overflow = 'ieee': not with a result"),
        (("int8", "uint4", "uint4"), {"stages": -1}, "stages = -1 is not in 0..64"),
        (("int8", "uint4", "uint4"), {"objective": "fun"}, "objective = 'fun' is not one of area"),
    ],
)
def test_what_cannot_be_built(formats, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        unit(*formats, **options)
