# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

from typing import cast

import numpy as np
import pytest

from cosim.golden import encode
from hdl.block_dot import BlockDot
from hdl.formats import BlockFormat, parse_format
from hdl.outer_dot import OuterDot, check_outer, stages_behind
from hdl.sparse_dot import SparseDot
from tests.hdl.dots import pack
from tests.hdl.simulate import run_pipeline, settle

PAIRS = cast(BlockFormat, parse_format("nvfp4v2"))
FP16, BF16 = parse_format("fp16"), parse_format("bf16")

# 1 * 1.5 + 2 * 3 = 7.5, scales 1 and 2.
ROW = {"a": pack([2, 4], 4), "b": pack([3, 5], 4), "scale_a": 0x38, "scale_b": 0x40}


def bf16(value):
    return int(encode([value], "bf16")[0])


def test_sums_are_rounded_and_scaled_and_rounded():
    unit = OuterDot(BlockDot(PAIRS, PAIRS, FP16), BF16)
    assert unit.latency == 0
    rows = [ROW | {"outer": bf16(value)} for value in (2.0, -1.0, 0.1, 1e38, np.nan)]
    # 0.1 is 205 / 2048 in bf16: 15 times that is 1.5 and one and a half steps, to even two.
    assert settle(unit, rows, "y") == [(0x4F80,), (0xCB80,), (0x3E02,), (0x7C00,), (0x7E00,)]


def test_sums_accumulate_before_they_are_scaled():
    dot = BlockDot(PAIRS, PAIRS, FP16, accumulate=True, stages=2)
    unit = OuterDot(dot, BF16, 1)
    assert unit.latency == 4
    scales = (1.0, 0.5, 2.0)
    cycles = [
        ROW | {"in_valid": 1, "first": k == 0, "outer": bf16(scale)}
        for k, scale in enumerate(scales)
    ]
    cycles += [{"in_valid": 0, "outer": 0}] * 4
    found = [y for valid, y in run_pipeline(unit, cycles, "out_valid", "y") if valid]
    assert found == encode([15.0, 15.0, 90.0], "fp16").tolist()


def test_errors_come_with_their_results():
    dot = SparseDot(BlockDot(PAIRS, PAIRS, FP16, stages=1), 1, 2, 1)
    unit = OuterDot(dot, BF16, 1)
    assert [port.name for port in unit.ports][-4:] == ["outer", "out_valid", "y", "err"]
    cycles = [ROW | {"in_valid": 1, "meta": 0, "outer": bf16(1.0)}, {"in_valid": 0}]
    found = run_pipeline(unit, cycles + [{"in_valid": 0}] * 3, "out_valid", "err")
    assert found[unit.latency] == (1, 0)


def test_what_cannot_be_scaled():
    with pytest.raises(ValueError, match=r"^outer = fp16 needs a y that is a float, not int8$"):
        check_outer(parse_format("int8"), FP16)
    with pytest.raises(ValueError, match=r"^outer is a float with a sign, unlike int8$"):
        OuterDot(BlockDot(PAIRS, PAIRS, FP16), parse_format("int8"))
    with pytest.raises(ValueError, match=r"^outer is a float with a sign, unlike ue4m3$"):
        check_outer(FP16, parse_format("ue4m3"))


def test_a_third_of_the_stages_is_behind():
    assert [stages_behind(stages) for stages in (0, 2, 3, 6)] == [0, 0, 1, 2]
