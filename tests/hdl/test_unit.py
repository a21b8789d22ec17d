# amaranth: UnusedElaboratable=no

import pytest

from hdl.formats import IntFormat
from hdl.ports import data_port
from hdl.unit import Unit


def unit(**options):
    x, y = data_port("x", "in", IntFormat(4)), data_port("y", "out", IntFormat(5))
    return Unit((x,), (y,), **({"stages": 2, "objective": "area"} | options))


def test_valid_bits_come_first_on_either_side():
    assert [port.name for port in unit().ports] == ["in_valid", "x", "out_valid", "y"]
    assert list(unit().signature.members) == ["in_valid", "x", "out_valid", "y"]
    assert unit().latency == 2
    assert unit(extra_latency=1).latency == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": 65}, "stages = 65 is not in 0..64"),
        ({"stages": -1}, "stages = -1 is not in 0..64"),
        ({"objective": "speed"}, "objective = 'speed' is not one of area, delay, balanced"),
    ],
)
def test_options_that_do_not_exist(options, message):
    with pytest.raises(ValueError, match=message):
        unit(**options)
