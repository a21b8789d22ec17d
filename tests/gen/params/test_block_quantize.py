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
        ({"x": "fp32", "y": "nvfp4"}, "nvfp4 is no block format with power-of-two scales"),
        ({"x": "fp32", "y": "int8"}, "int8 is no block format"),
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
    ],
)
def test_rules(params, message):
    with pytest.raises(ConfigError, match=message):
        make_config("block_quantize", {"x": "fp32", "y": "mxfp4"} | params)
