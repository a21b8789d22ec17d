import pytest

from gen.catalog import UNITS
from gen.schema import json_schema, parameters_of


@pytest.mark.parametrize("unit", UNITS)
def test_schema_describes_a_config_file(unit: str) -> None:
    schema = json_schema(unit)
    assert schema["properties"]["unit"] == {"const": unit, "description": "what to build"}
    params = schema["properties"]["params"]
    assert list(params["properties"]) == UNITS[unit].params.parameter_names()
    assert params["additionalProperties"] is False
    # Of `systolic` each cell has so many.
    assert params["properties"]["stages"]["maximum"] == {"systolic": 16}.get(unit, 64)
    assert "lanes" in params["required"] or unit != "dot"


def test_parameters_are_listed_with_those_of_their_tables() -> None:
    found = {one.key: one for one in parameters_of("dot")}
    assert found["lanes"].required
    assert found["scale.kind"].required
    assert found["stages"].default == 0
    assert "scale" not in found
    assert found["scale.bits"].schema["maximum"] == 32
    assert found["scale.kind"].schema["enum"] == ["vsq", "mx", "nvfp4", "channel"]
