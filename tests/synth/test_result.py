from __future__ import annotations

import dataclasses
import json

import pytest

from synth.result import (
    Block,
    Candidate,
    Energy,
    EnergyBlock,
    SynthResult,
    area_unit,
    block_rows,
    energy_rows,
    summary_rows,
)


@pytest.fixture
def result() -> SynthResult:
    return SynthResult(
        name="mac",
        unit="fma",
        config_hash="0123",
        latency=2,
        library={"name": "tiny", "corner": "typical, 1 V", "sha256": "abcd"},
        objective="balanced",
        period_ps=None,
        effort="full",
        area_um2=1200.0,
        sequential_area_um2=300.0,
        nand2_equivalents=1500.4,
        cells={"NAND2": 900, "REG": 60},
        delay_ps=812.34,
        path={"from": "a[3]", "to": "REG", "setup_ps": 31.0, "cells": [{}, {}, {}]},
        abc_delay_ps=801.0,
        recipe="plain",
        candidates=(Candidate("plain", 1200.0, 812.34),),
        blocks=(Block("product", 4, 900.0, 0.75), Block("registers", 0, 300.0, 0.25)),
        tools={"pyosys": "0.70"},
    )


def test_json_has_everything(result: SynthResult) -> None:
    content = json.loads(json.dumps(result.to_json()))
    assert content["schema"] == 1
    assert content["target"] == "asic"
    assert content["blocks"][0] == {
        "name": "product",
        "instances": 4,
        "area_um2": 900.0,
        "share": 0.75,
    }
    assert content["slack_ps"] is None
    assert len(content["notes"]) == 3
    assert {field.name for field in dataclasses.fields(result)} < set(content)


def test_quick_results_say_so(result: SynthResult) -> None:
    assert "effort" not in dict(summary_rows(result))
    quick = dataclasses.replace(result, effort="quick")
    assert dict(summary_rows(quick))["effort"] == "quick"
    assert quick.to_json()["effort"] == "quick"
    (note,) = set(quick.notes) - set(result.notes)
    assert "quick" in note


def test_slack(result: SynthResult) -> None:
    assert dataclasses.replace(result, period_ps=1000.0).to_json()["slack_ps"] == 187.66


def test_summary(result: SynthResult) -> None:
    assert summary_rows(result) == [
        ("library", "tiny (typical, 1 V)"),
        ("objective", "balanced (plain)"),
        ("area", "1,200.0 um2 = 1,500 NAND2"),
        ("registers", "300.0 um2 (25.0%)"),
        ("delay", "812 ps through 3 cells"),
        ("path", "a[3] to REG"),
        ("latency", "2 cycles"),
    ]


@pytest.mark.parametrize(
    ("period", "text"), [(1000.0, "1,000 ps, met by 188"), (800.0, "800 ps, NOT met by 12")]
)
def test_summary_of_a_period(result: SynthResult, period: float, text: str) -> None:
    assert summary_rows(dataclasses.replace(result, period_ps=period))[-1] == ("period", text)


def test_breakdown(result: SynthResult) -> None:
    assert block_rows(result) == [
        ("product x 4", "900.0", "75.0%"),
        ("registers", "300.0", "25.0%"),
    ]


ENERGY = Energy(
    operands="gaussian",
    operations=15872,
    checked_bits=100,
    fj_per_op=2000.0,
    fj_per_mac=500.0,
    cells_fj=900.0,
    nets_fj=600.0,
    registers_fj=0.0,
    clock_fj=400.0,
    inputs_fj=100.0,
    toggles=321.0,
    leakage_nw=4321.0,
    voltage=1.1,
    blocks=(EnergyBlock("product", 1500.0, 0.75), EnergyBlock("clock", 400.0, 0.2)),
)


def test_energy_comes_with_what_it_is_not(result: SynthResult) -> None:
    with_energy = dataclasses.replace(result, energy=ENERGY)
    content = json.loads(json.dumps(with_energy.to_json()))
    assert content["energy"]["blocks"][0] == {"name": "product", "fj": 1500.0, "share": 0.75}
    assert "no glitches" in content["notes"][-1]
    assert result.to_json()["energy"] is None


def test_energy_for_people(result: SynthResult) -> None:
    assert energy_rows(ENERGY) == [
        ("operands", "gaussian, 15,872 operations"),
        ("energy", "2,000.0 fJ an operation = 500.0 fJ a MAC at 1.1 V"),
        ("  inside gates", "900.0 fJ"),
        ("  nets", "600.0 fJ"),
        ("  clock", "400.0 fJ"),
        ("  input ports", "100.0 fJ"),
        ("leakage", "4,321 nW"),
    ]
    assert block_rows(dataclasses.replace(result, energy=ENERGY)) == [
        ("product x 4", "900.0", "75.0%", "1,500.0", "75.0%"),
        ("registers", "300.0", "25.0%", "", ""),
        ("clock", "", "", "400.0", "20.0%"),
    ]


def test_gates_are_no_square_micrometres(result: SynthResult) -> None:
    units = {"area_unit": "gates", "delay_unit": "gate delays"}
    counted = dataclasses.replace(result, library={**result.library, **units})
    assert area_unit(counted) == "gates"
    rows = dict(summary_rows(counted))
    assert rows["area"] == "1,200.0 gates"
    assert rows["delay"] == "812 gate delays through 3 cells"
