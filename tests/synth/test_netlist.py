from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from gen.errors import ConfigError
from synth.libraries import Library, load_library
from synth.netlist import Netlist


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(Path(__file__).with_name("tiny.lib"))


def yosys_json(**cells: dict[str, Any]) -> str:
    """Return a module with ports a[1:0] (nets 2, 3) and y (net 4), as Yosys writes it."""
    ports = {
        "a": {"direction": "input", "bits": [2, 3]},
        "y": {"direction": "output", "bits": [4, "0"]},
    }
    return json.dumps({"modules": {"top": {"ports": ports, "cells": cells}}})


def test_nets_are_numbered_and_ports_named_by_bit(tiny: Library) -> None:
    gate = {"type": "NAND2", "connections": {"A": [2], "B": ["1"], "Y": [4]}}
    netlist = Netlist.from_json(yosys_json(gate=gate), "top", tiny)
    (instance,) = netlist.instances
    assert (instance.name, instance.cell) == ("gate", "NAND2")
    assert set(instance.nets) == {"A", "Y"}  # a constant is no net
    assert netlist.inputs["a[0]"] == instance.nets["A"]
    assert netlist.outputs == {"y[0]": instance.nets["Y"]}
    assert netlist.net_count == 3


def test_scope_notes_are_no_cells(tiny: Library) -> None:
    note = {"type": "$scopeinfo", "connections": {}}
    assert Netlist.from_json(yosys_json(note=note), "top", tiny).instances == ()


def test_what_has_no_cell(tiny: Library) -> None:
    latch = {"type": "$_DLATCH_P_", "connections": {"D": [2], "E": [3], "Q": [4]}}
    with pytest.raises(ConfigError) as caught:
        Netlist.from_json(yosys_json(latch=latch), "top", tiny)
    assert str(caught.value) == f"{tiny.path}: the library has no cell for $_DLATCH_P_ in top"


def test_constants_are_kept_apart(tiny: Library) -> None:
    gate = {"type": "NAND2", "connections": {"A": [2], "B": ["1"], "Y": [4]}}
    netlist = Netlist.from_json(yosys_json(gate=gate), "top", tiny)
    assert netlist.instances[0].tied == {"B": 1}
    assert netlist.tied == {"y[1]": 0}


def test_a_hierarchy_is_dissolved(tiny: Library) -> None:
    # The leaf inverts its first input, passes the second on and has a constant output.
    leaf = {
        "ports": {
            "a": {"direction": "input", "bits": [2]},
            "b": {"direction": "input", "bits": [3]},
            "x": {"direction": "output", "bits": [4]},
            "y": {"direction": "output", "bits": [3]},
            "one": {"direction": "output", "bits": ["1"]},
        },
        "cells": {"i": {"type": "INV", "connections": {"A": [2], "Y": [4]}}},
    }
    top = {
        "ports": {
            "p": {"direction": "input", "bits": [10, 11]},
            "q": {"direction": "output", "bits": [12, 13]},
        },
        "cells": {
            "leaf_0": {
                "type": "leaf",
                "connections": {"a": [10], "b": [11], "x": [20], "y": [21], "one": [22]},
            },
            "g": {"type": "NAND2", "connections": {"A": [20], "B": [21], "Y": [12]}},
            "h": {"type": "NAND2", "connections": {"A": [22], "B": [20], "Y": [13]}},
        },
    }
    netlist = Netlist.from_modules({"top": top, "leaf": leaf}, "top", tiny)
    inverter, g, h = netlist.instances
    assert (inverter.name, inverter.block, g.block) == ("leaf_0.i", "leaf_0", "")
    assert inverter.nets["A"] == netlist.inputs["p[0]"]
    assert g.nets["B"] == netlist.inputs["p[1]"]
    assert g.nets["A"] == h.nets["B"] == inverter.nets["Y"]
    assert h.tied == {"A": 1}
    assert netlist.net_count == 5


def test_what_is_dumped_is_loaded(tiny: Library) -> None:
    gate = {"type": "NAND2", "connections": {"A": [2], "B": ["1"], "Y": [4]}}
    netlist = Netlist.from_json(yosys_json(gate=gate), "top", tiny)
    loaded = Netlist.load(netlist.dump())
    assert loaded.instances[0].name == "NAND2_0"
    assert dataclasses.replace(loaded.instances[0], name="gate") == netlist.instances[0]
    assert dataclasses.replace(loaded, instances=netlist.instances) == netlist
    assert netlist.dump() == netlist.dump()
