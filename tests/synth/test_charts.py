from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

from synth.charts import draw_charts, pareto_front
from synth.report import Table, table_of
from tests.synth.test_report import ROWS, row


def test_the_front_has_what_nothing_beats() -> None:
    # Less of the first, more of the second: (2, 3) is beaten by (1, 3), (3, 3) by both.
    points = [(3.0, 3.0), (1.0, 3.0), (2.0, 3.0), (4.0, 9.0), (0.5, 1.0), (0.5, 0.5)]
    assert pareto_front(points) == [4, 1, 3]
    assert pareto_front([]) == []


def test_there_is_a_picture_for_all_that_was_measured() -> None:
    files = draw_charts(table_of(ROWS))
    names = ("pareto-area", "pareto-energy", "pareto-delay")
    names += ("breakdown-area", "breakdown-energy", "area-lanes")
    assert set(files) == {f"{name}.{suffix}" for name in names for suffix in ("svg", "png")}
    for name, content in files.items():
        if name.endswith("svg"):
            ET.fromstring(content)
            assert b"<dc:date>" not in content
        else:
            assert content.startswith(b"\x89PNG")


def test_the_same_points_are_the_same_picture() -> None:
    table = table_of([row(1, a="int8", lanes=4, area=1.0, sqnr=None)])
    assert draw_charts(table) == draw_charts(table)


def test_no_picture_without_numbers() -> None:
    assert draw_charts(table_of(ROWS[2:])) == {}
    (without,) = [row(1, a="int8", lanes=4, area=1.0, sqnr=None)]
    assert set(draw_charts(table_of([without]))) == {
        f"breakdown-{what}.{suffix}" for what in ("area", "energy") for suffix in ("svg", "png")
    }


def test_of_many_points_some_bars_are_drawn() -> None:
    many = [row(n, a="int8", lanes=4, area=float(n), sqnr=1.0) for n in range(1, 100)]
    svg = draw_charts(table_of(many))["breakdown-area.svg"].decode()
    assert "24 of 99 points" in svg
    assert ">toy1<" in svg
    assert ">toy99<" in svg


def test_a_few_bars_of_many_blocks_leave_room_for_the_legend() -> None:
    blocks = {f"block{number}": 1.0 for number in range(20)}
    record = {"name": "toy", "status": "done", "area_um2": 20.0, "sqnr_db": None}
    record |= dict.fromkeys(("area_per_mac_um2", "fj_per_mac", "delay_ps"))
    record |= {"area_blocks": blocks, "energy_blocks": {}}
    assert "breakdown-area.svg" in draw_charts(Table((), (record,), {}))


def test_width_and_operands_have_pictures_where_they_differ() -> None:
    rows = [
        row(1, a="int8", lanes=4, area=400.0, sqnr=None),
        row(2, a="int4", lanes=4, area=100.0, sqnr=None),
    ]
    for one, name in zip(rows, ("gaussian", "uniform"), strict=True):
        assert one.result is not None
        one.result["energy"]["operands"] = name
    files = draw_charts(table_of(rows))
    width, energy = (files[f"{name}.svg"].decode() for name in ("area-width", "energy-operands"))
    assert "bits of an operand" in width
    assert ">uniform<" in energy
    assert "energy-operands.svg" not in draw_charts(table_of(rows[:1]))


def test_what_a_network_gets_right_has_pictures_where_it_is_known() -> None:
    rows = [
        dataclasses.replace(one, result={**(one.result or {}), "digits_accuracy": right})
        for one, right in (
            (row(1, a="int8", lanes=4, area=400.0, sqnr=None), 0.97),
            (row(2, a="int4", lanes=4, area=100.0, sqnr=None), 0.95),
        )
    ]
    files = draw_charts(table_of(rows))
    for name in ("area", "energy", "delay"):
        assert "digits that a network gets right" in files[f"digits-{name}.svg"].decode()
    assert "pareto-area.svg" not in files
