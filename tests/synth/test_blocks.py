from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synth.blocks import kind_of, split
from synth.libraries import Library, load_library
from synth.result import Block


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(Path(__file__).with_name("tiny.lib"))


@pytest.mark.parametrize(
    ("instance", "kind"),
    [
        ("align", "align"),
        ("product_3", "product"),
        ("unpack_a", "unpack"),
        ("unpack_b_12", "unpack"),
        ("leading_zeros", "leading_zeros"),
        ("lane[4]", "lane"),
        ("U$7", "U"),
        ("_0", "_0"),
    ],
)
def test_kinds(instance: str, kind: str) -> None:
    assert kind_of(instance) == kind


def module(**cells: str) -> dict[str, Any]:
    return {"cells": {name: {"type": kind} for name, kind in cells.items()}}


def test_areas_are_scaled_to_the_whole(tiny: Library) -> None:
    # On their own: two lanes of 1 + 0.5 each, a sum of 6 around a gate of 1, and 2 x 0.5 beside
    # them; 11 together. The unit as a whole needs 5.5 and registers of 10.
    modules = {
        "top": module(
            lane_0="lane", lane_1="lane", sum="sum", i="INV", j="INV", r="REG", s="$scopeinfo"
        ),
        "lane": module(n="NAND2", i="INV", r="REG"),
        "sum": module(a="ADDER", g="gate"),
        "gate": module(n="NAND2"),
    }
    blocks = split(modules, "top", tiny, combinational_um2=5.5, sequential_um2=10.0)
    assert blocks == (
        Block("registers", 0, 10.0, round(10 / 15.5, 6)),
        Block("sum", 1, 3.5, round(3.5 / 15.5, 6)),
        Block("lane", 2, 1.5, round(1.5 / 15.5, 6)),
        Block("top level", 0, 0.5, round(0.5 / 15.5, 6)),
    )


def test_a_unit_of_wires_has_no_blocks(tiny: Library) -> None:
    assert split({"top": module()}, "top", tiny, combinational_um2=0, sequential_um2=0) == ()


def test_registers_only(tiny: Library) -> None:
    modules = {"top": module(r="REG")}
    blocks = split(modules, "top", tiny, combinational_um2=0, sequential_um2=5.0)
    assert blocks == (Block("registers", 0, 5.0, 1.0),)
