from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from cosim.golden.metrics import finite_values
from gen.errors import ConfigError
from hdl.formats import BlockFormat, PositFormat, parse_format
from synth.grid import load_sweep
from synth.study import (
    Settings,
    default_file,
    design_of,
    load_settings,
    posit_float,
    sweep_text,
)

SETTINGS = load_settings(default_file())


def test_the_study_is_of_nineteen_formats() -> None:
    assert len(SETTINGS.formats) == 19
    assert SETTINGS.lanes == [1, 16, 32, 64]


@pytest.mark.parametrize("name", SETTINGS.formats)
def test_every_format_has_a_unit_of_as_many_lanes(name: str) -> None:
    for lanes in SETTINGS.lanes:
        design = design_of(name, lanes, SETTINGS)
        assert design.parts, design.how
        *decoders, unit = design.parts
        if unit.unit == "block_dot":
            fmt = unit.params["a"]
            length = cast(BlockFormat, parse_format(fmt)).length
            assert unit.count * unit.params["blocks"] * length == lanes
        else:
            assert (unit.count, unit.params["lanes"]) == (1, lanes)
        assert [part.count for part in decoders] == [2 * lanes] * len(decoders)


def test_wide_exact_sums_give_way_to_windows() -> None:
    # E4M3: products from 2^-18 to less than 2^18, and a sign: 37 bits. E5M2: 2^-32 to 2^32, 65.
    assert design_of("e4m3", 4, SETTINGS).how == "exact, fp32"
    assert design_of("e5m2", 4, SETTINGS).how == "window 25, fp32"
    narrow = SETTINGS.model_copy(update={"widest_exact": 36})
    assert design_of("e4m3", 4, narrow).how == "window 25, fp32"


def test_blocks_with_powers_of_two_are_summed_apart() -> None:
    design = design_of("msfp12", 64, SETTINGS)
    assert [(part.count, part.params["a"]) for part in design.parts] == [(4, "msfp12")]
    assert design.how == "exact in a block, fp32; 4 units"
    (part,) = design_of("nvfp4", 64, SETTINGS).parts
    assert (part.count, part.params["blocks"]) == (1, 4)
    (part,) = design_of("mxfp4", 8, SETTINGS).parts
    assert part.params["a"] == "mxfp4v8"


def test_what_has_no_unit_says_why() -> None:
    design = design_of("mxfp4", 48, SETTINGS)
    assert (design.parts, design.how) == ((), "mxfp4: 48 lanes are no whole number of blocks")
    assert design_of("e8m0", 1, SETTINGS).how == "e8m0: no unit multiplies power formats"


@pytest.mark.parametrize("name", ["posit8", "posit8es1", "posit6es2", "posit5es0"])
def test_a_posit_becomes_a_float_that_has_all_its_numbers(name: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, PositFormat)
    decoded = posit_float(fmt)
    posits = finite_values(fmt)
    assert np.isin(posits, finite_values(decoded)).all()
    normal = np.abs(posits[posits != 0])
    assert normal.min() >= 2.0**decoded.min_exponent


def test_points_of_one_hardware_are_one(tmp_path: Path) -> None:
    designs = [design_of("mxfp4", lanes, SETTINGS) for lanes in (32, 64)]
    parts = [part for design in designs for part in design.parts]
    file = tmp_path / "points.toml"
    options = {"library": "nangate45", "energy": True}
    file.write_text(sweep_text(parts, options, vectors=100))
    (point,) = load_sweep(file).points
    assert point.config_hash == parts[0].config_hash == parts[1].config_hash
    assert point.options["vectors"] == 100
    assert point.options["energy"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('formats = ["int8"]\nlanes = [1]\nx = 1', "x: no such key; there are formats, lanes, "),
        ('formats = ["int8"]\nlanes = ["1"]', "lanes.0: input should be a valid integer"),
        ("formats = []\nlanes = [1]", "formats: list should have at least 1 item"),
        ("formats = [", "broken TOML"),
        ('formats = ["int8"]\nlanes = [0]', "lanes = 0: it is 1 to 1024"),
        ('formats = ["e4m33"]\nlanes = [1]', "formats: "),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "study.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    assert message in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot read it: No such file"):
        load_settings(tmp_path / "none.toml")


def test_a_part_of_the_study(tmp_path: Path) -> None:
    settings = load_settings(default_file(), formats=["posit8", "int8", "int8"], lanes=[8, 2])
    assert isinstance(settings, Settings)
    assert (settings.formats, settings.lanes) == (["posit8es2", "int8"], [2, 8])
