from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from gen.errors import ToolError
from synth.job import BY_BLOCK, FLAT, Job
from synth.libraries import load_library
from synth.netlist import Netlist
from synth.recipes import Recipe

INVERTER = "module top (input a, output y); assign y = ~a; endmodule"


@pytest.fixture
def job() -> Job:
    return Job(INVERTER, "top", load_library("generic"), "area", None, "quick", "verilog", 60.0)


def test_what_a_result_depends_on(job: Job) -> None:
    changes = {"text": INVERTER + "\n", "objective": "delay", "period_ps": 1.0, "effort": "full"}
    keys = {dataclasses.replace(job, **{name: value}).key for name, value in changes.items()}
    assert len(keys | {job.key}) == 1 + len(changes)
    assert dataclasses.replace(job, timeout=1.0).key == job.key


def test_both_efforts_leave_the_same_files(job: Job) -> None:
    for effort in ("quick", "full"):
        directory = dataclasses.replace(job, effort=effort).cached_result(1)
        facts = json.loads((directory / "result.json").read_text())
        assert (facts["effort"], facts["objective"]) == (effort, "area")
        for file in (FLAT, BY_BLOCK):
            assert Netlist.load((directory / file).read_bytes()).name == "top"


def test_a_recipe_beyond_the_full_ones_may_fail(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dataclasses.replace(job, text=INVERTER + "// once", effort="long")
    scripts = Recipe.abc_script

    def failing(recipe: Recipe, target_ps: float, *, loaded: bool = True) -> str:
        text = scripts(recipe, target_ps, loaded=loaded)
        return text if recipe.name not in broken else "no_such_command"

    monkeypatch.setattr(Recipe, "abc_script", failing)
    broken = {"quick"}
    facts = json.loads((whole.cached_result(1) / "result.json").read_text())
    tried = {candidate["recipe"] for candidate in facts["candidates"]}
    assert "ripple carry" in tried
    assert "quick" not in tried
    broken = {"ripple carry"}
    with pytest.raises(ToolError):
        dataclasses.replace(whole, text=INVERTER + "// twice").cached_result(1)


def test_drivers_matter_to_registers_only(job: Job) -> None:
    registered = "module top (input clk, a, output reg y); always @(posedge clk) y <= a; endmodule"
    for text, driven in ((INVERTER, False), (registered, True)):
        tried = dataclasses.replace(job, text=text, objective="delay", effort="long")
        assert any(recipe.driven for recipe in tried.usable(multiplies=True)) == driven


def test_a_failure_leaves_its_log(job: Job) -> None:
    broken = dataclasses.replace(job, text="module top (input a); nonsense")
    for effort in ("quick", "full"):
        with pytest.raises(ToolError, match="syntax error") as caught:
            dataclasses.replace(broken, effort=effort).cached_result(1)
        assert isinstance(caught.value.log, Path)
        assert "syntax error" in caught.value.log.read_text()
