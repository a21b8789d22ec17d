import pytest

from gen.config import make_config
from gen.errors import ConfigError


def test_saturates_unless_told_otherwise():
    config = make_config("quantize", {"x": "int32", "y": "e4m3", "scale": "e8m0"})
    assert config.params_dict()["overflow"] == "saturate"
    assert config.name == "quantize_int32_e4m3_by_e8m0"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": "nf4", "y": "int8", "scale": "e8m0"}, "is no integer times a power of two"),
        ({"x": "int8", "y": "nf4", "scale": "e8m0"}, "is binary and has 32 bits at most"),
        ({"x": "int49", "y": "int8", "scale": "e8m0"}, "has 48 bits at most, unlike int49"),
        ({"x": "int40", "y": "int8", "scale": "fp32"}, "times x has 64 bits, more than 62"),
        ({"x": "int8", "y": "int4", "scale": "e8m0", "overflow": "ieee"}, "int4 takes saturate"),
        (
            {"x": "int32", "y": "fp32", "scale": "fp32", "rounding": "stochastic"}
            | {"random_bits": 28},
            "has 27 bits at most into fp32, as the product has 56 bits",
        ),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("quantize", given)
    assert message in str(error.value)
