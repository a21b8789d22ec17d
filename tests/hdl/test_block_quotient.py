import pytest

from hdl.pipeline import steps_of
from tests.hdl.quantizers import assert_whole_vectors_right, built


@pytest.mark.parametrize(
    ("x", "outer", "y"),
    [
        ("e5m4", "bf16", {"y": "nvfp4v2"}),
        ("int9", "e8m0", {"y": "nvfp4v2", "objective": "area"}),
        ("int9", "e4m3", {"y": "vsq3m4v2"}),
        ("e5m4", "none", {"y": "vsq3m4v2", "objective": "delay"}),
        ("e5m4", "e8m0", {"y": "vsq4m3v2", "order": "scaled"}),
        ("int9", "none", {"y": "vsq4m3v2", "order": "scaled", "objective": "delay"}),
    ],
    ids=["nvfp4", "nvfp4 over a power", "vsq", "vsq alone", "vsq, scaled", "vsq, scaled, alone"],
)
def test_quotients_are_rounded_once(x, outer, y):
    assert_whole_vectors_right(x=x, outer=outer, **y)


@pytest.mark.parametrize("rounding", ["rtz", "rup"])
def test_other_roundings(rounding):
    assert_whole_vectors_right(x="int9", y="nvfp4v2", outer="none", rounding=rounding)


def test_steps_in_the_order_of_the_data():
    unit, _ = built(x="fp16", y="nvfp4v2", outer="bf16")
    steps = ["reach", "collect", "lead", "ideal", "scale", "unit", "divide", "fit", "encode"]
    assert list(steps_of(unit)) == steps
