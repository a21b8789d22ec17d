import pytest

from gen.catalog import UNITS
from gen.config import make_config
from gen.errors import ConfigError

INT = {"rows": 2, "cols": 3, "a": "int8", "b": "int8", "y": "int32"}


def test_defaults_and_names():
    config = make_config("systolic", INT)
    assert config.params_dict()["overflow"] == "wrap"
    assert config.name == "systolic2x3_int8_int32"
    mixed = INT | {"b": "e4m3", "y": "fp32", "c": "bf16", "stages": 2}
    config = make_config("systolic", mixed)
    assert config.name == "systolic2x3_int8_e4m3_fp32_c_bf16_s2"
    unit = UNITS["systolic"].component(config.params)
    assert unit.latency == 2 * 3 + 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (INT | {"rows": 256, "cols": 17}, "cols = 17: rows * cols is at most 4096"),
        (INT | {"y": "int33"}, 'y = "int33": an operand has at most 32 bits, int33 has 33'),
        (INT | {"c": "fp16", "overflow": "wrap"}, "with a float operand (fp16), int32 takes"),
        (INT | {"stages": 17}, "stages = 17: must be 16 or less"),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("systolic", given)
    assert message in str(error.value)
