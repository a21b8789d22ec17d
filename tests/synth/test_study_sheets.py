from __future__ import annotations

from synth.study_costs import Cost
from synth.study_sheets import cost_sheets, draw_study

COSTS = (
    Cost("int8", 1, "int32", 400.0, 1000.0, 500.0, 100),
    Cost("int8", 4, "int32", 1200.0, 2000.0, 400.0, 100),
    Cost("mxfp4", 1, "none", None),
    Cost("mxfp4", 4, "exact", 600.0, 3000.0, 100.0, 90),
)


def test_every_number_is_beside_that_of_int8() -> None:
    area, energy, delay, points = cost_sheets(COSTS)
    assert area.headings == ("format", "1 lane", "of int8", "4 lanes", "of int8")
    assert area.rows == [
        ["int8", "400", "1.00", "300", "1.00"],
        ["mxfp4", None, None, "150", "0.50"],
    ]
    assert energy.rows[1] == ["mxfp4", None, None, "100", "0.25"]
    assert delay.rows[1] == ["mxfp4", None, None, "3000", "1.50"]
    assert points.rows[2] == ["mxfp4", "1", "none", None, None, None, None]
    assert points.rows[3] == ["mxfp4", "4", "exact", "600.0", "3000", "100.00", "90"]


def test_without_int8_there_are_no_ratios() -> None:
    area, *_ = cost_sheets(COSTS[2:])
    assert area.headings == ("format", "1 lane", "4 lanes")


def test_pictures_are_the_same_each_time() -> None:
    sqnr, bits = {"int8": 40.0, "mxfp4": 19.0}, {"int8": 8.0, "mxfp4": 4.25}
    files = draw_study(COSTS, sqnr, bits)
    assert set(files) == {
        "study-energy.svg",
        "study-energy.png",
        "study-area.svg",
        "study-area.png",
    }
    assert files == draw_study(COSTS, sqnr, bits)
    mine = draw_study(COSTS, sqnr, bits, name="tensor1", of="my tensor")
    assert mine["tensor1-energy.svg"] != files["study-energy.svg"]
    text = files["study-energy.svg"].decode()
    assert ">mxfp4<" in text
    assert ">8 bits<" in text
    assert len(text) < 100_000


def test_there_is_no_picture_of_nothing() -> None:
    assert draw_study(COSTS[2:3], {}, {}) == {}
