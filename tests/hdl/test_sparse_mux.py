# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.formats import parse_format
from hdl.sparse_mux import SparseMux
from tests.hdl.simulate import run_pipeline, settle

INT4 = parse_format("int4")


def test_two_groups_side_by_side():
    unit = SparseMux(INT4, groups=2)
    # Group 0 keeps positions 0 and 3 (code C), group 1 positions 1 and 2 (code 9).
    row = {"in_valid": 1, "x": 0x8765_4321, "meta": 0x9C}
    assert settle(unit, [row, row | {"meta": 0x90}], "y", "err") == [(0x7641, 0), (0x7621, 1)]


def test_the_selection_ends_in_a_register():
    unit = SparseMux(INT4, stages=1)
    assert unit.latency == 1
    cycles = [{"in_valid": 1, "x": 0x4321, "meta": 0xE}, {"in_valid": 0, "x": 0, "meta": 0}, {}]
    assert run_pipeline(unit, cycles, "out_valid", "y", "err")[1] == (1, 0x43, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 5}, "sparsity 5:4: n is 1 to m"),
        ({"n": 0}, "sparsity 0:4: n is 1 to m"),
        ({"n": 20, "m": 32}, "sparsity 20:32: more than 64 bits of metadata"),
        ({"groups": 300}, "groups = 300: groups * m is 1 to 1024"),
        ({"objective": "beauty"}, "objective = 'beauty' is not one of area, delay, balanced"),
    ],
)
def test_what_cannot_be_built(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SparseMux(INT4, **options)
