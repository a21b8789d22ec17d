from __future__ import annotations

import json

import pytest

from benchmarks import bench_formats_area
from benchmarks.bench_formats_area import FUSED, ONE_LANE, fused, main, one_lane

FIXED = [pair for pair in ONE_LANE if pair[1] == "fixed"]


def test_all_that_was_published_is_there() -> None:
    assert len(ONE_LANE) == 5 * 3
    assert sorted(ratio for ratio in ONE_LANE.values() if ratio) == [
        *(1.0, 1.21, 1.25, 1.48, 1.54, 2.09, 2.84),
    ]
    assert FUSED["E4M3"][0] / FUSED["INT8"][0] == pytest.approx(1.11, abs=0.005)


@pytest.mark.slow
def test_fixed_accumulators_cost_what_was_published() -> None:
    rows = one_lane(FIXED)
    assert [row.ratio for row in rows[:1]] == [{"generic": 1.0, "nangate45": 1.0}]
    for row in rows:
        assert row.published is not None
        assert row.ratio["generic"] == pytest.approx(row.published, rel=0.15)


@pytest.mark.slow
def test_fused_products_are_compared_with_int8() -> None:
    int8, int4 = fused(["INT8", "INT4"], lanes=2)
    assert int8.ratio == {"generic": 1.0, "nangate45": 1.0}
    assert int4.published == pytest.approx(0.279, abs=0.001)
    assert int4.ratio["generic"] == pytest.approx(0.279, rel=0.3)


def test_the_tables_for_people_and_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = bench_formats_area.Row(
        "e4m3", 1.5, {"generic": 150.0, "nangate45": 90.0}, {"generic": 1.65, "nangate45": 1.8}
    )
    monkeypatch.setattr(bench_formats_area, "one_lane", lambda: [row])
    monkeypatch.setattr(bench_formats_area, "fused", lambda **_: [row])
    assert main([]) == 0
    assert "+10%" in capsys.readouterr().out
    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fused"][0]["ratio"]["generic"] == 1.65
