from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from gen.complaints import first_error, nearest, shown
from gen.config import make_config
from gen.errors import ConfigError

FMA = {"a": "e4m3", "b": "e4m3", "c": "fp16", "y": "fp16"}
DOT = {"a": "int8", "b": "int8", "lanes": 4}


@pytest.mark.parametrize(
    ("unit", "params", "message"),
    [
        ("fna", FMA, 'unit = "fna": no such unit; nearest: fma'),
        ("?", FMA, 'unit = "?": no such unit; there are fma, dot'),
        ("fma", {"a": "e4m3"}, "b: missing; it has no default"),
        ("dot", {"a": "int8", "b": "int8", "lane": 4}, "lane: no such key; nearest: lanes"),
        ("dot", {**DOT, "a\nb": 4}, '"a\\nb": no such key; '),
        (
            "dot",
            {**DOT, "sweep": {"lanes": [1, 2]}},
            "sweep: no such key; there are a, b, y, lanes",
        ),
        ("dot", {**DOT, "lanes": 0}, "lanes = 0: must be 1 or more"),
        ("dot", {**DOT, "lanes": 1025}, "lanes = 1025: must be 1024 or less"),
        ("dot", {**DOT, "lanes": True}, "lanes = true: must be an integer"),
        ("dot", {**DOT, "lanes": "4"}, 'lanes = "4": must be an integer'),
        ("fma", {**FMA, "stages": -1}, "stages = -1: must be 0 or more"),
        ("fma", {**FMA, "stages": 65}, "stages = 65: must be 64 or less"),
        ("fma", {**FMA, "flags": 1}, "flags = 1: must be true or false"),
        ("fma", {**FMA, "a": 8}, "a = 8: must be a string"),
        ("fma", {**FMA, "a": "e4m3x"}, 'a = "e4m3x": no such format; nearest: e4m3, '),
        ("fma", {**FMA, "a": "fp8"}, 'a = "fp8": no such format; nearest: e4m3, e5m2'),
        (
            "dot",
            {**DOT, "a": "log4.3"},
            'a = "log4.3": log4.3 is neither an integer nor a float; the unit for it is log_dot',
        ),
        ("fma", {**FMA, "a": "int65"}, 'a = "int65": int65: an integer format has 2 to 64 bits'),
        ("fma", {**FMA, "a": "int40"}, 'a = "int40": an operand has at most 32 bits, int40 has 40'),
        ("fma", {**FMA, "y": "ue4m3"}, 'y = "ue4m3": ue4m3 has no sign: it is a format of scales'),
        (
            "fma",
            {**FMA, "rounding": "rzt"},
            'rounding = "rzt": must be rne, rtz, rup, rdn, rna or stochastic; nearest: rtz',
        ),
        ("fma", {**FMA, "overflow": "wrap"}, 'overflow = "wrap": fp16 takes ieee or saturate'),
        (
            "fma",
            {**FMA, "y": "int32", "overflow": "ieee"},
            'overflow = "ieee": int32 takes wrap or saturate',
        ),
        (
            "fma",
            {**FMA, "y": "int32", "overflow": "wrap"},
            'overflow = "wrap": with a float operand (e4m3), int32 takes saturate',
        ),
        (
            "dot",
            {**DOT, "a": "e4m3", "c": "int8"},
            "y: is needed with c, as not all operands are integers",
        ),
        ("dot", {**DOT, "accumulate": True}, "y: is needed with accumulate = true: "),
        (
            "dot",
            {**DOT, "y": "int32", "accumulate": True, "c": "int32"},
            "accumulate = true: excludes c: the unit adds either an addend or its last result",
        ),
        (
            "dot",
            {"a": "int32", "b": "int32", "lanes": 4},
            "y: is needed: the exact sum has more than 64 bits",
        ),
        ("dot", {**DOT, "align": "loose"}, 'align = "loose": must be exact or window'),
    ],
)
def test_mistakes_are_named(unit: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(unit, params)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"command line: {message}")


class _Table(BaseModel):
    lanes: int


def test_any_model_gets_its_first_error() -> None:
    with pytest.raises(ValidationError) as caught:
        _Table.model_validate({"lanes": "many"})
    assert first_error(caught.value, _Table).startswith('lanes = "many": ')


def test_values_are_shown_as_a_file_has_them_and_short() -> None:
    assert shown({"a": True}) == '{"a": true}'
    assert shown("x" * 100) == '"' + "x" * 56 + "..."


def test_hints_name_the_nearest_choice_or_all() -> None:
    assert nearest("Lane", ["lanes", "stages"]) == "; nearest: lanes"
    assert nearest("?", ["lanes", "stages"]) == "; there are lanes, stages"
