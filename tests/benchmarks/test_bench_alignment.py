"""The benchmark checks what it prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import bench_alignment
from benchmarks.aligned_dot import AlignedDot
from benchmarks.alignments import Bins
from benchmarks.bench_alignment import CASES, UNIT, Case, checked_verilog, main, table
from gen.config import resolve
from gen.errors import ToolError


def test_wrong_answers_are_noticed() -> None:
    (config,) = resolve(["dot", "a=e2m1", "b=e2m1", "lanes=2"])

    def wrong(arguments: Mapping[str, Any]) -> AlignedDot:
        unit = AlignedDot(Bins(1), **arguments)
        # A bias of its own: every product is twice as large as it should be.
        unit.factors[0] = replace(unit.factors[0], bias=0)
        return unit

    with pytest.raises(ToolError, match="answers are wrong"):
        checked_verilog(config, wrong, 1000)


def test_costs_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = Case(
        "dot a=e2m1 b=e2m1 lanes=2", {"bins": CASES["e2m1"].alternatives["5 bins, no shift"]}
    )
    monkeypatch.setattr(bench_alignment, "CASES", {"tiny": tiny})
    assert main(["--json", "--effort", "quick", "--vectors", "2000", "tiny"]) == 0
    found = json.loads(capsys.readouterr().out)["tiny"]
    assert list(found) == [UNIT, "bins"]
    assert found["bins"]["um2"] > found[UNIT]["um2"] > 100
    assert table("tiny", found).count("\n") == 4
    with pytest.raises(SystemExit):
        main(["tinier"])
    assert "no such table: tinier" in capsys.readouterr().err
