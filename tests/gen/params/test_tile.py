import pytest

from gen.catalog import UNITS
from gen.config import make_config
from gen.errors import ConfigError

INT = {"m": 2, "n": 3, "k": 4, "a": "int8", "b": "int8"}
MX = INT | {"k": 32, "a": "mxfp4", "b": "mxfp4", "y": "fp32"}
VSQ = INT | {"a": "vsq4v2", "b": "vsq4v2"}


def test_what_is_left_out_is_that_of_the_dot_product():
    config = make_config("tile", INT)
    assert config.params_dict()["y"] == "int18"  # 4 * (-128)^2 is 2^16
    assert config.params_dict()["overflow"] == "wrap"
    assert config.name == "tile2x3_dot4_int8_int18"
    config = make_config("tile", VSQ | {"scale_bits": 6, "stages": 2})
    # 8 bits of product, 4 lanes, 6 of the factor.
    assert config.params_dict()["y"] == "int16"
    assert config.name == "tile2x3_block_dot2x_vsq4v2_int16_m6_s2"
    assert "k" in config.params_dict()
    assert "lanes" not in config.params_dict()


def test_the_component_gets_what_was_given():
    given = INT | {"y": "int20", "accumulate": True, "overflow": "saturate", "stages": 2}
    unit = UNITS["tile"].component(make_config("tile", given).params)
    assert unit.latency == 3
    assert {port.name: port.width for port in unit.ports}["y"] == 120
    # Completed once more, as for a preset with changes, nothing changes.
    config = make_config("tile", given)
    assert make_config("tile", config.given()) == config
    assert make_config("tile", config.params_dict()).params_dict() == config.params_dict()


def test_windows_of_groups():
    given = INT | {"a": "e2m1", "b": "e2m1", "k": 32, "y": "fp32", "scale": {"kind": "nvfp4"}}
    given |= {"align": "window", "fraction_bits": 25, "group": 16}
    config = make_config("tile", given)
    assert config.name == "tile2x3_dot32_e2m1_fp32_w25_g16_nvfp4"
    with pytest.raises(ConfigError, match="group = 2: needs align = window with a scale"):
        make_config("tile", INT | {"group": 2})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (MX | {"b": "e2m1"}, 'b = "e2m1": mxfp4 and e2m1: both are block formats or neither'),
        (MX | {"k": 48}, "k = 48: is whole blocks of mxfp4: 32 products"),
        (MX | {"k": 64}, 'a = "mxfp4": blocks = 2: an exact sum of blocks of mxfp4 and mxfp4'),
        (MX | {"align": "window"}, 'align = "window": is not for products of mxfp4 and mxfp4'),
        (INT | {"scale_bits": 6}, "scale_bits = 6: is not for products of int8 and int8"),
        (VSQ | {"k": 130}, "k = 130: makes 65 blocks: input should be less than or equal to 64"),
        (INT | {"a": "e8m0"}, 'a = "e8m0": e8m0 '),
        (INT | {"m": 64, "n": 64, "k": 8}, "k = 8: m * n * k is at most 16384"),
        (INT | {"accumulate": True}, "y: is needed with accumulate = true"),
        (INT | {"lanes": 4}, "lanes: no such key"),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("tile", given)
    assert message in str(error.value)
