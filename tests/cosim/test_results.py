import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cosim.failure import Failure, Value
from cosim.results import Result, junit

RIGHT = Result(
    name="dut",
    unit="fma",
    config_hash="abc",
    simulator="Fake 1.0",
    strategy="exhaustive",
    asked=256,
    vectors=256,
    mismatches=0,
    interface_vectors=10,
    seconds={"generate": 0.5, "build": 1.0, "simulate": 2.0},
)
WRONG = replace(
    RIGHT,
    name="bad",
    mismatches=2,
    failure=Failure(
        index=17,
        operands=[Value("a", 3, "e4m3", "0x7f", "nan")],
        got=[Value("y", None, "int8", "0xff", "-1")],
        want=[Value("y", None, "int8", "0x00", "0")],
        operands_file=Path("x.npz"),
        reproduced=True,
        replay="slipstick verify fma a=<&>",
    ),
)


def test_a_result_passes_when_everything_was_compared_and_right():
    assert RIGHT.passed
    assert not WRONG.passed


@pytest.mark.parametrize(
    "change",
    [{"mismatches": 1}, {"vectors": 255}, {"vectors": 257}, {"asked": 0, "vectors": 0}],
    ids=str,
)
def test_anything_less_does_not_pass(change):
    assert not replace(RIGHT, **change).passed


def test_json_says_everything():
    content = json.loads(json.dumps(replace(WRONG, waves=Path("w.fst")).to_json()))
    assert content["passed"] is False
    assert content["waves"] == "w.fst"
    assert content["failure"]["operands_file"] == "x.npz"
    assert content["failure"]["operands"] == [
        {"port": "a", "lane": 3, "format": "e4m3", "hex": "0x7f", "value": "nan"}
    ]
    assert RIGHT.to_json()["failure"] is None


def test_junit_has_a_test_case_for_every_result():
    short = replace(RIGHT, vectors=3)
    (suite,) = ElementTree.fromstring(junit([RIGHT, WRONG, short]))
    assert (suite.get("tests"), suite.get("failures"), suite.get("time")) == ("3", "2", "10.500")
    right, wrong, unfinished = suite
    assert (right.get("classname"), right.get("name"), len(right)) == ("fma", "dut", 0)
    assert [failure.get("message") for failure in wrong] == ["2 wrong, 256 of 256 compared"]
    assert wrong[0].text == (
        "vector 17\noperand a[3] = 0x7f (nan)\ngot y = 0xff (-1)\nwant y = 0x00 (0)\n"
        "slipstick verify fma a=<&>"
    )
    assert [failure.get("message") for failure in unfinished] == ["0 wrong, 3 of 256 compared"]
