import pytest

from hdl.formats import BlockFormat, FormatError, parse_format
from hdl.formats.block import usual_length


@pytest.mark.parametrize(
    ("name", "element", "scale", "length", "bits_per_value"),
    [
        ("mxfp8-e4m3", "e4m3", "e8m0", 32, 8.25),
        ("mxfp8-e5m2", "e5m2", "e8m0", 32, 8.25),
        ("mxfp6-e2m3", "e2m3", "e8m0", 32, 6.25),
        ("mxfp6-e3m2", "e3m2", "e8m0", 32, 6.25),
        ("mxfp4", "e2m1", "e8m0", 32, 4.25),
        ("mxint8", "q2.6", "e8m0", 32, 8.25),
        # 4.5 as people count it: in memory the scale has its sign bit, always 0.
        ("nvfp4", "e2m1", "ue4m3", 16, 4.4375),
        ("msfp12", "sm4", "e8m0", 16, 4.5),
        ("msfp16", "sm8", "e8m0", 16, 8.5),
        ("bfp8", "int8", "e8m0", 16, 8.5),
        ("bfp5v8", "int5", "e8m0", 8, 6.0),
        ("vsq4", "int4", "uint6", 16, 4.375),
        ("vsq8m10v64", "int8", "uint10", 64, 8.15625),
        ("mxfp4v16", "e2m1", "e8m0", 16, 4.5),
        ("mxfp8-e5m2v1", "e5m2", "e8m0", 1, 16.0),
        ("nvfp4v8", "e2m1", "ue4m3", 8, 4.875),
    ],
)
def test_what_a_block_is_made_of(name, element, scale, length, bits_per_value):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    assert (fmt.name, fmt.element.name, fmt.scale.name) == (name, element, scale)
    assert (fmt.length, fmt.bits_per_value) == (length, bits_per_value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("msfp12v0", "msfp12v0: a block has 1 to 65536 elements"),
        ("bfp8v0", "bfp8v0: a block has 1 to 65536 elements"),
        ("vsq1", "int1: an integer format has 2 to 64 bits"),
    ],
)
def test_what_is_no_format(name, message):
    with pytest.raises(FormatError) as error:
        parse_format(name)
    assert str(error.value) == message


def test_the_usual_length_has_no_suffix():
    assert parse_format("mxfp4v32") is parse_format("mxfp4")
    for name, length in (("mxfp4v1", 32), ("nvfp4", 16), ("vsq4m8v64", 16), ("bfp8v2", 16)):
        fmt = parse_format(name)
        assert isinstance(fmt, BlockFormat)
        assert usual_length(fmt) == length
