import pytest

from gen.config import make_config
from gen.errors import ConfigError


def test_defaults_depend_on_the_result():
    assert make_config("convert", {"x": "fp32", "y": "e4m3"}).params_dict()["overflow"] == "ieee"
    params = make_config("convert", {"x": "e4m3", "y": "q4.4", "rounding": "stochastic"})
    assert params.params_dict()["overflow"] == "saturate"
    assert params.params_dict()["random_bits"] == 8
    assert params.name == "convert_e4m3_q4_4_stochastic"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": "fp16", "y": "log4.3"}, "to log4.3 goes by a table, and has 12 bits at most"),
        ({"x": "fp16", "y": "int8", "overflow": "wrap"}, "int8 takes saturate here"),
        ({"x": "int8", "y": "int4", "random_bits": 3}, "is for rounding = 'stochastic' only"),
        ({"x": "int8", "y": "posit8es2", "rounding": "rup"}, "of posit8es2 is rne or stochastic"),
        ({"x": "int8", "y": "log4.3", "rounding": "stochastic"}, "of log4.3 is not stochastic"),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("convert", given)
    assert message in str(error.value)
