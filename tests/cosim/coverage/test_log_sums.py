"""Coverage of log units: bins that are met, and bins that are not."""

import numpy as np
import pytest

from cosim.coverage import counter_for
from cosim.golden import get_model
from cosim.stimuli import get_stimuli
from gen.config import make_config


def coverage_of(unit, params, rows):
    checked = make_config(unit, params).params_dict()
    counter = counter_for(unit, checked)
    stimuli = get_stimuli(unit)
    for operands in (
        stimuli.directed(checked),
        stimuli.random(checked, rows, np.random.default_rng(1)),
    ):
        counter.count(operands, get_model(unit)(checked, operands))
    return counter.coverage()


@pytest.mark.parametrize(
    ("unit", "params"),
    [
        ("log_dot", {"format": "log4.3", "lanes": 4}),
        ("log_dot", {"format": "log2.2", "lanes": 1}),
        ("log_dot", {"format": "log3.1", "lanes": 3, "bin_width": 8, "drop": 2}),
        ("log_add", {"format": "log4.3"}),
        ("log_add", {"format": "log3.0"}),
    ],
)
def test_stimuli_meet_every_bin(unit, params):
    coverage = coverage_of(unit, params, 8000)
    assert [row for row in coverage.rows() if row[4]] == []
    assert coverage.is_complete


def test_what_is_not_met_is_missed():
    params = make_config("log_dot", {"format": "log2.1", "lanes": 2}).params_dict()
    counter = counter_for("log_dot", params)
    operands = {
        "a": np.array([[3, 3]], np.uint8),
        "b": np.array([[4, 3]], np.uint8),
        "first": np.array([1], np.uint8),
        "last": np.array([1], np.uint8),
    }
    counter.count(operands, get_model("log_dot")(params, operands))
    groups = {group.name: group for group in counter.coverage().groups}
    # 3 + 4 = 7 and 3 + 3 = 6: quotient 3, remainders 1 and 0. Of sums 2 to 14 eleven are missed.
    assert groups["products"].reached == 2
    assert len(groups["products"].missed) == 11
    assert groups["controls"].missed == ["first x not last", "goes on x last", "goes on x not last"]
    assert groups["overflow"].missed == ["yes"]
    assert not groups["results"].unforeseen
