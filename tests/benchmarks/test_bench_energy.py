from __future__ import annotations

import json

import pytest

from benchmarks.bench_energy import OPERATIONS, main, worst_ratio


def test_ratios_are_compared_both_ways() -> None:
    published = {name: pj for name, (pj, _) in OPERATIONS.items()}
    assert worst_ratio(published) == 0
    assert worst_ratio({name: 2 * pj for name, pj in published.items()}) == 0
    off = published | {"add int8": published["add int8"] / 1.5}
    assert worst_ratio(off) == pytest.approx(0.5)


@pytest.mark.slow
def test_ratios_are_those_of_horowitz(capsys: pytest.CaptureFixture[str]) -> None:
    operations = [name for name in OPERATIONS if "int" in name]
    assert main(["--json", *operations]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["worst"] < 0.4
    assert set(found["ours_pj"]) == set(operations)
    for name, published in found["published_pj"].items():
        assert published < found["ours_pj"][name] < 2.5 * published
