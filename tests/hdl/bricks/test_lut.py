# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from gen.emit import verilog_of
from hdl.bricks.lut import Lut
from tests.hdl.simulate import settle

SQUARES = [i * i for i in range(16)]


@pytest.mark.parametrize(
    ("contents", "bits"),
    [
        (SQUARES, 8),
        ([5] * 8, 3),
        ([0, 1], 1),
        ([1, 0], 1),
        ([(i * 2654435761) >> 9 & 0x1FF for i in range(64)], 9),
    ],
    ids=["squares", "constant", "wire", "inverter", "noise"],
)
def test_every_entry(contents, bits):
    outputs = settle(Lut(contents, bits), [{"x": i} for i in range(len(contents))], "y")
    assert [y for (y,) in outputs] == contents


def test_complements_and_repetitions_take_one_node():
    # All sixteen output bits are the parity of the address or its opposite.
    parity = [0xAAAA if i.bit_count() % 2 else 0x5555 for i in range(256)]
    verilog = verilog_of(Lut(parity, 16), "lut")
    # One multiplexer for each address bit, the last of them a plain wire.
    assert len(re.findall(r"wire node_", verilog)) == 8


@pytest.mark.parametrize(
    ("contents", "bits", "message"),
    [
        ([1, 2, 3], 2, "a table has 2, 4, 8 .. entries, not 3"),
        ([1], 1, "a table has 2, 4, 8 .. entries, not 1"),
        ([1, 4], 2, "an entry of the table does not fit 2 bits"),
    ],
)
def test_what_is_no_table(contents, bits, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Lut(contents, bits)
