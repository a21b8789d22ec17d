import json
import mmap
import os
import tempfile

import numpy as np
import pytest

from cosim.benches.exchange import VARIABLE, Exchange, map_blocks, memory_size
from cosim.benches.records import layout_of
from tests.cosim.duts import SUM_PORTS

ROWS = 4


@pytest.fixture
def ends(monkeypatch):
    """Both ends of an exchange: ours, and the bench's."""
    layout = layout_of(SUM_PORTS, 1)
    commands, to_bench = os.pipe()
    from_bench, reports = os.pipe()
    with tempfile.TemporaryFile() as file:
        file.truncate(memory_size(layout, ROWS))
        blocks = map_blocks(mmap.mmap(file.fileno(), 0), layout, ROWS)
        description = {
            "ports": SUM_PORTS,
            "copies": 1,
            "rows": ROWS,
            "memory": file.fileno(),
            "commands": commands,
            "reports": reports,
        }
        monkeypatch.setenv(VARIABLE, json.dumps(description))
        bench = Exchange.from_environment()
    return blocks, to_bench, bench, from_bench


def command(block, rows, start, dump=None):
    return json.dumps({"block": block, "rows": rows, "start": start, "dump": dump}).encode() + b"\n"


def test_blocks_are_shared_and_compared_from_the_row_on_that_counts(ends):
    blocks, to_bench, bench, from_bench = ends
    for block in blocks:
        block.expected["out_valid"][:3] = 1
        block.expected["y"] = 5
    with open(to_bench, "wb") as file:
        file.write(command(1, 4, 1, dump=2) + command(0, 3, 2))
    played = []
    for block, dump in bench:
        played.append((len(block.stimulus), dump))
        block.result[:] = block.expected
        block.result["y"][:2] = 6  # rows 0 and 1 are wrong
    assert played == [(4, 2), (3, None)]
    assert blocks[1].result["y"].ravel().tolist() == [6, 6, 5, 5]
    with open(from_bench) as file:
        assert [json.loads(line) for line in file] == [
            {"compared": 2, "mismatches": 1},  # rows 1 to 3, a result due in 1 and 2
            {"compared": 1, "mismatches": 0},  # row 2
        ]
    with pytest.raises(AssertionError, match=r"^1 of 3 results are wrong$"):
        bench.finish()


def test_nothing_compared_is_a_failure(ends):
    _, to_bench, bench, from_bench = ends
    os.close(to_bench)
    assert list(bench) == []
    os.close(from_bench)
    with pytest.raises(AssertionError, match=r"^no result was compared$"):
        bench.finish()


def test_blocks_do_not_overlap(ends):
    blocks, *_, from_bench = ends
    os.close(from_bench)
    for block in blocks:
        for part in (block.stimulus, block.expected, block.result):
            part.view(np.uint8)[:] += 1
    assert all((block.expected.view(np.uint8) == 1).all() for block in blocks)
