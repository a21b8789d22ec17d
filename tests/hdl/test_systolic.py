# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from gen.emit import verilog_of
from hdl.formats import IntFormat, parse_format
from hdl.systolic import Systolic
from tests.hdl.simulate import run_pipeline

INT8, INT32 = IntFormat(8), IntFormat(32)


def pack(codes, bits):
    return sum((code & ((1 << bits) - 1)) << (bits * i) for i, code in enumerate(codes))


def cycle(a=(0, 0), b=(0, 0, 0), *, load=0, swap=0, valid=1, c=None):
    row = {"in_valid": valid, "load": load, "swap": swap, "a": pack(a, 8), "b": pack(b, 8)}
    return row | ({} if c is None else {"c": pack(c, 32)})


def play(array, cycles):
    """Return the rows that come out, and the cycle of the first."""
    cycles = [*cycles, *[cycle(valid=0)] * (array.latency + 1)]
    outputs = run_pipeline(array, cycles, "out_valid", "y")
    first = next(i for i, (valid, _) in enumerate(outputs) if valid)
    return [y for valid, y in outputs if valid], first


@pytest.mark.parametrize("stages", [0, 1, 3])
def test_new_weights_are_loaded_while_the_old_ones_work(stages):
    array = Systolic(2, 3, INT8, INT8, INT32, stages=stages)
    assert array.latency == 2 * (stages + 1) + 3
    cycles = [
        cycle((1, 1), (1, 2, 3), load=1),  # all weights are zeros yet
        cycle((1, 1), (4, 5, 6), load=1),
        cycle((10, 1), (7, 7, 7), load=1, swap=1),
        cycle((1, -1), (8, 8, 8), load=1),
        cycle((1, 2), swap=1),
        cycle((0, 3)),
    ]
    rows, first = play(array, cycles)
    assert first == array.latency
    expected = [[0] * 3, [0] * 3, [14, 25, 36], [-3, -3, -3], [23] * 3, [24] * 3]
    assert rows == [pack(row, 32) for row in expected]


def test_gaps_change_nothing_and_what_comes_in_them_is_not_looked_at():
    array = Systolic(2, 3, INT8, INT8, INT32)
    gap = cycle((9, 9), (9, 9, 9), load=1, swap=1, valid=0)
    cycles = [
        cycle((1, 1), (1, 2, 3), load=1),
        gap,
        cycle((1, 1), (4, 5, 6), load=1),
        gap,
        gap,
        cycle((10, 1), swap=1),
    ]
    assert play(array, cycles)[0] == [0, 0, pack([14, 25, 36], 32)]


def test_addends_and_rows_that_come_once_more():
    array = Systolic(2, 3, INT8, INT8, INT32, c=INT32, stages=1)
    cycles = [cycle(b=(k, k, k), load=1, c=(0, 0, 0)) for k in (1, 2, 3)]
    cycles += [cycle((10, 1), swap=1, c=(100, 200, -300))]
    # The third row took the place of the first: 30 + 2.
    assert play(array, cycles)[0][-1] == pack([132, 232, -268], 32)


def test_every_sum_of_floats_is_rounded():
    # In E4M3, 16 + 1 is a tie between 16 and 18 and goes to 16, and so once more; 1 + 1 + 16 is 18.
    e4m3 = parse_format("e4m3")
    array = Systolic(3, 1, e4m3, e4m3, e4m3)
    one = 0x38
    cycles = [{"in_valid": 1, "load": 1, "swap": 0, "a": 0, "b": one}] * 3
    for codes in ([0x58, one, one], [one, one, 0x58]):
        swap = int(codes[0] == 0x58)
        cycles.append({"in_valid": 1, "load": 0, "swap": swap, "a": pack(codes, 8), "b": 0})
    outputs = run_pipeline(array, [*cycles, *[{"in_valid": 0}] * 5], "out_valid", "y")
    assert [y for valid, y in outputs if valid][3:] == [0x58, 0x59]


def test_all_cells_share_one_module():
    verilog = verilog_of(Systolic(3, 4, INT8, INT8, INT32), "array")
    assert len(re.findall(r"^module array_systolic_cell\b", verilog, re.MULTILINE)) == 1
    assert len(re.findall(r"^    array_systolic_cell cell_\d_\d ", verilog, re.MULTILINE)) == 12


@pytest.mark.parametrize(
    ("rows", "cols", "options", "message"),
    [
        (0, 1, {}, "rows = 0 is not in 1..256"),
        (1, 257, {}, "cols = 257 is not in 1..256"),
        (1, 1, {"stages": 17}, "stages = 17 is not in 0..16"),
        (1, 1, {"overflow": "ieee"}, "overflow = 'ieee' needs a float result, not int32"),
        (1, 1, {"c": IntFormat(33)}, "operand format int33 has 33 bits, more than 32"),
    ],
)
def test_what_cannot_be_built(rows, cols, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Systolic(rows, cols, INT8, INT8, INT32, **options)
