import pytest

from hdl.pipeline import steps_of
from tests.hdl.quantizers import assert_whole_vectors_right, built


@pytest.mark.parametrize("objective", ["area", "delay"])
@pytest.mark.parametrize(("x", "y"), [("fp16", "mxfp4v2"), ("int9", "bfp4v2")])
def test_powers_of_two_divide(x, y, objective):
    assert_whole_vectors_right(x=x, y=y, objective=objective)


def test_steps_in_the_order_of_the_data():
    unit, _ = built(x="fp16", y="mxfp4v2")
    assert list(steps_of(unit)) == ["reach", "collect", "scale", "share", "fit", "encode"]
