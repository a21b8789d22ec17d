import pytest

from hdl.formats import BlockFormat, parse_format
from hdl.stages.block_shape import BlockShape


def shape(a, b, blocks=1, scale_bits=None):
    first, second = parse_format(a), parse_format(b)
    assert isinstance(first, BlockFormat)
    assert isinstance(second, BlockFormat)
    return BlockShape(first, second, blocks, scale_bits)


@pytest.mark.parametrize(
    ("formats", "blocks", "value_bits", "total_bits", "weight"),
    [
        # E4M3: products of 8 bits at 2^-18 .. 2^10, 5 bits for 32 lanes, a sign.
        (("mxfp8-e4m3", "mxfp8-e4m3"), 1, 8 + 28 + 5 + 1, 42, -18),
        # Two's complement: the product's bits, and the lanes'.
        (("mxint8", "mxint8"), 1, 16 + 5, 21, -12),
        # E2M1: 4 bits at 2^-2 .. 2^2, 4 for 16 lanes; scales of 8 bits over 28 places; 4 blocks.
        (("nvfp4", "nvfp4"), 4, 4 + 4 + 4 + 1, 13 + 8 + 28 + 2, -2),
        (("vsq4v64", "vsq4v64"), 1, 8 + 6, 14 + 12, 0),
    ],
)
def test_widths(formats, blocks, value_bits, total_bits, weight):
    found = shape(formats[0], formats[1], blocks)
    assert (found.value_bits, found.total_bits) == (value_bits, total_bits)
    assert found.value_weight == weight
    assert found.lanes == blocks * found.length


def test_rounded_factors_are_narrower():
    found = shape("vsq4", "vsq6m4", 1, 5)
    assert (found.factor_bits, found.dropped) == (5, 5)
