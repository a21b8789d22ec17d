from __future__ import annotations

import pytest

from synth.database import Row
from synth.study import Design, Part
from synth.study_costs import Cost, Points, costs_of, flip_flop_area
from tests.synth.priced import result, row

PARTS = (
    Part(8, "convert", {"x": "posit8", "y": "e6m3"}),
    Part(1, "dot", {"a": "e6m3", "b": "e6m3", "y": "fp32", "lanes": 4}),
)


def cost(*rows: Row, parts: tuple[Part, ...] = PARTS) -> Cost:
    (found,) = costs_of([Design("toy", 4, parts, "somehow")], Points(rows), "tiny")
    return found


def test_parts_are_added_up() -> None:
    found = cost(row(PARTS[0], result(10, 100, 2, 300)), row(PARTS[1], result(100, 900, 40)))
    assert found == Cost("toy", 4, "somehow", 180.0, 1000.0, 14.0, 300)
    assert found.area_per_mac == 45.0


def test_nothing_is_known_while_a_part_is_missing() -> None:
    found = cost(row(PARTS[0], result(10, 100, 2)))
    assert found == Cost("toy", 4, "not measured")
    assert found.area_per_mac is None
    pending = row(PARTS[1], None, "pending")
    assert cost(row(PARTS[0], result(10, 100, 2)), pending).how == "not measured"


def test_a_failure_says_why() -> None:
    found = cost(row(PARTS[0], result(10, 100, 2)), row(PARTS[1], None, "failed"))
    assert found == Cost("toy", 4, "failed: it broke")


def test_what_has_no_hardware_says_why() -> None:
    assert cost(parts=()) == Cost("toy", 4, "somehow")


def test_the_library_counts() -> None:
    points = Points([row(PARTS[1], result(1, 1, 1))])
    assert points.find(PARTS[1], "tiny") is not None
    assert points.find(PARTS[1], "other") is None


def test_the_flip_flop_of_gates_is_six() -> None:
    assert flip_flop_area("generic") == pytest.approx(6)
