# amaranth: UnusedElaboratable=no

import itertools
from importlib.util import find_spec
from typing import get_args

import pytest
from pydantic import ValidationError

from gen.catalog import UNITS
from gen.params.fma import FmaParams
from hdl import options
from hdl.bricks.rounding import ROUNDINGS
from hdl.dot import Dot
from hdl.fma import Fma
from hdl.formats import parse_format
from hdl.stages.pack import OVERFLOWS


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_has_its_four_parts(unit: str) -> None:
    assert UNITS[unit].name == unit
    for module in (f"hdl.{unit}", f"cosim.golden.{unit}", f"cosim.stimuli.{unit}"):
        assert find_spec(module) is not None, f"{module} is missing"


@pytest.mark.parametrize("unit", UNITS)
def test_every_parameter_is_described(unit: str) -> None:
    fields = UNITS[unit].params.model_fields
    assert all(field.description for field in fields.values())
    assert sorted(UNITS[unit].params.parameter_names()) == sorted(fields)


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("rounding", ROUNDINGS),
        ("subnormals", options.SUBNORMALS),
        ("objective", options.OBJECTIVES),
    ],
)
def test_choices_are_those_of_the_hardware(key: str, choices: tuple[str, ...]) -> None:
    for entry in UNITS.values():
        assert get_args(entry.params.model_fields[key].annotation) == choices


def test_fma_params_accept_exactly_what_the_hardware_accepts() -> None:
    formats = ["int8", "uint8", "e4m3", "fp32", "ue4m3", "int33", "int64"]
    accepted = 0
    for a, c, y, overflow in itertools.product(
        formats, formats, formats, [None, *OVERFLOWS, "modulo"]
    ):
        given = {"a": a, "b": "int4", "c": c, "y": y, "overflow": overflow, "stages": 0}
        try:
            params = FmaParams.model_validate(given)
        except ValidationError:
            params = None
        try:
            unit = Fma(
                *(parse_format(name) for name in (a, "int4", c, y)),
                overflow=overflow,  # pyright: ignore[reportArgumentType]
            )
        except ValueError:
            unit = None
        assert (params is None) == (unit is None), given
        if params is not None and unit is not None:
            assert params.overflow == unit.overflow
            accepted += 1
    assert accepted > 100


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
