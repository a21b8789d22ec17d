# amaranth: UnusedElaboratable=no

from importlib.util import find_spec
from pathlib import Path

import pytest

from gen.catalog import UNITS
from gen.config import load_config
from hdl.dot import Dot

EXAMPLES = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_has_its_four_parts(unit: str) -> None:
    assert UNITS[unit].name == unit
    for module in (f"hdl.{unit}", f"cosim.golden.{unit}", f"cosim.stimuli.{unit}"):
        assert find_spec(module) is not None, f"{module} is missing"


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_has_an_example(unit: str) -> None:
    assert load_config(EXAMPLES / f"example-{unit}.toml").unit == unit


@pytest.mark.parametrize("unit", UNITS)
def test_every_parameter_is_described(unit: str) -> None:
    fields = UNITS[unit].params.model_fields
    assert all(field.description for field in fields.values())
    assert sorted(UNITS[unit].params.parameter_names()) == sorted(fields)


def test_component_gets_every_parameter() -> None:
    params = UNITS["dot"].params.model_validate(
        {"a": "e4m3", "b": "e5m2", "y": "fp16", "lanes": 3, "c": "fp32", "rounding": "rtz"}
        | {"overflow": "saturate", "subnormals": "flush", "stages": 2, "objective": "area"}
    )
    unit = UNITS["dot"].component(params)
    assert isinstance(unit, Dot)
    assert [(port.name, port.width) for port in unit.ports] == [
        ("in_valid", 1),
        ("a", 24),
        ("b", 24),
        ("c", 32),
        ("out_valid", 1),
        ("y", 16),
    ]
    assert (unit.rounding, unit.overflow, unit.flush) == ("rtz", "saturate", True)
    assert (unit.latency, unit.objective) == (2, "area")
