import numpy as np
import pytest

from cosim import mutation
from cosim.mutation import mutate
from gen.config import make_config
from gen.errors import ConfigError

UNITS = {
    "float": ("fma", {"a": "e2m1", "b": "e2m1", "c": "e3m2", "y": "e4m3"}),
    "integer lanes": ("dot", {"a": "int4", "b": "int4", "lanes": 2}),
    "pipeline": ("fma", {"a": "int3", "b": "int3", "c": "int4", "y": "int6", "stages": 2}),
    "accumulator": (
        "dot",
        {"a": "int3", "b": "int3", "lanes": 2, "accumulate": True, "y": "int8", "stages": 1},
    ),
}


@pytest.mark.parametrize(("unit", "params"), UNITS.values(), ids=UNITS.keys())
def test_the_regression_finds_every_fault_that_can_be_seen(unit, params):
    result = mutate(make_config(unit, params), 60, vectors=20_000)
    assert result.passed, result.survivors
    assert result.score == 1
    assert result.total == 60 == result.killed + result.equivalent
    assert result.killed > 30


def test_faults_that_too_few_vectors_miss_are_survivors(monkeypatch):
    def zeros(unit, *_args):
        codes = {port["name"]: np.zeros(1, np.uint8) for port in unit.operands}
        yield codes

    monkeypatch.setattr(mutation, "_pieces", zeros)
    result = mutate(make_config(*UNITS["float"]), 60)
    assert not result.passed
    assert 0 < result.score < 1
    assert {survivor.finding for survivor in result.survivors} == {"different"}
    assert result.killed + result.equivalent + len(result.survivors) == 60
    content = result.to_json()
    assert content["survivors"][0]["mutant"]["line"] > 0


def test_a_unit_that_is_wrong_to_begin_with(monkeypatch):
    real = mutation.get_model

    def wrong(unit):
        def model(params, operands):
            return {name: codes ^ 1 for name, codes in real(unit)(params, operands).items()}

        return model

    monkeypatch.setattr(mutation, "get_model", wrong)
    with pytest.raises(ConfigError, match=r"wrong without any fault; see slipstick verify$"):
        mutate(make_config(*UNITS["float"]), 10)
