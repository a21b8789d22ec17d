"""Configs that fail, made smaller as long as they do."""

import pytest

from cosim.shrinking import shrink, simpler
from gen.config import make_config
from hdl.formats import FloatFormat, parse_format


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("uint1", [], id="smallest"),
        pytest.param("int2", ["uint1"], id="smallest with a sign"),
        pytest.param("int9", ["uint1", "int2", "uint4", "int4", "uint8", "int8"], id="integer"),
        pytest.param(
            "e3m0b1fn",
            ["uint1", "int2", "e1m0", "e2m0b0fn", "e2m1", "e3m0", "e3m0fn", "e3m0b2fn"],
            id="float",
        ),
    ],
)
def test_simpler_formats(name, expected):
    assert simpler(name) == expected


@pytest.mark.parametrize("name", ["e4m3", "fp16", "e5m2fnuz", "e1m5", "e2m1", "uint24", "q4.4"])
def test_repeated_simplification_ends(name):
    steps = 0
    while rest := simpler(name):
        name = rest[-1]
        steps += 1
    assert (name, steps < 200) == ("uint1", True)


def shrunk(config, fails):
    asked = []

    def counted(candidate):
        asked.append(candidate.config_hash)
        return fails(candidate.params_dict())

    smallest = shrink(config, counted)
    assert len(asked) == len(set(asked)) <= 60
    return smallest.given()


BIG = make_config(
    "dot",
    {
        "a": "e5m6",
        "b": "e4m3",
        "y": "fp16",
        "c": "int7",
        "lanes": 9,
        "stages": 4,
        "rounding": "rna",
        "overflow": "saturate",
        "subnormals": "flush",
        "objective": "area",
    },
)


def test_failure_of_everything_shrinks_to_the_smallest_unit():
    assert shrunk(BIG, lambda _: True) == {"a": "uint1", "b": "uint1", "lanes": 1}


def test_what_a_failure_needs_is_kept():
    def fails(params):
        return params["rounding"] == "rna" and params["lanes"] >= 3 and params["stages"] == 4

    expected = {"a": "uint1", "b": "uint1", "lanes": 3, "rounding": "rna", "stages": 4}
    assert shrunk(BIG, fails) == expected


def test_formats_shrink_to_the_fields_that_matter():
    def fails(params):
        a, y = parse_format(params["a"]), parse_format(params["y"])
        return isinstance(a, FloatFormat) and a.mantissa_bits >= 2 and y.name == "fp16"

    assert shrunk(BIG, fails) == {"a": "e1m2", "b": "uint1", "y": "fp16", "lanes": 1}
