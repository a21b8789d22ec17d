import pytest

from gen.config import make_config
from gen.errors import ConfigError

INTEGERS = {"x": "int8", "scale_a": "uint4", "scale_b": "uint4"}
FLOATS = {"x": "int8", "scale_a": "e8m0", "scale_b": "ue4m3", "y": "fp32"}


def test_defaults():
    config = make_config("vector_scale", INTEGERS | {"scale_bits": 5})
    assert (config.params_dict()["y"], config.params_dict()["overflow"]) == ("int13", "wrap")
    assert config.name == "vector_scale_int8_uint4_int13_m5"
    assert make_config("vector_scale", FLOATS).params_dict()["overflow"] == "ieee"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (INTEGERS | {"x": "fp16"}, "is an integer, unlike fp16"),
        (INTEGERS | {"scale_a": "int4"}, "a scale is an unsigned integer"),
        (INTEGERS | {"scale_bits": 9}, "is at most 8 here"),
        (FLOATS | {"scale_bits": 4}, "is for integer scales only"),
        (INTEGERS | {"accumulate": True}, "is needed with accumulate and with floating scales"),
        (INTEGERS | {"y": "fp32"}, "is an integer if the scales are, and otherwise a float"),
        (FLOATS | {"y": "ue4m3"}, "is a float with a sign, unlike ue4m3"),
        (FLOATS | {"overflow": "wrap"}, "fp32 takes ieee or saturate"),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("vector_scale", given)
    assert message in str(error.value)
