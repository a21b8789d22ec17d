import pytest

from cosim.formal.reference import reference_verilog
from cosim.results import Options
from cosim.verify import verify
from gen.config import make_config

FORMATS = {
    "fp8 with flags": ("fma", {"a": "e4m3", "b": "e5m2", "c": "e4m3", "y": "fp16", "flags": True}),
    "fnuz, flushed": (
        "fma",
        {
            "a": "e4m3",
            "b": "e5m2",
            "c": "e4m3",
            "y": "e4m3fnuz",
            "flags": True,
            "subnormals": "flush",
            "rounding": "rna",
        },
    ),
    "no specials, saturated": (
        "fma",
        {
            "a": "e2m1",
            "b": "e2m1",
            "c": "e3m2",
            "y": "e4m3",
            "flags": True,
            "overflow": "saturate",
            "rounding": "rup",
        },
    ),
    "no mantissa": ("fma", {"a": "e3m0", "b": "e2m0", "c": "e3m0", "y": "e3m0", "flags": True}),
    "floats to an integer": (
        "fma",
        {"a": "e5m2", "b": "int4", "c": "fp16", "y": "int8", "flags": True, "rounding": "rdn"},
    ),
    "integers to a float": ("fma", {"a": "int8", "b": "uint4", "c": "int8", "y": "bf16"}),
    "integers, clipped": (
        "fma",
        {
            "a": "int8",
            "b": "uint4",
            "c": "int8",
            "y": "int8",
            "overflow": "saturate",
            "flags": True,
        },
    ),
    "integer lanes, wrapped": (
        "dot",
        {"a": "uint4", "b": "int4", "lanes": 5, "c": "int8", "y": "int6"},
    ),
    "float lanes": (
        "dot",
        {"a": "e4m3", "b": "e3m2", "lanes": 3, "c": "fp16", "y": "bf16", "rounding": "rtz"},
    ),
    "fixed-point result": (
        "dot",
        {"a": "e4m3", "b": "e5m2", "lanes": 2, "y": "int20", "lsb": -6, "rounding": "rdn"},
    ),
    "codebooks": (
        "dot",
        {"a": "nf4", "b": "int4", "a_table": "q1.7", "lanes": 3, "y": "fp16"},
    ),
    "posits": ("dot", {"a": "posit6es1", "b": "posit5es0", "lanes": 2, "y": "fp16"}),
    "window": (
        "dot",
        {
            "a": "e4m3",
            "b": "e5m2",
            "lanes": 3,
            "c": "fp16",
            "y": "fp16",
            "align": "window",
            "fraction_bits": 7,
            "rounding": "rtz",
        },
    ),
    "window with sticky bits": (
        "dot",
        {
            "a": "e3m2",
            "b": "e3m2",
            "lanes": 4,
            "y": "e5m2",
            "align": "window",
            "fraction_bits": 3,
            "sticky": True,
            "rounding": "rdn",
        },
    ),
    "integer scales": (
        "dot",
        {"a": "int4", "b": "int3", "lanes": 4, "scale": {"kind": "vsq", "vector": 2, "bits": 5}},
    ),
    "power-of-two scales": (
        "dot",
        {
            "a": "e2m1",
            "b": "e3m2ieee",
            "lanes": 2,
            "y": "fp32",
            "scale": {"kind": "mx", "vector": 2},
        },
    ),
    "scales in a window": (
        "dot",
        {
            "a": "e2m1",
            "b": "e2m1",
            "lanes": 4,
            "y": "fp32",
            "align": "window",
            "fraction_bits": 9,
            "scale": {"kind": "mx", "vector": 2},
        },
    ),
    "sparse weights": (
        "dot",
        {"a": "e2m1", "b": "int3", "lanes": 4, "sparsity": "2:4", "y": "fp16"},
    ),
    "blocks of integers": (
        "block_dot",
        {"a": "vsq4m4v2", "b": "vsq3m2v2", "blocks": 2, "c": "int8"},
    ),
    "blocks with a shared exponent": (
        "block_dot",
        {"a": "bfp4v2", "b": "bfp3v2", "y": "fp16", "rounding": "rup"},
    ),
    "matrices": (
        "tile",
        {"m": 2, "n": 3, "k": 2, "a": "e2m1", "b": "e3m2", "c": "fp16", "y": "fp16"},
    ),
    "matrices of sparse blocks": (
        "tile",
        {"m": 2, "n": 2, "k": 4, "a": "vsq3m2v2", "b": "vsq4m4v2", "sparsity": "2:4"},
    ),
}


@pytest.mark.parametrize(("unit", "params"), FORMATS.values(), ids=FORMATS.keys())
def test_the_reference_is_what_the_golden_model_computes(unit, params, tmp_path):
    config = make_config(unit, params)
    file = tmp_path / "reference.v"
    file.write_text(reference_verilog(config.name, unit, config.params_dict()))
    result = verify(config, Options(vectors=50_000, verilog=file, directory=tmp_path))
    assert result.passed, result.failure


def test_units_without_a_reference():
    with pytest.raises(LookupError, match=r"^unit 'convert' has no reference description$"):
        reference_verilog("x", "convert", {})
