import numpy as np
import pytest

from cosim.benches.records import find_mismatches, layout_of
from tests.cosim.duts import RUNNING_PORTS, SUM_PORTS, port


def test_every_lane_has_a_container_of_its_own_and_the_widest_come_first():
    layout = layout_of(SUM_PORTS, copies=2)
    fields = layout.stimulus.fields
    assert fields is not None
    assert {name: (field[0].base, field[0].shape, field[1]) for name, field in fields.items()} == {
        "b": (np.uint16, (2, 1), 0),
        "in_valid": (np.uint8, (2, 1), 4),
        "a": (np.uint8, (2, 3), 6),
    }
    assert layout.stimulus.itemsize == 16
    # y takes 2 * 8 bytes, out_valid 2 and low 2 * 2: 22, and rows are multiples of 16.
    assert layout.result.itemsize == 32
    assert (layout.valid_in, layout.valid_out) == ("in_valid", "out_valid")


def test_the_clock_is_not_part_of_a_row():
    assert layout_of(RUNNING_PORTS, 1).stimulus.names == ("rst", "in_valid", "x", "first")


def test_lanes_wider_than_any_container():
    with pytest.raises(ValueError, match=r"^a lane has at most 64 bits, not 65$"):
        layout_of([*SUM_PORTS, port("z", "in", 65, "data")], 1)


def test_mismatches_count_where_a_result_is_due_and_valid_everywhere():
    layout = layout_of(SUM_PORTS, copies=2)
    expected = np.zeros(4, layout.result)
    expected["out_valid"][:3] = 1
    expected["low"] = 7
    result = expected.copy()
    assert [len(found) for found in find_mismatches(layout, expected, result)] == [0, 0]
    result["low"][1, 1, 1] = 8  # one lane of copy 1
    result["y"][1, 1] = 8  # the same result: counted once
    result["out_valid"][2, 0] = 0  # no result
    result["y"][3] = 9  # not due: anything goes
    result["out_valid"][3, 1] = 1  # a result out of nothing
    rows, copies = find_mismatches(layout, expected, result)
    assert list(zip(rows.tolist(), copies.tolist(), strict=True)) == [(1, 1), (2, 0), (3, 1)]
