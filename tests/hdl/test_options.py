import pytest

from hdl.formats import parse_format
from hdl.options import default_overflow


@pytest.mark.parametrize(
    ("y", "operands", "overflow"),
    [
        ("fp32", "e4m3 e4m3", "ieee"),
        ("fp32", "int8 int8", "ieee"),
        ("int32", "int8 uint8", "wrap"),
        ("int32", "int8 e4m3", "saturate"),
    ],
)
def test_default_overflow(y, operands, overflow):
    formats = [parse_format(name) for name in operands.split()]
    assert default_overflow(parse_format(y), formats) == overflow
