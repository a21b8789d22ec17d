from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.plain_rtl import plain_verilog
from gen import yosys
from gen.config import make_config, resolve
from gen.errors import ConfigError, ToolError
from hdl.options import Objective
from slipstick.costs import price
from synth.flow import synthesize, synthesize_verilog
from synth.recipes import candidates, merit
from synth.timing import CombinationalLoopError

MULTIPLIER = """
module mul (input signed [7:0] a, b, output signed [15:0] y);
  assign y = a * b;
endmodule
"""
ACCUMULATOR = """
module acc (input clk, input [7:0] a, output reg [15:0] y);
  always @(posedge clk) y <= y + a;
endmodule
"""


def test_the_objectives_span_a_curve() -> None:
    area, balanced, delay = (
        synthesize_verilog(MULTIPLIER, "mul", objective=objective)
        for objective in ("area", "balanced", "delay")
    )
    assert area.area_um2 < balanced.area_um2 < delay.area_um2
    assert area.delay_ps > balanced.delay_ps > delay.delay_ps
    # What Yosys makes of a plain 8x8 multiplier in the common recipes is 405 um2 or 443 ps.
    assert area.area_um2 < 300
    assert delay.delay_ps < 400


def test_gates_are_counted_as_published() -> None:
    # An array multiplier: 64 products, 48 full and 8 half adders, 64 + 48 * 7 + 8 * 3. What Yosys
    # makes of `*` adds its last carries with a few gates more.
    result = synthesize_verilog(
        MULTIPLIER.replace("signed ", ""), "mul", library="generic", objective="area"
    )
    assert result.area_um2 == pytest.approx(424, rel=0.1)
    assert result.library["area_unit"] == "gates"


OSU = Path("/usr/share/qflow/tech")


@pytest.mark.parametrize(
    "file",
    ["osu018/osu018_stdcells.lib", "osu035/osu035_stdcells.lib", "osu050/osu05_stdcells.lib"],
)
def test_other_libraries_by_file(file: str) -> None:
    library = OSU / file
    if not library.is_file():
        pytest.skip(f"{library.name} is not installed (Debian: qflow-tech-{library.parent.name})")
    result = synthesize_verilog(ACCUMULATOR, "acc", library=library, objective="area")
    assert result.cells["DFFPOSX1"] == 16
    ours = synthesize_verilog(ACCUMULATOR, "acc", objective="area")
    # The same design, in the unit that libraries have in common.
    assert result.nand2_equivalents == pytest.approx(ours.nand2_equivalents, rel=0.35)


def test_totals_agree_with_each_other() -> None:
    result = synthesize_verilog(ACCUMULATOR, "acc", objective="area")
    assert result.cells["DFF_X1"] == 16
    assert result.sequential_area_um2 == pytest.approx(16 * 4.522)
    assert result.nand2_equivalents == pytest.approx(result.area_um2 / 0.798, abs=0.05)
    assert sum(block.area_um2 for block in result.blocks) == pytest.approx(result.area_um2)
    assert sum(block.share for block in result.blocks) == pytest.approx(1.0, abs=1e-5)
    assert [block.name for block in result.blocks] == ["registers", "top level"]
    best = min(result.candidates, key=lambda candidate: candidate.area_um2)
    assert (best.recipe, best.area_um2) == (result.recipe, result.area_um2)
    assert result.path["from"] == result.path["to"] == "DFF_X1"
    assert result.path["cells"][-1]["arrival_ps"] + result.path["setup_ps"] == pytest.approx(
        result.delay_ps, abs=0.02
    )


def test_a_period_is_met_with_less_area_than_the_fastest() -> None:
    fastest = synthesize_verilog(MULTIPLIER, "mul", objective="delay")
    result = synthesize_verilog(MULTIPLIER, "mul", period_ps=600.0)
    assert result.slack_ps is not None
    assert result.slack_ps >= 0
    assert result.area_um2 < fastest.area_um2


@pytest.mark.parametrize("objective", ["area", "balanced", "delay"])
def test_quick_is_near_full(objective: Objective) -> None:
    config = make_config("dot", {"a": "int4", "b": "int4", "lanes": 2, "stages": 1})
    full, quick = (
        synthesize(config, objective=objective, effort=effort) for effort in ("full", "quick")
    )
    assert (full.effort, quick.effort) == ("full", "quick")
    best = [merit(objective, result.area_um2, result.delay_ps)[0] for result in (full, quick)]
    assert best[1] < 1.15 * best[0]
    assert full.latency == quick.latency == 1
    assert {block.name for block in full.blocks} == {block.name for block in quick.blocks}
    total = sum(block.area_um2 for block in quick.blocks)
    assert total == pytest.approx(quick.area_um2, rel=1e-4)
    assert full.sequential_area_um2 == quick.sequential_area_um2
    assert all(candidate.recipe.startswith("quick") for candidate in quick.candidates)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["area", "delay"])
def test_long_is_no_worse_and_computes_the_same(objective: Objective) -> None:
    config = make_config("fma", dict.fromkeys("abcy", "e2m1") | {"stages": 1})
    full = synthesize(config, objective=objective)
    # What the netlist computes is compared with the golden model before its energy is measured.
    result = price(config, {"objective": objective, "effort": "long"}, operands="uniform")
    assert result.effort == "long"
    assert merit(objective, result.area_um2, result.delay_ps) <= merit(
        objective, full.area_um2, full.delay_ps
    )
    # None of them failed.
    tried = [recipe for recipe in candidates(objective, effort="long") if not recipe.booth]
    assert [candidate.recipe for candidate in result.candidates] == [one.name for one in tried]


def test_a_recipe_that_ends_in_a_loop_is_left_out() -> None:
    # Full-adder cells of this plain adder of aligned significands close a loop in ABC.
    (config,) = resolve(["fma", "a=e5m2", "b=e5m2", "c=e5m2", "y=e5m2"])
    result = synthesize_verilog(
        plain_verilog("plain", config.params_dict()), "plain", objective="area"
    )
    assert {candidate.recipe for candidate in result.candidates} == {
        "ripple carry",
        "ripple carry, booth",
    }


def test_a_design_with_a_loop_is_refused() -> None:
    latch = "module latch (input a, output y);\n  assign y = a & ~y;\nendmodule\n"
    with pytest.raises(CombinationalLoopError, match="combinational loop through"):
        synthesize_verilog(latch, "latch", objective="area")


def test_a_unit_from_its_config() -> None:
    config = make_config("fma", {"a": "e2m1", "b": "e2m1", "c": "e4m3", "y": "e4m3", "stages": 1})
    result = synthesize(config, objective="area")
    assert (result.name, result.unit, result.latency) == (config.name, "fma", 1)
    assert result.config_hash == config.config_hash
    assert result.objective == "area"
    assert {"unpack", "align", "registers"} <= {block.name for block in result.blocks}
    assert synthesize(config).objective == "balanced"  # the config's own


def test_results_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    first = synthesize_verilog(ACCUMULATOR, "acc", objective="area")

    def must_not_run(*_: object, **__: object) -> str:
        raise AssertionError

    monkeypatch.setattr(yosys, "run", must_not_run)
    assert synthesize_verilog(ACCUMULATOR, "acc", objective="area") == first
    with pytest.raises(AssertionError):
        synthesize_verilog(ACCUMULATOR, "acc", objective="area", period_ps=12345.0)


def test_the_log_of_a_failure_is_kept() -> None:
    with pytest.raises(ToolError) as caught:
        synthesize_verilog("module top (input a); nonsense", "top")
    assert caught.value.log is not None
    assert "syntax error" in caught.value.log.read_text()
    assert "syntax error" in caught.value.tail


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"top": "mul", "objective": "power"},
            "objective = 'power': not one of area, delay, balanced",
        ),
        ({"top": "mul", "period_ps": 0.0}, "period = 0 ps: must be more than 0 and at most 1e9"),
        (
            {"top": "mul", "period_ps": float("nan")},
            "period = nan ps: must be more than 0 and at most 1e9",
        ),
        ({"top": "a; exec"}, "top = 'a; exec': not a plain module name"),
        ({"top": "mul", "effort": "some"}, "effort = 'some': not one of full, quick, long"),
        ({"top": "mul", "frontend": "vhdl"}, "frontend = 'vhdl': not one of verilog, slang"),
    ],
    ids=["objective", "period", "no number", "top", "effort", "frontend"],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        synthesize_verilog(MULTIPLIER, **arguments)
    assert str(caught.value) == message
