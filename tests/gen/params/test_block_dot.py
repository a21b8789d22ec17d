import pytest

from gen.catalog import UNITS
from gen.config import make_config
from gen.errors import ConfigError

MX = {"a": "mxfp4", "b": "mxfp4", "y": "fp32"}
VSQ = {"a": "vsq4", "b": "vsq4"}


def test_defaults_and_names():
    config = make_config("block_dot", VSQ | {"scale_bits": 6, "sparsity": "2:4"})
    # 8 bits of product, 4 of 16 lanes, 6 of the factor.
    assert config.params_dict()["y"] == "int18"
    assert config.params_dict()["overflow"] == "wrap"
    assert config.name == "block_dot_vsq4_int18_m6_2_4"
    assert make_config("block_dot", MX | {"c": "fp32"}).name == "block_dot_mxfp4_fp32_c_fp32"


def test_the_component_gets_numbers_for_the_sparsity():
    config = make_config("block_dot", VSQ | {"sparsity": "1:4", "blocks": 2})
    unit = UNITS["block_dot"].component(config.params)
    assert {port.name: port.lanes for port in unit.ports}["a"] == 128


def test_outer_scales():
    given = {"a": "nvfp4", "b": "nvfp4", "y": "fp32", "outer": "bf16", "stages": 4}
    config = make_config("block_dot", given)
    assert config.name == "block_dot_nvfp4_fp32_outer_bf16_s4"
    assert config.params.formula.startswith("y = round(round(sum over blocks j of")
    assert config.params.formula.endswith(" * outer)")
    unit = UNITS["block_dot"].component(config.params)
    assert unit.latency == 4
    summed = make_config("block_dot", given | {"accumulate": True})
    assert summed.params.formula.startswith("s = round(")
    assert summed.params.formula.endswith("+ (first ? 0 : previous s)), y = round(s * outer)")
    assert UNITS["block_dot"].component(summed.params).latency == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (VSQ | {"outer": "fp32"}, "needs a y that is a float, not int"),
        (MX | {"outer": "int8"}, "is a float with a sign, unlike int8"),
        (MX | {"a": "e4m3"}, "e4m3 is not a block format"),
        (MX | {"b": "nvfp4"}, "blocks of mxfp4 and nvfp4 have 32 and 16 lanes"),
        (MX | {"blocks": 2}, "an exact sum of blocks of mxfp4 and mxfp4"),
        ({"a": "vsq16m16", "b": "vsq16m16"}, "has sums of 68 bits, more than 60"),
        (VSQ | {"y": "fp32"}, "is an integer if the scales are"),
        (VSQ | {"y": "int62"}, "has at most 61 bits, unlike int62"),
        (MX | {"y": "e9m3"}, "has at most 8 exponent bits, unlike e9m3"),
        (MX | {"c": "fp32", "accumulate": True}, "exclude each other"),
        ({"a": "vsq4v15", "b": "vsq4v15", "sparsity": "2:4"}, "divides the 15 lanes"),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("block_dot", given)
    assert message in str(error.value)
