"""Coverage of `fma` and `dot`: bins by hand, and what can be reached against all there is."""

import numpy as np
import pytest

from cosim.coverage import counter_for, sum_of_products
from cosim.golden import get_model
from cosim.stimuli import get_stimuli
from gen.config import make_config, resolve
from gen.errors import ConfigError


def count(unit, given, **operands):
    params = make_config(unit, given).params_dict()
    counter = counter_for(unit, params)
    model = get_model(unit)
    codes = {port: np.array(values, dtype=np.uint8) for port, values in operands.items()}
    counter.count(codes, model(params, codes))
    return {group.name: group for group in counter.coverage().groups}


def met(group):
    return group._names(group.hits > 0)


FMA = {"a": "e4m3", "b": "e4m3", "c": "e4m3", "y": "e4m3"}
ONE, MAX = 0x38, 0x7E


@pytest.mark.parametrize(
    ("a", "b", "c", "result", "events"),
    [
        pytest.param(ONE, ONE, ONE, "+number x exact", [], id="1 * 1 + 1"),
        # 2^-9 is far below the last place of 1, 2^-3.
        pytest.param(ONE, 0x01, ONE, "+number x sticky only", [], id="1 * 2^-9 + 1"),
        # 17 * 2^-4 lies between 8 * 2^-3 and 9 * 2^-3.
        pytest.param(ONE, 0x18, ONE, "+number x tie", [], id="1 * 2^-4 + 1"),
        # (15 + 0.75) * 2^-3 goes up to 2.
        pytest.param(
            ONE, 0x1C, 0x3F, "+number x above half", ["carry into the next binade"], id="carry"
        ),
        # 448 = 7 * 2^6, and 49 = 0b110001 is 0b1100 and a quarter.
        pytest.param(MAX, MAX, 0, "+quiet NaN x below half", ["positive overflow"], id="448^2"),
        pytest.param(ONE, 0xB8, ONE, "+zero x exact", ["cancellation to zero"], id="1 * -1 + 1"),
        pytest.param(0x7F, ONE, ONE, "+quiet NaN x special operand", [], id="NaN"),
        # 2^-9 * 2^-9 is far less than half of the smallest number, 2^-9.
        pytest.param(1, 1, 0, "+zero x sticky only", ["not zero, but rounded to zero"], id="2^-18"),
    ],
)
def test_one_operand_at_a_time(a, b, c, result, events):
    groups = count("fma", FMA, a=[a], b=[b], c=[c])
    assert met(groups["y x rounding"]) == [result]
    assert met(groups["events"]) == events


def test_combinations_of_operands():
    groups = count("fma", FMA, a=[0], b=[0x80], c=[MAX])
    assert met(groups["a x b x c"]) == ["+zero x -zero x +largest"]


def test_lanes_are_paired():
    given = {"a": "int4", "b": "int4", "lanes": 2}
    groups = count("dot", given, a=[[1, 8]], b=[[0, 7]])
    assert met(groups["a x b in one lane"]) == ["+number x +zero", "-largest x +largest"]


def test_an_accumulator_adds_what_it_held():
    given = {"a": "int4", "b": "int4", "y": "int8", "lanes": 1, "accumulate": True}
    groups = count("dot", given, a=[[1], [15], [1]], b=[[1], [1], [1]], first=[1, 0, 1])
    assert met(groups["events"]) == ["cancellation to zero"]


SMALL = [
    "fma a=e2m1 b=e2m1 c=e2m1 y=e2m1",
    "fma a=e2m1 b=e2m1 c=e3m2 y=e2m3 rounding=rup",
    "fma a=e3m1fnuz b=e2m2fn c=e3m2ieee y=e3m1ieee rounding=rna",
    "fma a=e3m0fn b=e3m0fn c=e6m3ieee y=e2m0 rounding=rna subnormals=flush",
    "fma a=int4 b=uint3 c=e3m2 y=int5 rounding=rdn",
    "fma a=int3 b=int5 c=int6 y=int4",
    "fma a=e2m3 b=int4 c=e3m1 y=e4m3 overflow=saturate rounding=rdn",
    "dot a=e2m1 b=e2m1 lanes=2 y=e3m1",
    "dot a=e3m2 b=e3m2 lanes=1 y=e4m3fnuz",
    "dot a=uint2 b=uint3 lanes=3",
]


@pytest.mark.parametrize("words", SMALL)
def test_nothing_happens_that_the_argument_excludes(words, monkeypatch):
    (config,) = resolve(words.split())
    params = config.params_dict()
    tried = counter_for(config.unit, params).coverage()
    assert tried.derivation.startswith("all 2^")
    monkeypatch.setattr(sum_of_products, "ENUMERATED_BITS", 0)
    derived = counter_for(config.unit, params).coverage()
    assert not derived.derivation.startswith("all 2^")
    for known, argued in zip(tried.groups, derived.groups, strict=True):
        assert not (known.reachable & ~argued.reachable).any(), known.name


@pytest.mark.parametrize("words", [words for words in SMALL if words.startswith("fma a=e")])
def test_one_pair_of_factors_stands_for_all_with_the_same_product(words, monkeypatch):
    (config,) = resolve(words.split())
    params = config.params_dict()
    every = counter_for(config.unit, params).coverage()
    # As if there were more operands than are tried one by one, and few sums that differ.
    monkeypatch.setattr(get_stimuli(config.unit), "space_bits", lambda _: 64)
    distinct = counter_for(config.unit, params).coverage()
    assert distinct.derivation.endswith("sums of a different product or addend")
    for known, found in zip(every.groups, distinct.groups, strict=True):
        np.testing.assert_array_equal(known.reachable, found.reachable, known.name)


@pytest.mark.parametrize(
    "words",
    [
        "fma-e4m3-fp16",
        "fma-e5m2-fp16",
        "fma-bf16-fp32",
        "fma-e4m3-e5m2-fp32",
        "fma-fp32",
        "int8-mac",
        "dot8-e2m1-fp16",
        "dp4a",
        "dot a=e4m3 b=e4m3 lanes=4 y=fp16 c=fp16",
        "dot a=e4m3 b=e4m3 lanes=4 y=fp32 accumulate=true",
        "dot a=e4m3 b=e4m3 lanes=4 c=fp32 y=fp32 align=window fraction_bits=13",
        "dot a=e5m2 b=e4m3 lanes=4 y=fp16 align=window fraction_bits=5 rounding=rtz",
        "fma a=int4 b=e5m2 c=fp16 y=e4m3 overflow=saturate rounding=rdn",
        "dot a=int8 b=uint8 lanes=3 c=int32 y=int32 overflow=saturate",
        "fma a=e5m2fnuz b=e4m3fnuz c=e4m3 y=e4m3b11fnuz rounding=rna",
        "dot a=e4m3 b=e5m2 lanes=4 c=fp32 y=fp32 subnormals=flush",
        "dot a=bf16 b=bf16 lanes=2 y=fp32",
    ],
)
def test_default_vectors_reach_everything(words):
    (config,) = resolve(words.split())
    params, stimuli, model = config.params_dict(), get_stimuli(config.unit), get_model(config.unit)
    counter = counter_for(config.unit, params)
    for operands in (
        stimuli.directed(params),
        stimuli.random(params, 60_000, np.random.default_rng(1)),
    ):
        counter.count(operands, model(params, operands))
    coverage = counter.coverage()
    assert coverage.is_complete, coverage.rows()


def test_few_vectors_do_not():
    groups = count("fma", FMA, a=[0, 1], b=[0, 1], c=[0, 1])
    assert groups["a x b"].missed


def test_a_unit_without_bins_is_refused():
    with pytest.raises(ConfigError) as error:
        counter_for("tile", {})
    assert (
        str(error.value) == "coverage: there are no bins for tile; there are for fma, dot, "
        "log_dot, log_add"
    )
