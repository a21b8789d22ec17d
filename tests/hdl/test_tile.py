# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re
from functools import partial

import pytest

from gen.emit import verilog_of
from hdl.block_dot import BlockDot
from hdl.dot import Dot
from hdl.formats import BlockFormat, IntFormat, parse_format
from hdl.sparse_dot import SparseDot
from hdl.tile import Tile
from tests.hdl.simulate import run_pipeline, settle

INT8, INT32 = IntFormat(8), IntFormat(32)


def pack(codes, bits):
    return sum((code & ((1 << bits) - 1)) << (bits * i) for i, code in enumerate(codes))


def block(name):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    return fmt


def test_matrices_are_row_major():
    tile = Tile(2, 3, partial(Dot, INT8, INT8, INT32, 2, c=INT32))
    assert {port.name: port.lanes for port in tile.ports} == {
        "in_valid": 1,
        "a": 4,
        "b": 6,
        "c": 6,
        "out_valid": 1,
        "y": 6,
    }
    row = {"a": pack([1, 2, 3, -4], 8), "b": pack([5, 6, 7, 8, 9, 10], 8)}
    row |= {"c": pack([100, 200, 300, 400, 500, 600], 32), "in_valid": 1}
    # (1 2; 3 -4) (5 6 7; 8 9 10) = (21 24 27; -17 -18 -19), and the addends.
    expected = pack([121, 224, 327, 383, 482, 581], 32)
    assert settle(tile, [row], "y", "out_valid") == [(expected, 1)]


def test_running_sums_restart_together():
    tile = Tile(2, 1, partial(Dot, INT8, INT8, INT32, 1, accumulate=True, stages=1))
    assert tile.latency == 2
    rows = [(1, [2, 3], 5), (0, [1, -1], 7), (1, [1, 1], 1)]
    cycles = [{"in_valid": 1, "first": f, "a": pack(a, 8), "b": b} for f, a, b in rows]
    outputs = run_pipeline(tile, [*cycles, {"in_valid": 0}, {}], "out_valid", "y")
    expected = [pack(pair, 32) for pair in ([10, 15], [17, 8], [1, 1])]
    assert [y for valid, y in outputs if valid] == expected


def test_blocks_lie_along_k_and_any_illegal_code_is_an_error():
    fmt = block("vsq4m4v2")
    tile = Tile(1, 2, lambda: SparseDot(BlockDot(fmt, fmt, IntFormat(16)), 2, 4))
    lanes = {port.name: port.lanes for port in tile.ports}
    assert lanes["a"] == 4
    assert (lanes["b"], lanes["scale_b"], lanes["meta"], lanes["err"]) == (4, 2, 2, 1)
    row = {"a": pack([1, 2, 3, 4], 4), "scale_a": 2, "scale_b": pack([1, 3], 4)}
    # Columns (5, 7) and (6, 1): row-major, their elements take turns.
    row |= {"b": pack([5, 6, 7, 1], 4), "meta": pack([0xC, 0x4], 4)}
    # (5 * 1 + 7 * 4) * 2 = 66 and (6 * 1 + 1 * 2) * 6 = 48.
    rows = [row, row | {"meta": pack([0xC, 0x5], 4)}]
    (first, legal), (_, illegal) = settle(tile, rows, "y", "err")
    assert (first, legal, illegal) == (pack([66, 48], 16), 0, 1)


def test_all_dot_products_share_one_module():
    # Those behind a selection as well: what it stands before decides, too.
    sparse = Tile(2, 2, lambda: SparseDot(Dot(INT8, INT8, INT32, 2), 2, 4))
    assert len(re.findall(r"^module t_sparse_dot\b", verilog_of(sparse, "t"), re.MULTILINE)) == 1
    verilog = verilog_of(Tile(3, 4, partial(Dot, INT8, INT8, INT32, 4)), "tile")
    assert len(re.findall(r"^module tile_dot\b", verilog, re.MULTILINE)) == 1
    assert len(re.findall(r"^    tile_dot dot_\d_\d ", verilog, re.MULTILINE)) == 12


@pytest.mark.parametrize(
    ("m", "n", "lanes", "message"),
    [
        (0, 1, 1, "m = 0: a matrix has 1 row and column or more"),
        (1, 0, 1, "n = 0: a matrix has 1 row and column or more"),
        (16, 8, 1024, "131072 products in a cycle are more than 65536"),
    ],
)
def test_what_cannot_be_built(m, n, lanes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Tile(m, n, partial(Dot, INT8, INT8, INT32, lanes))
