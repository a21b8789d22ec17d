import pytest
from pydantic import ValidationError

from gen.config import make_config
from gen.errors import ConfigError
from gen.params.block_quantize import BlockQuantizeParams


def test_defaults():
    params = BlockQuantizeParams.model_validate({"x": "fp32", "y": "mxfp8_e4m3"})
    assert (params.y, params.lanes, params.rounding) == ("mxfp8-e4m3", 32, "rne")
    assert params.base_name == "block_quantize32_fp32_mxfp8_e4m3"
    named = BlockQuantizeParams.model_validate({"x": "int20", "y": "bfp4", "rounding": "rtz"})
    assert "_".join((named.base_name, *named.suffixes)) == "block_quantize16_int20_bfp4_rtz"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"x": "fp32", "y": "int8"}, "int8 is not a block format"),
        ({"x": "fp32", "y": "nvfp4", "outer": "nf4"}, "nf4 is neither an integer nor a float"),
        ({"x": "fp32", "y": "bfp4v2048"}, "a block has at most 1024 elements, of bfp4v2048 2048"),
        ({"x": "posit8es2", "y": "mxfp4"}, "neither an integer nor a float"),
    ],
)
def test_formats_that_do_not_do(params, message):
    with pytest.raises(ValidationError, match=message):
        BlockQuantizeParams.model_validate(params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lanes": 5}, "lanes = 5: divides the 32 elements of a block of mxfp4; nearest: 4"),
        ({"x": "e4m3fnuz"}, 'x = "e4m3fnuz": is a float with a sign and without fnuz'),
        ({"x": "e9m3"}, 'x = "e9m3": needs larger scales than e8m0 has'),
        ({"outer": "fp32"}, 'outer = "fp32": mxfp4 has no outer scale'),
        ({"order": "scaled"}, 'order = "scaled": is for integer scales, not for mxfp4'),
        ({"y": "nvfp4", "outer": "int8"}, 'outer = "int8": is e8m0 or a float with a sign'),
        ({"y": "vsq16m16"}, 'y = "vsq16m16": has at most 24 bits in an element and a scale'),
    ],
)
def test_rules(params, message):
    with pytest.raises(ConfigError, match=message):
        make_config("block_quantize", {"x": "fp32", "y": "mxfp4"} | params)


@pytest.mark.parametrize(
    ("params", "name", "formula"),
    [
        (
            {"y": "nvfp4"},
            "block_quantize16_fp32_nvfp4",
            "scale = round(max |x| / (6 * outer)) of a vector, y = round(x / (scale * outer))",
        ),
        (
            {"y": "nvfp4", "outer": "none"},
            "block_quantize16_fp32_nvfp4_outer_none",
            "scale = round(max |x| / 6) of a vector, y = round(x / scale)",
        ),
        (
            {"y": "vsq4"},
            "block_quantize16_fp32_vsq4",
            "scale = round(max |x| / (7 * outer)) of a vector, y = round(7 * x / max |x|)",
        ),
        (
            {"y": "vsq8", "outer": "none", "order": "scaled"},
            "block_quantize16_fp32_vsq8_outer_none_scaled",
            "scale = ceil(max |x| / 127) of a vector, y = round(x / scale)",
        ),
    ],
    ids=["nvfp4", "nvfp4 alone", "vsq", "vsq, scaled, alone"],
)
def test_scales_of_scales(params, name, formula):
    complete = BlockQuantizeParams.model_validate({"x": "fp32"} | params)
    assert "_".join((complete.base_name, *complete.suffixes)) == name
    assert complete.formula == formula
    named = complete.constructor_arguments()["outer"]
    assert (None if named is None else named.name) == {"none": None}.get(
        str(complete.outer), complete.outer
    )


def test_what_is_put_in():
    params = BlockQuantizeParams.model_validate({"x": "fp32", "y": "vsq4"})
    assert (params.outer, params.order) == ("fp32", "published")
    params = BlockQuantizeParams.model_validate({"x": "fp32", "y": "mxfp4"})
    assert (params.outer, params.order) == (None, None)
