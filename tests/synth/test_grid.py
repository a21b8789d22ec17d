from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from gen.config import make_config
from gen.errors import ConfigError
from synth.grid import evaluate_rule, load_sweep


def write(directory: Path, text: str) -> Path:
    path = directory / "sweep.toml"
    path.write_text(text)
    return path


def test_every_combination_in_the_order_of_the_lists(tmp_path: Path) -> None:
    sweep = load_sweep(
        write(
            tmp_path,
            """
            unit = "dot"
            [params]
            a = "int4"
            b = "int4"
            [grid]
            lanes = [1, 2]
            stages = [0, 1]
            """,
        )
    )
    assert [(point.params["lanes"], point.params["stages"]) for point in sweep.points] == [
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
    ]
    first = sweep.points[0]
    assert (
        first.config_hash == make_config("dot", {"a": "int4", "b": "int4", "lanes": 1}).config_hash
    )
    assert first.name == "dot1_int4_int8"
    assert first.options == {
        "library": "nangate45",
        "period_ps": None,
        "energy": False,
        "effort": "quick",
        "operands": "gaussian",
        "seed": 1,
        "vectors": 0,
    }


def test_keys_that_go_together_and_points(tmp_path: Path) -> None:
    sweep = load_sweep(
        write(
            tmp_path,
            """
            unit = "dot"
            [grid]
            "a, b" = [["int4", "int8"], ["e2m1", "e3m2"]]
            [[points]]
            lanes = 1
            y = "int32"
            [[points]]
            lanes = 2
            y = "fp32"
            """,
        )
    )
    assert [tuple(point.params[key] for key in "aby") for point in sweep.points] == [
        ("int4", "int8", "int32"),
        ("e2m1", "e3m2", "int32"),
        ("int4", "int8", "fp32"),
        ("e2m1", "e3m2", "fp32"),
    ]


def test_units_libraries_and_periods_are_axes(tmp_path: Path) -> None:
    sweep = load_sweep(
        write(
            tmp_path,
            """
            [params]
            a = "int4"
            b = "int4"
            c = "int8"
            y = "int8"
            [grid]
            unit = ["fma", "dot"]
            lanes = [1]
            [synth]
            library = ["generic", "cells.lib"]
            period = [500, 1000.0]
            energy = true
            """,
        )
    )
    assert len(sweep.points) == 8
    assert [point.unit for point in sweep.points] == ["fma"] * 4 + ["dot"] * 4
    assert [point.options["library"] for point in sweep.points[:4]] == [
        *["generic"] * 2,
        *[str(tmp_path / "cells.lib")] * 2,  # from the sweep file on
    ]
    # `lanes` is no parameter of fma.
    assert [bool(point.problem) for point in sweep.points] == [True] * 4 + [False] * 4
    assert sweep.points[0].problem.startswith("point: lanes: no such key")


def test_the_same_hardware_is_one_point(tmp_path: Path) -> None:
    sweep = load_sweep(
        write(
            tmp_path,
            """
            unit = "dot"
            [params]
            a = "int4"
            b = "int4"
            lanes = 1
            [grid]
            y = ["int8", "s8", "int8"]
            """.replace('"s8"', '"INT8"'),
        )
    )
    assert len(sweep.points) + sweep.repeated == 3
    assert sweep.repeated >= 1


def test_constraints_that_leave_nothing(tmp_path: Path) -> None:
    text = 'unit = "dot"\nconstraints = ["lanes > 4"]\n[params]\na = "int4"\nb = "int4"\n'
    file = write(tmp_path, text + "[grid]\nlanes = [1, 4]\n")
    with pytest.raises(ConfigError, match="constraints: none of 2 points is left"):
        load_sweep(file)


def test_constraints_leave_points_out(tmp_path: Path) -> None:
    sweep = load_sweep(
        write(
            tmp_path,
            """
            unit = "dot"
            constraints = ["lanes * stages <= 4", "rounding == 'rne'", "unit != 'fma'"]
            [params]
            a = "int4"
            b = "int4"
            [grid]
            lanes = [1, 4]
            stages = [0, 1, 2]
            """,
        )
    )
    assert sweep.excluded == 1  # 4 lanes, 2 stages
    assert len(sweep.points) == 5


def test_dots_in_keys_lead_into_tables(tmp_path: Path) -> None:
    sweep = load_sweep(write(tmp_path, 'unit = "dot"\n[grid]\n"scale.kind" = ["mx"]\n'))
    assert sweep.points[0].params == {"scale": {"kind": "mx"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit = ", "broken TOML: Invalid value (at end of document)"),
        ("grids = 1", "grids: no such key; nearest: grid"),
        ("[grid]\nlanes = 3", "grid.lanes: input should be a valid list"),
        ("[params]\nlanes = 3", "unit: missing; a sweep file or its grid names one"),
        ("unit = 'dot'\n[grid]\n'a, b' = ['e4m3']", "grid.a, b: each entry is a list of 2"),
        ("unit = 'dot'\nconstraints = ['a ==']", "constraints: 'a ==' is no expression"),
        (
            "unit = 'fma'\nconstraints = ['lanes < 3']\nparams = "
            "{a = 'int4', b = 'int4', c = 'int4', y = 'int4'}",
            "constraints: 'lanes < 3': no parameter 'lanes'",
        ),
        (
            "unit = 'dot'\nconstraints = ['print(1)']",
            "constraints: 'print(1)': print(1): not arithmetic or a comparison",
        ),
        ("unit = 'dot'\nconstraints = ['1 / 0']", "constraints: '1 / 0': division by zero"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    assert str(caught.value) == f"{path}: {message}"


def test_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    assert str(caught.value) == f"{path}: cannot read it: No such file or directory"


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("1 < lanes <= 4", True),
        ("lanes + 2 * 3 - 4 // 3 == 9", True),
        ("a in ['int4', 'int8'] and not (lanes > 4)", True),
        ("a not in ('int4', 'e4m3') or lanes % 2", False),
        ("accumulate == true", False),
        ("c == none", True),
        ("-lanes / 8", -0.5),
    ],
)
def test_rules(rule: str, value: Any) -> None:
    known = {"lanes": 4, "a": "int4", "accumulate": False, "c": None}
    assert evaluate_rule(ast.parse(rule, mode="eval").body, known) == value


def test_the_sweeps_that_come_along_are_sweeps() -> None:
    files = sorted((Path(__file__).parents[2] / "configs" / "sweeps").glob("*.toml"))
    assert files
    for file in files:
        sweep = load_sweep(file)
        assert sweep.points
        assert not [point.problem for point in sweep.points if point.problem]
