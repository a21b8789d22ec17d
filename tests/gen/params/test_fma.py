# amaranth: UnusedElaboratable=no

import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from gen.config import make_config
from gen.errors import ConfigError
from gen.params.fma import FmaParams
from hdl.fma import Fma
from hdl.formats import parse_format
from hdl.stages.pack import OVERFLOWS


def test_fma_params_accept_exactly_what_the_hardware_accepts() -> None:
    formats = ["int8", "uint8", "e4m3", "fp32", "ue4m3", "int33", "int64"]
    accepted = 0
    for a, c, y, overflow in itertools.product(
        formats, formats, formats, [None, *OVERFLOWS, "modulo"]
    ):
        given = {"a": a, "b": "int4", "c": c, "y": y, "overflow": overflow, "stages": 0}
        try:
            params = FmaParams.model_validate(given)
        except ValidationError:
            params = None
        try:
            unit = Fma(
                *(parse_format(name) for name in (a, "int4", c, y)),
                overflow=overflow,  # pyright: ignore[reportArgumentType]
            )
        except ValueError:
            unit = None
        assert (params is None) == (unit is None), given
        if params is not None and unit is not None:
            assert params.overflow == unit.overflow
            accepted += 1
    assert accepted > 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": "int8", "rounding": "stochastic"}, "stochastic needs a float y, not int8"),
        ({"rounding": "stochastic", "flags": True}, "stochastic excludes flags"),
        ({"random_bits": 3}, "is for rounding = 'stochastic' only"),
        ({"rounding": "stochastic", "random_bits": 25}, "24 or less"),
        ({"a": "int32", "b": "int32", "rounding": "stochastic"}, "56 bits together at most"),
    ],
)
def test_stochastic_rules(given: dict[str, Any], message: str) -> None:
    formats = dict.fromkeys("abcy", "e4m3")
    with pytest.raises(ConfigError) as error:
        make_config("fma", formats | given)
    assert message in str(error.value)


def test_stochastic_names() -> None:
    formats = dict.fromkeys("abcy", "e4m3") | {"rounding": "stochastic"}
    assert make_config("fma", formats).params_dict()["random_bits"] == 8
    assert make_config("fma", formats).name == "fma_e4m3_e4m3_e4m3_e4m3_stochastic"
    assert make_config("fma", formats | {"random_bits": 3}).name.endswith("_stochastic_r3")
