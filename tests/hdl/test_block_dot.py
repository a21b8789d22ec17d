# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re
from dataclasses import replace

import pytest

from hdl.block_dot import BlockDot
from hdl.formats import BlockFormat, parse_format
from tests.hdl.simulate import run_pipeline, settle


def unit(a, b, y=None, blocks=1, **options):
    first, second = parse_format(a), parse_format(b)
    assert isinstance(first, BlockFormat)
    assert isinstance(second, BlockFormat)
    addend = options.pop("c", None)
    return BlockDot(
        first,
        second,
        None if y is None else parse_format(y),
        blocks,
        c=None if addend is None else parse_format(addend),
        **options,
    )


def pack(codes, bits):
    return sum((code & ((1 << bits) - 1)) << (bits * i) for i, code in enumerate(codes))


def test_one_block_of_mxfp4():
    component = unit("mxfp4", "mxfp4", "fp32", c="fp32")
    # 32 lanes of 6 * 1.5 = 9 make 288; 2^(1 - 3) of it 72, and 1 is 73.
    row = {"a": pack([7] * 32, 4), "b": pack([3] * 32, 4), "scale_a": 128, "scale_b": 124}
    assert settle(component, [row | {"c": 0x3F80_0000}], "y") == [(0x4292_0000,)]
    # A NaN scale poisons; so does a NaN addend.
    rows = [row | {"scale_a": 255}, row | {"c": 0x7F80_0001}]
    assert settle(component, rows, "y") == [(0x7FC0_0000,)] * 2


def test_blocks_of_nvfp4_have_scales_of_their_own():
    component = unit("nvfp4", "nvfp4", "fp32", blocks=2)
    # Block 0: 16 * (1 * 1) * 1.125 * 1 = 18; block 1: 16 * (-2 * 1) * 448 * 2^-9 = -28.
    a = pack([2] * 16 + [0xC] * 16, 4)
    row = {"a": a, "b": pack([2] * 32, 4), "scale_a": 0x7E << 7 | 0x39, "scale_b": 1 << 7 | 0x38}
    assert settle(component, [row], "y") == [(0xC120_0000,)]


def test_vectors_with_integer_scales_accumulate():
    component = unit("vsq4m4v2", "vsq4m4v2", "int16", scale_bits=4, accumulate=True, stages=3)
    assert component.latency == 4
    # (3 * 2 + -8 * 1) * round(15 * 15 / 16) = -28, then 16 * 7 * 14, then a factor of zero.
    rows = [(1, [3, -8], [2, 1], 15), (0, [8, 8], [-7, -7], 15), (0, [7, 7], [7, 7], 1)]
    cycles = [
        {"in_valid": 1, "first": f, "a": pack(a, 4), "b": pack(b, 4), "scale_a": s, "scale_b": s}
        for f, a, b, s in rows
    ]
    cycles += [{"in_valid": 0}] * component.latency
    outputs = run_pipeline(component, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [-28 & 0xFFFF, 1540, 1540]
    assert {port.name: port.lsb for port in component.ports if port.lsb} == {"y": 4}


def test_powers_of_two_at_both_ends():
    component = unit("bfp8v2", "bfp8v2", "fp32")
    row = {"a": pack([4, 4], 8), "b": pack([4, 4], 8)}
    # 32 * 2^(254 - 254) = 32 and 32 * 2^-254, which is nothing in fp32.
    rows = [row | {"scale_a": 127, "scale_b": 127}, row | {"scale_a": 0, "scale_b": 0}]
    rows += [row | {"scale_a": 254, "scale_b": 254}]
    assert settle(component, rows, "y") == [(0x4200_0000,), (0,), (0x7F80_0000,)]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("nvfp4", "mxfp4", "fp32"), {}, "blocks of nvfp4 and mxfp4 have 16 and 32 lanes"),
        (
            ("vsq4", "nvfp4", "fp32"),
            {},
            "vsq4 and nvfp4: either both scales are integers or neither",
        ),
        (
            ("mxfp4", "mxfp4", "fp32", 2),
            {},
            "blocks = 2: an exact sum of blocks of mxfp4 and mxfp4 ",
        ),
        (("mxfp4", "mxfp4", "fp32", 64), {}, "blocks = 64: there are 1 to 1024 lanes"),
        (("mxfp4", "mxfp4"), {}, "y can only be left out for integer scales without accumulate"),
        (
            ("mxfp4", "mxfp4", "int32"),
            {},
            "y is an integer if the scales are, and otherwise a float",
        ),
        (("mxfp4", "mxfp4", "ue4m3"), {}, "y is a float with a sign, unlike ue4m3"),
        (
            ("mxfp4", "mxfp4", "fp32"),
            {"scale_bits": 4},
            "scale_bits is for integer scales: others ",
        ),
        (("vsq4", "vsq4"), {"scale_bits": 13}, "scale_bits = 13 is not in 1..12"),
        (
            ("vsq4", "vsq4"),
            {"rounding": "rtz"},
            "rounding is that of a float result: integers are ",
        ),
        (("vsq4", "vsq4"), {"overflow": "ieee"}, "overflow = 'ieee': int24 takes wrap or saturate"),
        (
            ("mxfp4", "mxfp4", "fp32"),
            {"rounding": "odd"},
            "rounding = 'odd' is not one of rne, rtz",
        ),
        (
            ("mxfp4", "mxfp4", "fp32"),
            {"c": "fp32", "accumulate": True},
            "accumulate = true and c exclude each other: the accumulator is c",
        ),
        (("vsq4", "vsq4"), {"stages": 65}, "stages = 65 is not in 0..64"),
        (("vsq4", "vsq4"), {"objective": "fun"}, "objective = 'fun' is not one of area, delay"),
    ],
)
def test_what_cannot_be_built(arguments, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        unit(*arguments, **options)


def test_integer_scales_take_integer_elements():
    vsq4, e2m1 = parse_format("vsq4"), parse_format("e2m1")
    assert isinstance(vsq4, BlockFormat)
    floats = replace(vsq4, label="floats", element=e2m1)
    with pytest.raises(ValueError, match=r"^floats: with integer scales, elements are integers"):
        BlockDot(vsq4, floats)
