import json

import pytest

from gen.config import resolve
from gen.emit import generate
from gen.openlane import openlane_config

# Types of the variables that a LibreLane configuration needs, from "Universal Flow Configuration
# Variables" and the Verilator and Yosys steps in its documentation.
TYPES = {
    "meta": dict,
    "DESIGN_NAME": str,
    "VERILOG_FILES": list,
    "CLOCK_PORT": (str, type(None)),
    "CLOCK_PERIOD": (int, float),
}


@pytest.mark.parametrize(("words", "clock"), [("dp4a", None), ("dp4a stages=1", "clk")])
def test_variables_name_what_is_generated(words: str, clock: str | None) -> None:
    (config,) = resolve(words.split())
    artifact = generate(config)
    variables = json.loads(openlane_config(artifact.manifest, 2.5))
    assert variables.keys() == TYPES.keys()
    assert all(isinstance(variables[name], kind) for name, kind in TYPES.items())
    assert variables["DESIGN_NAME"] == artifact.name
    files = [name.removeprefix("dir::") for name in variables["VERILOG_FILES"]]
    assert set(files) <= set(artifact.files)
    assert (variables["CLOCK_PORT"], variables["CLOCK_PERIOD"]) == (clock, 2.5)
