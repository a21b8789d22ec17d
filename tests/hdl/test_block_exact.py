# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import pytest

from hdl.block_dot import BlockDot
from hdl.formats import BlockFormat, parse_format
from tests.hdl.dots import pack
from tests.hdl.simulate import run_pipeline, settle


def block_format(name):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    return fmt


def test_scales_of_several_blocks_place_their_sums():
    fmt = block_format("bfp4v2")
    # Scales of 2 and of 1/2 in one exact sum take many bits: those of e8m0 take too many.
    with pytest.raises(ValueError, match=r"an exact sum of blocks of bfp4v2 and bfp4v2 has 5"):
        BlockDot(fmt, fmt, parse_format("fp32"), 2)
    nvfp4 = BlockFormat("short", parse_format("e2m1"), parse_format("ue4m3"), 2, "nvfp4")
    unit = BlockDot(nvfp4, nvfp4, parse_format("fp32"), 2)
    # 1 * 1 * 448 * 448 in lane 0, and 0.5 * 0.5 * 2^-9 * 2^-9 in lane 2, of the other block.
    row = {"a": pack([2, 0, 1], 4), "b": pack([2, 0, 1], 4)}
    row |= {"scale_a": 0x01 << 7 | 0x7E, "scale_b": 0x01 << 7 | 0x7E}
    # 200704 = 0x1.88p17; 2^-20 is far below its last bit.
    assert settle(unit, [row], "y") == [((17 + 127) << 23 | 0x88 << 15,)]
    rup = BlockDot(nvfp4, nvfp4, parse_format("fp32"), 2, rounding="rup")
    assert settle(rup, [row], "y") == [(((17 + 127) << 23 | 0x88 << 15) + 1,)]


def test_an_accumulator_rests_while_factors_are_zero():
    fmt = block_format("vsq4m2v2")
    unit = BlockDot(fmt, fmt, parse_format("int16"), accumulate=True)
    rows = [(1, 3), (0, 0), (0, 1), (1, 0)]
    cycles = [
        {"in_valid": 1, "first": first, "a": 0x11, "b": 0x11, "scale_a": scale, "scale_b": 1}
        for first, scale in rows
    ]
    cycles += [{"in_valid": 0}]
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [6, 6, 8, 0]
