"""Configs that are drawn: all units, options and kinds of formats."""

from random import Random

import pytest

from cosim import drawing
from cosim.drawing import draw, draw_configs
from cosim.shrinking import shrink
from gen.catalog import UNITS
from gen.config import make_config
from gen.errors import ConfigError
from gen.schema import json_schema
from hdl.formats import FloatFormat, parse_format


def test_same_seed_draws_the_same_configs_and_another_draws_others():
    first, second, third = (list(draw_configs(20, seed)) for seed in (1, 1, 2))
    assert first == second != third
    assert len({config.config_hash for config in first}) == 20


RARE = {"group", "scale", "sticky"}
"""Options that need several others at once: one of some hundred draws has them."""


@pytest.mark.parametrize("unit", UNITS)
def test_every_value_of_every_option_is_drawn(unit):
    random = Random(1)
    drawn = [draw(unit, random).params_dict() for _ in range(250)]
    schemas = json_schema(unit)["properties"]["params"]["properties"]
    assert set(schemas) - set(drawn[0]) == {"period"}  # which only says how many stages there are
    for key in drawn[0]:
        schema = schemas[key]
        values = {repr(params[key]) if key == "scale" else params[key] for params in drawn}
        if "const" not in schema and key not in RARE:
            assert len(values) > 1, key
        for choices in (schema, *schema.get("anyOf", ())):
            assert set(choices.get("enum", ())) <= values, key
    assert {params["stages"] for params in drawn} == set(range(6))
    if "lanes" in drawn[0]:
        assert {params["lanes"] for params in drawn} >= {1, 2, 4, 8}


def test_tables_are_drawn_and_shrunk():
    random = Random(2)
    drawn = [draw("dot", random) for _ in range(250)]
    tables = [one.params_dict()["scale"] for one in drawn if one.params_dict()["scale"]]
    assert len({table["kind"] for table in tables}) > 1
    assert {one.params_dict()["sparsity"] for one in drawn} > {None, "2:4"}
    scaled = make_config(
        "dot",
        {"a": "int4", "b": "int4", "lanes": 8, "stages": 2, "sparsity": "2:4"}
        | {"scale": {"kind": "vsq", "vector": 4, "bits": 5}},
    )
    smallest = shrink(scaled, lambda config: config.params_dict()["scale"] is not None)
    assert smallest.given()["scale"].keys() <= {"kind", "vector"}
    assert smallest.params_dict()["sparsity"] is None


def test_units_take_turns():
    drawn = [config.unit for config in draw_configs(3 * len(UNITS), seed=1)]
    turns = [drawn[k : k + len(UNITS)] for k in range(0, len(drawn), len(UNITS))]
    assert all(set(turn) == set(UNITS) for turn in turns)
    assert turns[0] != turns[1] != turns[2]


def test_odd_formats_are_drawn():
    formats = {
        parse_format(config.params_dict()[key])
        for config in draw_configs(300, seed=1, units=["fma", "dot"])
        for key in ("a", "b", "y")
    }
    floats = [fmt for fmt in formats if isinstance(fmt, FloatFormat)]
    assert {fmt.specials for fmt in floats} == {"ieee", "fn", "fnuz", "none"}
    assert {fmt.exponent_bits for fmt in floats} >= {1, 2, 3, 4, 5, 6}
    assert {fmt.mantissa_bits for fmt in floats} >= {0, 1, 2, 3, 4, 5, 6, 7}
    integers = formats.difference(floats)
    assert {fmt.is_signed for fmt in integers} == {True, False}
    assert {fmt.bits for fmt in integers} >= {1, 2, 3, 5, 7, 8, 9}


def test_formats_of_all_kinds_are_drawn():
    names = {config.params_dict()["x"] for config in draw_configs(150, seed=1, units=["convert"])}
    kinds = {parse_format(name).kind for name in names}
    assert kinds == {"int", "float", "fixed", "sign-magnitude", "power", "log", "posit"}
    names = {
        config.params_dict()["format"] for config in draw_configs(40, seed=1, units=["log_add"])
    }
    assert {parse_format(name).kind for name in names} == {"log"}
    assert len(names) > 10


def test_exact_sums_stay_small():
    # bf16 spans 2^-133 to 2^128: products of two need more than 500 bits.
    wide = make_config("fma", {"a": "bf16", "b": "bf16", "c": "bf16", "y": "bf16"})
    assert drawing.word_bits(wide.params_dict()) == 2 * (133 + 128) + 1
    widths = [drawing.word_bits(config.params_dict()) for config in draw_configs(100, seed=3)]
    assert max(widths) <= drawing.WORD_BITS


def test_more_configs_than_there_are_is_refused(monkeypatch):
    one = make_config("fma", {"a": "int2", "b": "int2", "c": "int2", "y": "int2"})
    monkeypatch.setattr(drawing, "draw", lambda *_: one)
    with pytest.raises(ConfigError) as error:
        list(draw_configs(2, seed=1))
    assert str(error.value) == "fuzz: there are hardly more than 1 different configs"
