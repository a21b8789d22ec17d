from __future__ import annotations

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
