# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re
from dataclasses import replace

import pytest

from hdl.block_dot import BlockDot
from hdl.formats import BlockFormat, parse_format
from hdl.stages.block_shape import BlockWindow
from tests.hdl.dots import pack
from tests.hdl.simulate import run_pipeline, settle

FP32 = parse_format("fp32")


def short(name, length):
    """Return a block format with fewer lanes, which are simulated sooner."""
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    return replace(fmt, length=length or fmt.length)


def unit(name, window, blocks=1, length=None, **options):
    fmt = short(name, length)
    return BlockDot(fmt, fmt, FP32, blocks, window=window, rounding="rtz", **options)


@pytest.mark.parametrize("objective", ["area", "balanced"])
def test_products_are_cut_off_below_the_largest_with_its_scales(objective):
    mx = unit("mxfp8-e4m3", BlockWindow(5), length=2, c=FP32, objective=objective)
    # 256 * 1 * 2^(1 + 2), and 16 * 1 * 8 of the same block, 5 places below at 2^4 * 8.
    row = {"a": pack([0x78, 0x58], 8), "b": pack([0x38, 0x38], 8), "scale_a": 128, "scale_b": 129}
    # The addend is 2^11 * (1 + 2^-5 + 2^-6): of it 2^-6 is cut off, or is all that counts.
    addend = (11 + 127) << 23 | 0b11 << 17
    rows = [row | {"c": 0}, row | {"c": addend}, row | {"c": 1, "scale_a": 0, "scale_b": 0}]
    # 2^11 + 2^7; 2^12 + 2^7 + 2^6; products of 2^-246 and 2^-149 are nothing at 2^-126 - 5.
    results = [(11 + 127) << 23 | 1 << 19, (12 + 127) << 23 | 0b11 << 17, 0]
    assert [y for (y,) in settle(mx, rows, "y")] == results


def test_sums_of_groups_are_terms_at_the_exponent_of_their_scales():
    nvfp4 = unit("nvfp4", BlockWindow(3, group=4), 2, length=4)
    # Block 0: 4 * (6 * 6) * (1.5 * 1) = 216 at an exponent of 0.
    # Block 1: 0.5 * 0.5 * 1 * 2^-1 = 2^-3 at an exponent of -1, and half of that, which is cut.
    a = pack([7, 7, 7, 7, 1], 4)
    row = {"a": a, "b": a}
    rows = [
        row | {"scale_a": 0x38 << 7 | 0x3C, "scale_b": 0x30 << 7 | 0x38},
        row | {"scale_a": 0x38 << 7 | 0x3C, "scale_b": 0x28 << 7 | 0x38},
    ]
    # 216.125 and 216, which is 0x1.bp7.
    results = [(7 + 127) << 23 | 0xB << 19 | 1 << (23 - 10), (7 + 127) << 23 | 0xB << 19]
    assert [y for (y,) in settle(nvfp4, rows, "y")] == results


def test_groups_of_zero_and_zero_scales_have_no_exponent():
    nvfp4 = unit("nvfp4", BlockWindow(3, group=2), 2, length=2, c=FP32)
    # Block 1 has the scale 448, but its sum is 1 - 1; then its sum is 2 and its scale 0.
    ones = pack([2, 0, 2, 2], 4)
    row = {"a": ones, "c": (-3 + 127) << 23}
    rows = [
        row
        | {"b": pack([2, 0, 2, 0xA], 4), "scale_a": 0x7E << 7 | 0x38}
        | {"scale_b": 0x7E << 7 | 0x38},
        row | {"b": ones, "scale_a": 0x38, "scale_b": 0x7E << 7 | 0x38},
    ]
    assert [y for (y,) in settle(nvfp4, rows, "y")] == [0x3F90_0000] * 2
    # A NaN scale poisons, as tensor cores write NaN.
    nan = row | {"b": ones, "scale_a": 0x7F, "scale_b": 0}
    assert settle(nvfp4, [nan], "y") == [(0x7FFF_FFFF,)]


def test_an_accumulator_is_a_term():
    fmt = short("mxfp4", 2)
    dot = BlockDot(fmt, fmt, FP32, accumulate=True, stages=3, window=BlockWindow(4, group=2))
    rows = [(1, 127), (0, 122), (0, 123)]
    cycles = [
        {"in_valid": 1, "first": first, "a": 2, "b": 2, "scale_a": scale, "scale_b": 127}
        for first, scale in rows
    ]
    cycles += [{"in_valid": 0}] * dot.latency
    outputs = [y for valid, y in run_pipeline(dot, cycles, "out_valid", "y") if valid]
    # 1; plus 2^-5, which is below 2^-4; plus 2^-4.
    assert outputs == [0x3F80_0000, 0x3F80_0000, 0x3F88_0000]


@pytest.mark.parametrize(
    ("name", "window", "message"),
    [
        ("mxfp4", BlockWindow(0), "fraction_bits = 0 is not in 1..40"),
        ("mxfp4", BlockWindow(9, group=3), "group = 3: groups share scales, so it divides 32"),
        ("mxfp4", BlockWindow(9, group=0), "group = 0: groups share scales, so it divides 32"),
        ("nvfp4", BlockWindow(9), "group = 1: scales of nvfp4 are no powers of two, they multiply"),
        ("mxint8", BlockWindow(9), "a window needs floats: q2.6 has no exponent"),
        ("vsq4", BlockWindow(9), "a window needs floating scales: integers have no exponent"),
        (
            "mxfp8-e5m2",
            BlockWindow(25, group=32),
            "fraction_bits = 25: sums of mxfp8-e5m2 take ",
        ),
    ],
)
def test_what_cannot_be_built(name, window, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        unit(name, window)
