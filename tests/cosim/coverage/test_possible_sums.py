"""What can be reached, by the argument, against all there is."""

import pytest

from cosim.coverage import counter_for, sum_of_products
from gen.config import resolve

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
