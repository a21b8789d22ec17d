import pytest

from gen.config import make_config
from gen.errors import ConfigError


def test_names():
    assert make_config("sparse_mux", {"x": "q4.4"}).name == "sparse_mux_2of4_q4_4"
    config = make_config("sparse_mux", {"x": "int8", "n": 1, "groups": 4, "stages": 1})
    assert config.name == "sparse_muxx4_1of4_int8_s1"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": 5}, "is at most m, which is 4"),
        ({"n": 20, "m": 32}, "20:32 has more than 64 bits a group"),
        ({"groups": 300}, "of 4 are more than 1024 operands"),
    ],
)
def test_rules(given, message):
    with pytest.raises(ConfigError) as error:
        make_config("sparse_mux", {"x": "int8"} | given)
    assert message in str(error.value)
