# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.convert import Convert
from hdl.formats import parse_format
from tests.hdl.simulate import run_pipeline, settle


def unit(x, y, **options):
    return Convert(parse_format(x), parse_format(y), **options)


def converted(component, *codes, **more):
    rows = [{"in_valid": 1, "x": code} | more for code in codes]
    return [y for (y,) in settle(component, rows, "y")]


def test_worked_values():
    # fp16 1.0, 460 (above half way from 448 to 480), 464 (the tie), infinity, NaN into E4M3.
    codes = (0x3C00, 0x5F30, 0x5F40, 0x7C00, 0x7E01)
    assert converted(unit("fp16", "e4m3"), *codes) == [0x38, 0x7E, 0x7E, 0x7F, 0x7F]
    assert converted(unit("fp16", "e4m3", overflow="saturate"), *codes) == [0x38, *[0x7E] * 3, 0x7F]
    # -2.5 and 2.5 to integers.
    for rounding, expected in {"rne": (0xFE, 2), "rna": (0xFD, 3), "rdn": (0xFD, 2)}.items():
        assert converted(unit("fp16", "int8", rounding=rounding), 0xC100, 0x4100) == [*expected]
    assert converted(unit("int8", "int4"), 0x7F, 0x80, 0x05, 0xFF) == [7, 8, 5, 15]
    assert converted(unit("int8", "int4", overflow="wrap"), 0x7F, 0x80, 0x05) == [15, 0, 5]


def test_subnormals():
    # The smallest E4M3 is 2^-9, a normal fp16; E5M2's 2^-16 becomes half of nothing in E4M3.
    assert converted(unit("e4m3", "fp16"), 0x01, 0x81) == [0x1800, 0x9800]
    assert converted(unit("e4m3", "fp16", subnormals="flush"), 0x01, 0x81) == [0, 0x8000]
    assert converted(unit("e5m2", "e4m3", subnormals="flush"), 0x24) == [0x08]
    assert converted(unit("e5m2", "e4m3", subnormals="flush"), 0x23) == [0]


def test_stochastic_words():
    # 4.75 into int8 with two random bits: up from the word 1 on.
    component = unit("fp16", "int8", rounding="stochastic", random_bits=2)
    assert [converted(component, 0x44C0, rnd=word) for word in range(4)] == [[4], [5], [5], [5]]
    # 0.5 lies 0.49 of the way from the codebook's 0.4407 to 0.5626: in the second quarter.
    component = unit("e2m1", "nf4", rounding="stochastic", random_bits=2)
    assert [converted(component, 0x1, rnd=word) for word in range(4)] == [[12], [12], [12], [13]]


def test_by_table_and_by_pipeline():
    assert converted(unit("log4.3", "fp16"), 0x40, 0xC0, 0) == [0x3C00, 0xBC00, 0]
    component = unit("fp32", "bf16", stages=3)
    assert component.latency == 3
    cycles = [{"in_valid": 1, "x": 0x3F80_8000}, {"in_valid": 0}, {}, {}]
    assert run_pipeline(component, cycles, "out_valid", "y")[3] == (1, 0x3F80)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ("fp16", "log4.3", {}, "fp16 to log4.3 takes a table, and of codes of 12 bits at most"),
        ("fp16", "int8", {"overflow": "wrap"}, "overflow = 'wrap': int8 takes saturate here"),
        ("int8", "e4m3", {"overflow": "wrap"}, "overflow = 'wrap': e4m3 takes ieee or saturate"),
        (
            "int8",
            "int4",
            {"random_bits": 3},
            "random_bits come with rounding = 'stochastic', and only with it",
        ),
        (
            "fp16",
            "int8",
            {"rounding": "stochastic", "random_bits": 33},
            "random_bits = 33 is more than 32",
        ),
        (
            "e4m3",
            "log4.3",
            {"rounding": "stochastic", "random_bits": 3},
            "rounding = 'stochastic': not into log4.3",
        ),
        ("int8", "int4", {"stages": 65}, "stages = 65 is not in 0..64"),
        (
            "int8",
            "int4",
            {"rounding": "up"},
            "rounding = 'up' is not one of rne, rtz, rup, rdn, rna, stochastic",
        ),
    ],
)
def test_what_cannot_be_built(x, y, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        unit(x, y, **options)
