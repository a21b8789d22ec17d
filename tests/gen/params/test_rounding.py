from typing import get_args

import pytest

from gen.catalog import UNITS
from gen.params.rounding import RoundingParams
from hdl import options
from hdl.bricks.rounding import ROUNDINGS


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("rounding", ROUNDINGS),
        ("subnormals", options.SUBNORMALS),
        ("objective", options.OBJECTIVES),
    ],
)
def test_choices_are_those_of_the_hardware(key: str, choices: tuple[str, ...]) -> None:
    rounding = [one.params for one in UNITS.values() if issubclass(one.params, RoundingParams)]
    assert rounding
    for params in rounding:
        given = get_args(params.model_fields[key].annotation)
        # What takes random words besides has a rounding more.
        more = ("stochastic",) if key == "rounding" and "random_bits" in params.model_fields else ()
        assert given == (*choices, *more)
