# amaranth: UnusedElaboratable=no

import itertools

from pydantic import ValidationError

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
