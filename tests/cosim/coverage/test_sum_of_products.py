"""Coverage of `fma` and `dot`: which vectors reach everything."""

import numpy as np
import pytest

from cosim.coverage import counter_for
from cosim.golden import get_model
from cosim.stimuli import get_stimuli
from gen.config import make_config, resolve
from gen.errors import ConfigError


@pytest.mark.parametrize(
    "words",
    [
        "fma a=e2m1 b=e2m1 c=e2m1 y=e2m1",
        "fma a=e2m1 b=e2m1 c=e3m2 y=e2m3 rounding=rup",
        "fma a=e3m1fnuz b=e2m2fn c=e3m2ieee y=e3m1ieee rounding=rna",
        "fma a=e3m0fn b=e3m0fn c=e6m3ieee y=e2m0 rounding=rna subnormals=flush",
        "fma a=e2m3 b=int4 c=e3m1 y=e4m3 overflow=saturate rounding=rdn",
    ],
)
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
        "dot a=e5m2 b=e5m2 lanes=8 y=fp16 align=window fraction_bits=10 sticky=true",
        "dot a=fp16 b=fp16 lanes=4 y=fp32 align=window fraction_bits=23",
        "dot a=fp16 b=e4m3 lanes=2 y=fp32 align=window fraction_bits=22",
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
    params = make_config("fma", dict.fromkeys("abcy", "e4m3")).params_dict()
    counter = counter_for("fma", params)
    codes = {port: np.array([0, 1], dtype=np.uint8) for port in "abc"}
    counter.count(codes, get_model("fma")(params, codes))
    assert not counter.coverage().is_complete


def test_a_unit_without_bins_is_refused():
    with pytest.raises(ConfigError) as error:
        counter_for("tile", {})
    assert (
        str(error.value) == "coverage: there are no bins for tile; there are for fma, dot, "
        "log_dot, log_add"
    )
