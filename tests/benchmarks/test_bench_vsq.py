from __future__ import annotations

import json

import pytest

from benchmarks.bench_vsq import CASES, config_of, holds, main


def test_cases_differ_in_scales_and_the_room_they_take() -> None:
    found = {case: config_of(case, 16).params_dict() for case in CASES}
    # 8 bits of a product, 4 of 16 lanes, 6 of the factor, 8 more.
    assert found["int4, vsq, rounded to 6"]["y"] == "int26"
    assert found["int4, vsq, rounded to 6"]["scale"]["vector"] == 16
    assert found["int8, no scales"]["scale"] is None
    assert found["int8, channel"]["scale"]["kind"] == "channel"


def test_the_claim_is_one_of_all_roundings() -> None:
    found = {case: {"fj_per_op": 3.0} for case in CASES}
    assert not holds(found)
    for case in CASES:
        if "rounded" in case:
            found[case]["fj_per_op"] = 2.0
    assert holds(found)
    assert not holds({})


@pytest.mark.slow
def test_rounding_saves_energy(capsys: pytest.CaptureFixture[str]) -> None:
    cases = ["int4, vsq, product of 12 bits", "int4, vsq, rounded to 4", "int8, no scales"]
    assert main(["--json", "--lanes", "4", *cases]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holds"]
    assert set(found["cases"]) == set(cases)
