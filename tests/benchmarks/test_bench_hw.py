from __future__ import annotations

import json

import pytest

from benchmarks import bench_hw
from benchmarks.bench_hw import MARKS, UNITS, Unit, main, place, record, table

BEGIN, END = MARKS["full"]

UNIT = Unit("adder", "no words", 100, 50)


def line(objective, version, area, delay, plain=(300, 70)):
    return {
        "unit": "adder",
        "objective": objective,
        "version": version,
        "config_hash": "0123",
        "ours": {"area_um2": area, "delay_ps": delay, "recipe": "plain"},
        "plain": plain and {"area_um2": plain[0], "delay_ps": plain[1], "recipe": "plain"},
    }


def test_the_newest_line_counts_and_misses_are_bold():
    lines = [line("area", "1", 1234, 60), line("area", "2", 101, 60), line("delay", "2", 200, 50)]
    assert table(lines, [UNIT]).splitlines()[2:] == [
        "| adder | **101** (60) | 300 (70) | 100 | 50 (200) | 70 (300) | 50 |"
    ]


def test_a_plain_description_that_the_tools_gave_up_on_is_a_dash():
    lines = [line("area", "1", 90, 60, plain=None), line("delay", "1", 200, 55)]
    assert table(lines, [UNIT]).splitlines()[2:] == [
        "| adder | 90 (60) | - | 100 | **55** (200) | 70 (300) | 50 |"
    ]


def test_half_a_unit_is_no_row():
    assert len(table([line("area", "1", 90, 60)], [UNIT]).splitlines()) == 2


def test_history_keeps_one_line_a_version(tmp_path):
    history = tmp_path / "hw.jsonl"
    record(history, [line("area", "1", 1, 1), line("delay", "1", 2, 2)])
    lines = record(history, [line("area", "1", 3, 3), line("area", "2", 4, 4)])
    assert [x["ours"]["area_um2"] for x in lines] == [2, 3, 4]
    assert [json.loads(text) for text in history.read_text().splitlines()] == lines


def test_each_effort_has_a_table_of_its_own(tmp_path):
    history = tmp_path / "hw.jsonl"
    full = [line("area", "1", 99, 60), line("delay", "1", 200, 50)]
    longer = [{**one, "effort": "long", "plain": None} for one in full]
    longer[0]["ours"] = {"area_um2": 95, "delay_ps": 70, "recipe": "polished"}
    lines = record(history, full)
    lines = record(history, longer)
    assert len(lines) == 4
    assert "| 99 (60) |" in table(lines, [UNIT])
    assert "| 95 (70) |" in table(lines, [UNIT], "long")
    page = "".join(f"{effort}\n{first}{last}" for effort, (first, last) in MARKS.items())
    page = place(place(page, "first\n"), "second\n", "long")
    assert page.index("full") < page.index("first") < page.index("long") < page.index("second")


def test_the_table_goes_between_its_marks():
    assert place(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}\nnew\n\n{END}b\n"
    with pytest.raises(ValueError, match="in the page"):
        place("a page", "new\n")


def test_names_are_checked(capsys):
    assert len({unit.name for unit in UNITS}) == len(UNITS)
    with pytest.raises(SystemExit):
        main(["dot 5 int8"])
    assert "no such unit: dot 5 int8" in capsys.readouterr().err


@pytest.mark.slow
def test_one_unit_from_end_to_end(tmp_path, monkeypatch, capsys):
    page = tmp_path / "cost.md"
    page.write_text(BEGIN + END)
    monkeypatch.setattr(bench_hw, "DOCS", page)
    monkeypatch.setattr(bench_hw, "HISTORY", tmp_path / "hw.jsonl")
    main(["int4 MAC + int32"])
    assert "| int4 MAC + int32 |" in page.read_text()
    lines = [json.loads(text) for text in (tmp_path / "hw.jsonl").read_text().splitlines()]
    assert [x["objective"] for x in lines] == ["area", "delay"]
    assert "plain RTL" in capsys.readouterr().out
