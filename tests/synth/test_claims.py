from __future__ import annotations

import pytest

from gen.config import make_config
from synth.claims import CLAIMS, COMPARED, Evidence, claims_sheet, compared_parts
from synth.study_costs import Cost, Points
from tests.synth.priced import result, row


def evidence(**areas: float) -> Evidence:
    """Return what is known of some of `COMPARED`: their area, and as many fJ."""
    parts = compared_parts("area")
    rows = [
        row(parts[name][1], result(area, 1, 1000 * area))
        for name, area in ((key.replace("_", " "), value) for key, value in areas.items())
    ]
    costs = [Cost("int8", 32, "", 100.0, 1.0, 8.0), Cost("e4m3", 32, "", 112.0, 1.0, 4.0)]
    facts = {"int4 value": 100 / 3, "octav gaussian": 3.0}
    return Evidence(costs, Points(rows), library="tiny", objective="area", facts=facts)


def test_all_units_that_are_compared_exist() -> None:
    assert len(COMPARED) > 20
    for name, (_, part) in compared_parts("area").items():
        config = make_config(part.unit, part.params, source=name)
        assert config.params_dict()["objective"] == "area"


def test_claims_are_held_against_what_is_known() -> None:
    rows = {row[0]: row for row in claims_sheet(evidence(elma=11.0, int8_mac=10.0)).rows}
    assert len(rows) == len(CLAIMS)
    assert rows["worst relative error of int4, of the value, %"][1:4] == ["33.0", "33.3", "agrees"]
    assert rows["best clip of a Gaussian, 4 bits, sigma"][1:4] == ["2.563", "3.000", "+17 %"]
    assert rows["dot product, 32 lanes, area: E4M3 of INT8"][1:4] == ["1.11", "1.12", "agrees"]
    assert rows["log MAC of INT8/32: area"][1:4] == ["1.12", "1.10", "agrees"]
    assert rows["power"][1:4] == ["0.96", "1.10", "+15 %"]
    assert rows["MXFP4 of INT8"][1:4] == ["0.36", None, "not measured"]


def test_less_than_one_is_a_claim_too() -> None:
    known = evidence(vsq4_scales_4=9.0, vsq4_scales_6=11.0, vsq4_scales_12=10.0)
    rows = {row[0]: row for row in claims_sheet(known).rows}
    four = rows["energy with the product of scales rounded to 4 bits, of all 12"]
    assert four[1:4] == ["below 1", "0.90", "agrees"]
    assert rows["rounded to 6 bits, of all 12"][1:4] == ["below 1", "1.10", "disagrees"]


def test_energies_are_at_the_voltage_of_the_published_ones() -> None:
    known = evidence(multiply_int8=0.5)
    assert known.picojoules("multiply int8") == pytest.approx(0.5 * (0.9 / 1.1) ** 2)
    assert known.picojoules("multiply int32") is None


def test_gates_include_the_register_of_the_result() -> None:
    parts = compared_parts("area")
    rows = [row(parts["gates int8"][1], result(900, 1, 1), library="generic")]
    known = Evidence([], Points(rows), library="tiny", objective="area", facts={})
    assert known.gates("gates int8") == 900
    assert known.gates("gates int8", 16) == 900 + 16 * 6
    assert known.gates("gates e4m3") is None
