"""Bins of sums of products, filled by hand."""

import numpy as np
import pytest

from cosim.coverage import counter_for
from cosim.golden import get_model
from gen.config import make_config


def count(unit, given, **operands):
    params = make_config(unit, given).params_dict()
    counter = counter_for(unit, params)
    model = get_model(unit)
    codes = {port: np.array(values, dtype=np.uint8) for port, values in operands.items()}
    counter.count(codes, model(params, codes))
    return {group.name: group for group in counter.coverage().groups}


def met(group):
    return group._names(group.hits > 0)


FMA = {"a": "e4m3", "b": "e4m3", "c": "e4m3", "y": "e4m3"}
ONE, MAX = 0x38, 0x7E


@pytest.mark.parametrize(
    ("a", "b", "c", "result", "events"),
    [
        pytest.param(ONE, ONE, ONE, "+number x exact", [], id="1 * 1 + 1"),
        # 2^-9 is far below the last place of 1, 2^-3.
        pytest.param(ONE, 0x01, ONE, "+number x sticky only", [], id="1 * 2^-9 + 1"),
        # 17 * 2^-4 lies between 8 * 2^-3 and 9 * 2^-3.
        pytest.param(ONE, 0x18, ONE, "+number x tie", [], id="1 * 2^-4 + 1"),
        # (15 + 0.75) * 2^-3 goes up to 2.
        pytest.param(
            ONE, 0x1C, 0x3F, "+number x above half", ["carry into the next binade"], id="carry"
        ),
        # 448 = 7 * 2^6, and 49 = 0b110001 is 0b1100 and a quarter.
        pytest.param(MAX, MAX, 0, "+quiet NaN x below half", ["positive overflow"], id="448^2"),
        pytest.param(ONE, 0xB8, ONE, "+zero x exact", ["cancellation to zero"], id="1 * -1 + 1"),
        pytest.param(0x7F, ONE, ONE, "+quiet NaN x special operand", [], id="NaN"),
        # 2^-9 * 2^-9 is far less than half of the smallest number, 2^-9.
        pytest.param(1, 1, 0, "+zero x sticky only", ["not zero, but rounded to zero"], id="2^-18"),
    ],
)
def test_one_operand_at_a_time(a, b, c, result, events):
    groups = count("fma", FMA, a=[a], b=[b], c=[c])
    assert met(groups["y x rounding"]) == [result]
    assert met(groups["events"]) == events


def test_combinations_of_operands():
    groups = count("fma", FMA, a=[0], b=[0x80], c=[MAX])
    assert met(groups["a x b x c"]) == ["+zero x -zero x +largest"]


def test_lanes_are_paired():
    given = {"a": "int4", "b": "int4", "lanes": 2}
    groups = count("dot", given, a=[[1, 8]], b=[[0, 7]])
    assert met(groups["a x b in one lane"]) == ["+number x +zero", "-largest x +largest"]


def test_an_accumulator_adds_what_it_held():
    given = {"a": "int4", "b": "int4", "y": "int8", "lanes": 1, "accumulate": True}
    groups = count("dot", given, a=[[1], [15], [1]], b=[[1], [1], [1]], first=[1, 0, 1])
    assert met(groups["events"]) == ["cancellation to zero"]
