"""Configs that are drawn, checked, and shrunk when they fail."""

import pytest

import hdl.bricks.rounding
import hdl.stages.pack
from cosim import fuzz
from cosim.fuzz import OPTIONS, check, shrink_failure
from gen.config import make_config


def test_config_that_cannot_be_generated_is_a_find(monkeypatch):
    good = make_config("fma", {"a": "int2", "b": "int2", "c": "int2", "y": "int5"})
    bad = make_config("fma", {"a": "int3", "b": "int2", "c": "int2", "y": "int6"})
    generate = fuzz.verify.__globals__["generate"]

    def fail(config):
        if config == bad:
            raise AssertionError("no such brick")
        return generate(config)

    monkeypatch.setitem(fuzz.verify.__globals__, "generate", fail)
    outcomes = list(check([good, bad, good]))
    assert [outcome.verdict for outcome in outcomes] == ["pass", "error", "pass"]
    assert outcomes[1].error == "AssertionError: no such brick"
    assert outcomes[0].result is not None
    assert outcomes[0].result.strategy == "exhaustive"
    assert outcomes[1].words == ["fma", "a=int3", "b=int2", "c=int2", "y=int6"]


@pytest.mark.slow  # some forty units are built
def test_bug_in_a_brick_is_found_and_shrunk(monkeypatch, tmp_path):
    def ties_to_zero(rounding, sign, lowest, guard, sticky):
        if rounding == "rna":
            return guard & sticky
        return hdl.bricks.rounding.rounds_up(rounding, sign, lowest, guard, sticky)

    monkeypatch.setattr(hdl.stages.pack, "rounds_up", ties_to_zero)
    monkeypatch.chdir(tmp_path)
    anywhere = next(one for one in fuzz.fuzz(50, seed=1) if one.verdict != "pass")
    assert anywhere.verdict == "mismatch"
    # What is smallest depends on the unit that it was found in.
    found = next(one for one in fuzz.fuzz(50, 1, ["fma"]) if one.verdict != "pass")
    smallest = shrink_failure(found, OPTIONS)
    assert smallest.verdict == "mismatch"
    # The one rounding that is broken, and an addend that has halves; the rest as small as it gets.
    expected = {"a": "uint1", "b": "uint1", "c": "e2m1", "y": "uint1", "rounding": "rna"}
    assert (smallest.config.unit, smallest.config.given()) == ("fma", expected)
