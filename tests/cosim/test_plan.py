from functools import cache

import numpy as np
import pytest

from cosim.operands import unit_of
from cosim.plan import interface_vectors, plan_operands, plan_vectors
from cosim.unit import count_of
from gen.config import make_config
from gen.errors import ConfigError
from tests.cosim.duts import random_sequence, random_sums, running_unit, sum_unit, with_gaps


@cache
def made(name, items):
    return unit_of(make_config(name, dict(items)))


def unit(name, **params):
    return made(name, tuple(params.items()))


TINY = {"a": "int2", "b": "int2", "c": "int4", "y": "int4"}
SMALL = {"a": "e4m3", "b": "e4m3", "c": "e4m3", "y": "e4m3"}
STATE = {"a": "int4", "b": "int4", "y": "int16", "lanes": 2, "accumulate": True}


def collected(plan):
    chunks = list(plan.chunks)
    names = chunks[0].operands
    return {
        name: np.concatenate([chunk.operands[name] for chunk in chunks]) for name in names
    }, chunks


def test_a_small_space_is_gone_through_whole():
    plan = plan_vectors(unit("fma", **TINY), "fma", 256, 1, exhaustive=False)
    operands, _ = collected(plan)
    assert (plan.strategy, plan.vectors) == ("exhaustive", 256)
    assert len(set(zip(*(operands[port].tolist() for port in "abc"), strict=True))) == 256


def test_a_larger_one_only_on_request():
    tested = unit("fma", **TINY)
    assert plan_vectors(tested, "fma", 255, 1, exhaustive=False).strategy == "directed and random"
    assert plan_vectors(tested, "fma", 1, 1, exhaustive=True).vectors == 256


@pytest.mark.parametrize("vectors", [1, 500, 200_000])
def test_exactly_as_many_vectors_as_asked_for(vectors):
    plan = plan_vectors(unit("fma", **SMALL), "fma", vectors, 1, exhaustive=False)
    operands, chunks = collected(plan)
    assert plan.vectors == count_of(operands) == vectors
    assert all(chunk.is_divisible for chunk in chunks)


def test_random_vectors_depend_on_the_seed_and_directed_ones_do_not():
    tested = unit("fma", **SMALL)
    one, again, other = (
        collected(plan_vectors(tested, "fma", 50_000, seed, exhaustive=False))[0]["a"]
        for seed in (1, 1, 2)
    )
    assert (one == again).all()
    assert (one[:100] == other[:100]).all()
    assert (one[-100:] != other[-100:]).any()


def test_a_story_for_a_unit_with_a_state_is_not_cut():
    plan = plan_vectors(unit("dot", **STATE), "dot", 100_000, 1, exhaustive=False)
    operands, chunks = collected(plan)
    assert not chunks[0].is_divisible
    assert all(chunk.is_divisible for chunk in chunks[1:])
    assert count_of(operands) == 100_000


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        (
            "fma",
            SMALL | {"c": "fp32"},
            "fma_e4m3_e4m3_fp32_e4m3: cannot check all vectors: there are 2^48, "
            "and the limit is 2^32",
        ),
        (
            "dot",
            STATE,
            "dot2_int4_int16_acc: cannot check all vectors: it has a state, "
            "and its sums have no end",
        ),
    ],
)
def test_too_many_vectors_to_check_all(name, params, message):
    with pytest.raises(ConfigError) as error:
        plan_vectors(unit(name, **params), name, 100, 1, exhaustive=True)
    assert str(error.value) == message


def test_somebodys_operands_stay_in_order():
    operands = random_sums(4096)
    (chunk,) = plan_operands(sum_unit(), operands).chunks
    assert not chunk.is_divisible
    many = random_sums(500_000)
    plan = plan_operands(sum_unit(), many)
    together, chunks = collected(plan)
    assert plan.vectors == 500_000
    assert all(chunk.is_divisible for chunk in chunks)
    assert (together["b"] == many["b"]).all()


def test_operands_with_gaps_are_one_story():
    operands = with_gaps(random_sequence(5000), resets=(500,))
    plan = plan_operands(running_unit(), operands)
    (chunk,) = plan.chunks
    assert plan.vectors == 5000
    assert not chunk.is_divisible


def test_a_state_goes_through_many_gaps():
    tested = unit("dot", **STATE)
    brief, long = (interface_vectors(tested, "dot", 1, brief=brief) for brief in (True, False))
    assert len(long[tested.valid_in]) == 32 * len(brief[tested.valid_in])


@pytest.mark.parametrize("params", [SMALL, SMALL | {"stages": 3}], ids=["no clock", "clock"])
def test_the_interface_is_exercised(params):
    tested = unit("fma", **params)
    operands = interface_vectors(tested, "fma", 1)
    valid = operands["in_valid"]
    assert set(valid.tolist()) == {0, 1}
    runs = np.diff(np.flatnonzero(np.diff(valid.astype(int))))
    assert runs.min() == 1
    assert runs.max() > 4
    _, due = tested.respond(operands)
    assert due.sum() > 50
    assert ("rst" in operands) == (tested.latency > 0)
    if tested.latency:
        assert operands["rst"].sum() >= 2
        assert due.sum() < valid.sum()  # some were in flight at a reset
