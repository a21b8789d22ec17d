# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.block_dot import BlockDot
from hdl.dot import Dot
from hdl.formats import BlockFormat, parse_format
from hdl.sparse_dot import SparseDot
from tests.hdl.dots import dot, pack
from tests.hdl.simulate import run_pipeline, settle

INT4 = parse_format("int4")


def test_weights_meet_their_operands():
    unit = SparseDot(Dot(INT4, INT4, None, 2), 2, 4)
    assert unit.latency == 0
    row = {"a": pack([1, 2, 3, 4], 4), "b": pack([5, 7], 4)}
    rows = [row | {"meta": 0xC}, row | {"meta": 0x5}]
    # Positions 0 and 3: 5 + 28. Code 5 asks for position 1 twice: 10 + 14, and says so.
    assert settle(unit, rows, "y", "err") == [(33, 0), (24, 1)]


def test_selection_is_registered_and_errors_come_with_their_results():
    unit = SparseDot(Dot(INT4, INT4, parse_format("int9"), 2, accumulate=True, stages=1), 1, 2, 1)
    assert unit.latency == 3
    rows = [(1, 0b10, [5, 7]), (0, 0b01, [1, 1]), (1, 0b11, [2, -1])]
    cycles = [
        {"in_valid": 1, "first": first, "a": pack([1, 2, 3, 4], 4), "meta": meta}
        | {"b": pack([x & 15 for x in b], 4)}
        for first, meta, b in rows
    ]
    cycles += [{"in_valid": 0}] * unit.latency
    outputs = [row for row in run_pipeline(unit, cycles, "out_valid", "y", "err") if row[0]]
    # 1 * 5 + 4 * 7, then 2 * 1 + 3 * 1 on top; 2 * 2 - 4 afresh. No code of 1:2 is illegal.
    assert [(y, err) for _, y, err in outputs] == [(33, 0), (38, 0), (0, 0)]


def test_ports_are_those_of_the_dense_unit_and_the_choice():
    fmt = parse_format("vsq4v4")
    assert isinstance(fmt, BlockFormat)
    unit = SparseDot(BlockDot(fmt, fmt, blocks=2, stages=2), 2, 4, 1)
    assert {port.name: port.lanes for port in unit.ports} == {
        "in_valid": 1,
        "a": 16,
        "b": 8,
        "scale_a": 2,
        "scale_b": 2,
        "meta": 4,
        "out_valid": 1,
        "y": 1,
        "err": 1,
    }
    assert unit.latency == 3


def test_a_window_sees_only_what_is_selected():
    dense = dot("e5m2", "e5m2", "fp32", lanes=1, align="window", fraction_bits=13)
    # An infinity that is not selected does nothing.
    row = {"a": 0x7C << 8 | 0x3C, "b": 0x3C}
    rows = [row | {"meta": 0}, row | {"meta": 1}]
    assert settle(SparseDot(dense, 1, 2), rows, "y") == [(0x3F80_0000,), (0x7F80_0000,)]


@pytest.mark.parametrize(
    ("lanes", "n", "m", "stages", "message"),
    [
        (16, 3, 4, 0, "sparsity 3:4: n is below m and divides the 16 lanes"),
        (16, 4, 4, 0, "sparsity 4:4: n is below m and divides the 16 lanes"),
        (1024, 2, 4, 0, "sparsity 2:4: there are 1 to 1024 lanes of a"),
        (16, 2, 4, 2, "stages = 2: there is one register at most after selecting"),
    ],
)
def test_what_cannot_be_selected(lanes, n, m, stages, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SparseDot(Dot(INT4, INT4, None, lanes), n, m, stages)
