# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.formats import parse_format
from hdl.quantize import Quantize
from tests.hdl.simulate import run_pipeline, settle


def unit(x, y, scale, **options):
    return Quantize(parse_format(x), parse_format(y), parse_format(scale), **options)


def quantized(component, *operands):
    rows = [{"in_valid": 1, "x": x, "scale": scale} for x, scale in operands]
    return [y for (y,) in settle(component, rows, "y")]


def test_integer_multiply_and_shift():
    # 1000 * 0x0A00 / 2^16 = 39.0625; 1000 * 0x2000 / 2^16 = 125; -1000 saturates with 0xFFFF.
    component = unit("int16", "int8", "uq0.16")
    assert quantized(component, (1000, 0x0A00), (1000, 0x2000)) == [39, 125]
    assert quantized(component, (-1000 & 0xFFFF, 0xFFFF)) == [0x80]
    # 6.5 is a tie: 13 * 2^-1.
    assert quantized(component, (13, 0x8000)) == [6]
    assert quantized(unit("int16", "int8", "uq0.16", rounding="rna"), (13, 0x8000)) == [7]


def test_powers_of_two():
    # 100 * 2^-4 = 6.25 into E2M1 is 6; a NaN scale has nowhere to go there but the largest number.
    component = unit("int16", "e2m1", "e8m0")
    assert quantized(component, (100, 123), (0, 127), (1, 0xFF)) == [7, 0, 7]
    assert quantized(unit("fp16", "e4m3", "e8m0"), (0x3C00, 0xFF), (0xBC00, 128)) == [0x7F, 0xC0]


def test_special_values_follow_ieee_754():
    component = unit("fp16", "e5m2", "fp16", overflow="ieee")
    inf, nan, zero, one = 0x7C00, 0x7E00, 0x8000, 0x3C00
    assert quantized(component, (inf, one), (inf, zero), (nan, one)) == [0x7C, 0x7E, 0x7E]
    assert quantized(component, (zero, one), (zero, 0xBC00)) == [0x80, 0]


def test_pipeline():
    component = unit("int16", "int8", "uq0.16", stages=4)
    assert component.latency == 4
    cycles = [{"in_valid": 1, "x": 1000, "scale": 0x2000}, {"in_valid": 0}, {}, {}, {}]
    assert run_pipeline(component, cycles, "out_valid", "y")[4] == (1, 125)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("nf4", "int8", "e8m0"), {}, "format nf4 has no binary significands to multiply"),
        (("int8", "int8", "log4.3"), {}, "format log4.3 has no binary significands to multiply"),
        (("int8", "nf4", "e8m0"), {}, "format nf4 has no binary significands to round to"),
        (
            ("int8", "int8", "e8m0"),
            {"overflow": "wrap"},
            "overflow = 'wrap': int8 takes saturate here",
        ),
    ],
)
def test_what_cannot_be_built(names, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        unit(*names, **options)
