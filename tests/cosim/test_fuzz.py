"""Configs that are drawn, checked, and shrunk when they fail."""

from random import Random

import pytest

import hdl.bricks.rounding
import hdl.stages.pack
from cosim import fuzz
from cosim.fuzz import OPTIONS, check, draw, draw_configs, shrink, shrink_failure, simpler
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


def test_units_are_drawn_alike():
    drawn = [config.unit for config in draw_configs(200, seed=1)]
    assert set(drawn) == set(UNITS)


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
    assert fuzz._word_bits(wide.params_dict()) == 2 * (133 + 128) + 1
    widths = [fuzz._word_bits(config.params_dict()) for config in draw_configs(100, seed=3)]
    assert max(widths) <= fuzz.WORD_BITS


def test_more_configs_than_there_are_is_refused(monkeypatch):
    one = make_config("fma", {"a": "int2", "b": "int2", "c": "int2", "y": "int2"})
    monkeypatch.setattr(fuzz, "draw", lambda *_: one)
    with pytest.raises(ConfigError) as error:
        list(draw_configs(2, seed=1))
    assert str(error.value) == "fuzz: there are hardly more than 1 different configs"


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


def test_config_that_cannot_be_generated_is_a_find(monkeypatch):
    good = make_config("fma", {"a": "int2", "b": "int2", "c": "int2", "y": "int5"})
    bad = make_config("fma", {"a": "int3", "b": "int2", "c": "int2", "y": "int6"})
    generate = fuzz.verify.__globals__["generate"]

    def fail(config):
        if config == bad:
            raise AssertionError("no such brick")
        return generate(config)

    monkeypatch.setitem(fuzz.verify.__globals__, "generate", fail)
    outcomes = list(check([good, bad, good]))
    assert [outcome.verdict for outcome in outcomes] == ["pass", "error", "pass"]
    assert outcomes[1].error == "AssertionError: no such brick"
    assert outcomes[0].result is not None
    assert outcomes[0].result.strategy == "exhaustive"
    assert outcomes[1].words == ["fma", "a=int3", "b=int2", "c=int2", "y=int6"]


@pytest.mark.slow  # some forty units are built
def test_bug_in_a_brick_is_found_and_shrunk(monkeypatch, tmp_path):
    def ties_to_zero(rounding, sign, lowest, guard, sticky):
        if rounding == "rna":
            return guard & sticky
        return hdl.bricks.rounding.rounds_up(rounding, sign, lowest, guard, sticky)

    monkeypatch.setattr(hdl.stages.pack, "rounds_up", ties_to_zero)
    monkeypatch.chdir(tmp_path)
    anywhere = next(one for one in fuzz.fuzz(50, seed=1) if one.verdict != "pass")
    assert anywhere.verdict == "mismatch"
    # What is smallest depends on the unit that it was found in.
    found = next(one for one in fuzz.fuzz(50, 1, ["fma"]) if one.verdict != "pass")
    smallest = shrink_failure(found, OPTIONS)
    assert smallest.verdict == "mismatch"
    # The one rounding that is broken, and an addend that has halves; the rest as small as it gets.
    expected = {"a": "uint1", "b": "uint1", "c": "e2m1", "y": "uint1", "rounding": "rna"}
    assert (smallest.config.unit, smallest.config.given()) == ("fma", expected)
