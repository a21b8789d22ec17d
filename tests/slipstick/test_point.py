from __future__ import annotations

from typing import Any

import pytest

from gen.config import make_config
from slipstick import point
from slipstick.point import TARGET, evaluate
from synth.worker import call

OPTIONS = {
    "library": "nangate45",
    "period_ps": None,
    "energy": False,
    "effort": "quick",
    "operands": "gaussian",
    "seed": 1,
    "vectors": 0,
}
PARAMS = {"a": "int4", "b": "int4", "lanes": 1, "objective": "area"}


def job(**options: Any) -> dict[str, Any]:
    return {
        "key": "k",
        "unit": "dot",
        "name": "product",
        "params": PARAMS,
        "options": OPTIONS | options,
    }


def test_a_point_has_everything_that_was_asked_for() -> None:
    outcome = call(TARGET, job(energy=True, vectors=500))
    result = outcome["result"]
    assert result["area_um2"] > 0
    assert result["energy"]["fj_per_mac"] > 0
    assert result["verify"] == {"vectors": 256, "mismatches": 0}  # all there are
    assert result["sqnr_db"] == pytest.approx(16, abs=3)
    assert result["digits_accuracy"] == pytest.approx(0.957, abs=0.005)
    assert outcome["manifest"]["name"] == "dot1_int4_int8_area"
    assert "module dot1_int4_int8_area" in outcome["verilog"]


def test_nothing_else() -> None:
    result = evaluate(job())["result"]
    assert (result["energy"], result["verify"]) == (None, None)


def test_what_a_user_did_is_told_in_a_line() -> None:
    outcome = evaluate(job(library="nowhere"))
    assert outcome == {
        "error": "nowhere: no such cell library: neither a Liberty file nor nangate45, generic",
        "log": None,
    }


def test_a_unit_that_is_wrong_has_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    verify = point.verify
    monkeypatch.setattr(point, "verify", lambda *words: replace(verify(*words), mismatches=3))
    outcome = evaluate(job(vectors=10))
    assert outcome["error"] == "dot1_int4_int8_area: 3 vectors differ from the golden model"
    assert "result" not in outcome
    assert "verilog" in outcome


@pytest.mark.parametrize(
    ("unit", "params", "known"),
    [
        ("log_dot", {"format": "log4.3", "lanes": 1}, True),
        ("fma", {"a": "uint8", "b": "int8", "c": "int32", "y": "int32"}, True),
        ("fma", {"a": "int8", "b": "uint8", "c": "int32", "y": "int32"}, False),
        ("convert", {"x": "fp16", "y": "e4m3"}, False),
        ("log_add", {"format": "log4.3"}, False),
        ("dot", {"a": "int4", "b": "int4", "lanes": 4, "sparsity": "2:4"}, False),
        (
            "dot",
            {"a": "int4", "b": "int4", "y": "int32", "lanes": 16, "scale": {"kind": "vsq"}},
            False,
        ),
    ],
)
def test_a_network_has_weights_in_b(unit: str, params: dict[str, Any], known: bool) -> None:
    found = point._digits_accuracy(make_config(unit, params))
    assert (found is not None) == known
    if found is not None:
        assert found > 0.96
