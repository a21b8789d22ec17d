import pytest

from cosim.coverage import counter_for
from cosim.coverage.ports import PortCoverage
from cosim.coverage.sum_of_products import SumCoverage
from cosim.golden import get_model
from cosim.unit import Unit
from gen.config import make_config
from gen.emit import interface
from gen.errors import ConfigError

FMA = dict.fromkeys("abcy", "e4m3")


@pytest.mark.parametrize(
    ("unit", "params", "counter"),
    [
        ("fma", FMA, SumCoverage),
        ("fma", FMA | {"rounding": "stochastic"}, PortCoverage),
        ("dot", {"a": "e4m3", "b": "e4m3", "y": "fp16", "lanes": 2}, SumCoverage),
        ("dot", {"a": "e4m3", "b": "posit8", "y": "fp16", "lanes": 2}, PortCoverage),
        ("convert", {"x": "e4m3", "y": "fp16"}, PortCoverage),
    ],
)
def test_every_unit_has_bins(unit, params, counter):
    config = make_config(unit, params)
    given = config.params_dict()
    about = Unit(interface(config), given, get_model(unit))
    assert type(counter_for(unit, given, about)) is counter
    if counter is PortCoverage:
        with pytest.raises(ConfigError, match="there are no bins for"):
            counter_for(unit, given)
