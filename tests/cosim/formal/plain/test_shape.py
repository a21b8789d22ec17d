import pytest

from cosim.formal.plain.shape import Shape
from gen.config import make_config


def shape(unit, **given):
    return Shape.of(make_config(unit, given).params_dict())


def test_ports_of_a_sparse_dot_product_with_an_accumulator():
    one = shape("dot", a="int4", b="int4", lanes=4, sparsity="2:4", y="int12", accumulate=True)
    inputs = {"a": 32, "b": 16, "meta": 8, "accumulated": 12, "first": 1}
    assert dict(one.inputs()) == inputs
    assert dict(one.outputs()) == {"y": 12, "err": 1}
    assert one.is_integer


def test_scales_of_blocks_and_of_lanes_are_alike():
    table = {"kind": "vsq", "vector": 2, "a": "uint4", "bits": 5}
    lanes = shape("dot", a="int3", b="int3", lanes=4, scale=table)
    blocks = shape("block_dot", a="vsq3m4v2", b="vsq3m4v2", blocks=2, scale_bits=5)
    assert lanes.scales == blocks.scales
    assert lanes.scales is not None
    assert lanes.scales.dropped == 3
    assert dict(lanes.inputs()) == dict(blocks.inputs())
    assert dict(lanes.inputs())["scale_a"] == 8


SMALL = {"a": "e2m1", "b": "e2m1", "c": "e2m1", "y": "e4m3"}


def test_what_has_no_description():
    params = make_config("fma", SMALL).params_dict()
    with pytest.raises(LookupError, match=r"^rounding = stochastic has no reference description$"):
        Shape.of(params | {"rounding": "stochastic"})
    with pytest.raises(LookupError, match=r"^group = 2 has no reference description$"):
        Shape.of(params | {"group": 2})
    with pytest.raises(LookupError, match=r"^outer = fp32 has no reference description$"):
        Shape.of(params | {"outer": "fp32"})
    with pytest.raises(LookupError, match=r"^format 'q2.2' has no reference description$"):
        Shape.of(params | {"y": "q2.2"})
