"""Block formats against gfloat, exact rationals, and published signal-to-noise ratios."""

import math
import re
from fractions import Fraction

import gfloat
import gfloat.formats
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cosim.golden import Random, decode
from cosim.golden.blocks import Blocks, dequantize, quantize
from cosim.golden.metrics import sqnr
from hdl.formats import BlockFormat, FormatError, parse_format

GFLOAT = {
    "mxfp8-e4m3": gfloat.formats.format_info_mxfp8_e4m3,
    "mxfp8-e5m2": gfloat.formats.format_info_mxfp8_e5m2,
    "mxfp6-e2m3": gfloat.formats.format_info_mxfp6_e2m3,
    "mxfp6-e3m2": gfloat.formats.format_info_mxfp6_e3m2,
    "mxfp4": gfloat.formats.format_info_mxfp4_e2m1,
    "mxint8": gfloat.formats.format_info_mxint8,
}

SHARED_EXPONENT = [*GFLOAT, "msfp12", "msfp16", "bfp8", "bfp5v8"]
ALL = [*SHARED_EXPONENT, "nvfp4", "vsq4", "vsq8m10v64"]


def gaussian(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("name", GFLOAT)
def test_blocks_agree_with_gfloat(name):
    tensor = gaussian(60, 32) * np.exp2(np.random.default_rng(2).integers(-140, 120, (60, 1)))
    tensor = tensor.astype(np.float32)
    tensor[7] = 0
    result = dequantize(quantize(tensor, name))
    for block, row in zip(tensor.astype(np.float64), result, strict=True):
        expected = gfloat.quantize_block(GFLOAT[name], block, gfloat.compute_scale_amax)
        assert np.array_equal(row, expected)


@pytest.mark.parametrize(("name", "least"), [("msfp12", -7), ("bfp5v8", -16)])
def test_integer_elements_share_the_largest_exponent(name, least):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    tensor = gaussian(40, fmt.length)
    q = quantize(tensor, fmt)
    values = decode(q.codes, fmt.element)
    # Magnitudes of b bits: the largest one of a block has its top bit set.
    top = 1 << (fmt.element.bits - 2)
    for block, scale, row in zip(tensor.tolist(), q.scales[:, 0], values.tolist(), strict=True):
        unit = Fraction(2) ** (int(scale) - 127)
        assert top <= max(map(abs, block)) / unit < 2 * top
        exact = [min(max(round(Fraction(x) / unit), least), 2 * top - 1) for x in block]
        assert row == exact


def test_nvfp4_by_hand():
    # Largest of all 2688 = 6 * 448: tensor scale 1. Block scales 448 and 2.5 / 6 = 0.41667, which
    # E4M3 rounds to 13 / 32 = 0.40625; 2.5 over that is 6.15, saturated to 6.
    tensor = np.zeros((2, 16))
    tensor[0, :3] = [2688, -448, 250]
    tensor[1, :3] = [2.5, 0.61, -0.3]
    q = quantize(tensor, "nvfp4")
    assert q.outer is not None
    assert q.outer.tolist() == [[1.0]]
    assert decode(q.scales, "ue4m3").tolist() == [[448.0], [13 / 32]]
    # 250 / 448 = 0.558; 0.61 / 0.40625 = 1.5015; 0.3 / 0.40625 = 0.738, under the tie at 0.75.
    assert decode(q.codes[:, :3], "e2m1").tolist() == [[6, -1, 0.5], [6, 1.5, -0.5]]
    assert dequantize(q)[1, 0] == 6 * 13 / 32


def test_nvfp4_scales_stay_normal():
    tensor = np.zeros(32)
    tensor[0], tensor[16] = 1.0, 1e-6
    q = quantize(tensor, "nvfp4")
    assert decode(q.scales, "ue4m3").tolist() == [448.0, 2.0**-6]


@pytest.mark.parametrize("order", ["published", "scaled"])
def test_vsq_by_hand(order):
    # N = 4, M = 6: ideal scales 14 / 7 = 2 and 1 / 7, gamma = 2 / 63 in float32, and 1 / 7 is
    # 4.5 gamma: stored as round(4.5) = 4 or ceil = 5.
    tensor = np.zeros((2, 16))
    tensor[0, 0], tensor[1, :3] = 14, [1, -0.55, 0.2]
    q = quantize(tensor, "vsq4", order=order)
    gamma = float(np.float32(2 / 63))
    assert q.outer is not None
    assert q.outer.tolist() == [[gamma]]
    assert q.scales.tolist() == [[63], [4 if order == "published" else 5]]
    # 1, -0.55 and 0.2 over 1 / 7, or over 5 gamma = 0.1587.
    expected = [7, -4, 1] if order == "published" else [6, -3, 1]
    assert decode(q.codes[1, :3], "int4").tolist() == expected
    assert dequantize(q)[1, 0] == expected[0] * int(q.scales[1, 0]) * gamma


def test_quantizing_with_the_stored_scale_is_better_for_int8():
    # Gaussian INT8, V = 16, M = 6: 39.2 dB in the published order, 46.1 with the stored scale.
    tensor = gaussian(200_000)
    published = sqnr(tensor, dequantize(quantize(tensor, "vsq8")))
    scaled = sqnr(tensor, dequantize(quantize(tensor, "vsq8", order="scaled")))
    assert published == pytest.approx(39.2, abs=0.3)
    assert scaled == pytest.approx(46.1, abs=0.3)


@pytest.mark.parametrize(
    ("name", "decibels"),
    [
        ("mxint8", 41.7),
        ("mxfp8-e4m3", 30.6),
        ("mxfp6-e2m3", 30.9),
        ("mxfp4", 18.8),
        ("nvfp4", 20.4),
        ("vsq4", 21.3),
    ],
)
def test_signal_to_noise_on_a_gaussian(name, decibels):
    tensor = gaussian(200_000)
    assert sqnr(tensor, dequantize(quantize(tensor, name))) == pytest.approx(decibels, abs=0.3)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_axis_of_the_blocks(name, axis):
    tensor = gaussian(48, 7, 64)
    moved = quantize(np.moveaxis(tensor, axis, -1), name)
    q = quantize(tensor, name, axis=axis)
    assert np.array_equal(np.moveaxis(q.codes, axis, -1), moved.codes)
    assert np.array_equal(np.moveaxis(q.scales, axis, -1), moved.scales)
    assert np.array_equal(np.moveaxis(dequantize(q), axis, -1), dequantize(moved))
    assert q.codes.shape == tensor.shape


@pytest.mark.parametrize("name", ALL)
def test_a_short_last_block_has_the_scale_of_what_it_has(name):
    fmt = parse_format(name)
    assert isinstance(fmt, BlockFormat)
    tensor = gaussian(3, 2 * fmt.length + 5)
    q = quantize(tensor, name)
    assert q.scales.shape == (3, 3)
    padded = np.pad(tensor, ((0, 0), (0, fmt.length - 5)))
    whole = quantize(padded, name)
    assert np.array_equal(q.scales, whole.scales)
    assert np.array_equal(q.codes, whole.codes[:, : tensor.shape[1]])
    assert np.array_equal(dequantize(q), dequantize(whole)[:, : tensor.shape[1]])


@pytest.mark.parametrize("name", ["nvfp4", "vsq4"])
def test_an_outer_scale_for_each_channel(name):
    tensor = gaussian(4, 6, 32) * np.exp2(np.arange(4)).reshape(4, 1, 1) * 1.1
    q = quantize(tensor, name, channel_axis=0)
    assert q.outer is not None
    assert q.outer.shape == (4, 1, 1)
    for channel in range(4):
        alone = quantize(tensor[channel], name)
        assert np.array_equal(q.codes[channel], alone.codes)
        assert np.array_equal(q.scales[channel], alone.scales)
        assert np.array_equal(dequantize(q)[channel], dequantize(alone))
    both = quantize(tensor, name, channel_axis=(0, 1))
    assert both.outer is not None
    assert both.outer.shape == (4, 6, 1)


@pytest.mark.parametrize("name", SHARED_EXPONENT)
@given(
    tensor=hnp.arrays(
        np.float32, 40, elements=st.floats(-(2.0**20), 2.0**20, width=32, allow_subnormal=False)
    ),
    power=st.integers(-20, 20),
)
def test_powers_of_two_only_change_the_scales(name, tensor, power):
    tensor = np.where(np.abs(tensor) < 2.0**-60, 0, tensor)
    q = quantize(tensor, name)
    scaled = quantize(np.ldexp(tensor, power), name)
    assert np.array_equal(q.codes, scaled.codes)
    assert np.array_equal(np.ldexp(dequantize(q), power), dequantize(scaled))


@pytest.mark.parametrize("name", ALL)
def test_zeros_and_empty_tensors(name):
    assert (dequantize(quantize(np.zeros((2, 50)), name)) == 0).all()
    assert quantize(np.zeros((0, 50)), name).codes.shape == (0, 50)
    assert quantize(np.zeros((3, 0)), name).scales.shape == (3, 0)


@pytest.mark.parametrize("name", [*SHARED_EXPONENT, "nvfp4"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_poisons_its_block_only(name, bad):
    tensor = gaussian(2, 128)
    expected = dequantize(quantize(tensor, name))
    tensor[1, 0] = bad
    q = quantize(tensor, name)
    result = dequantize(q)
    length = q.fmt.length
    assert np.isnan(result[1, :length]).all()
    assert (q.codes[1, :length] == 0).all()
    if q.outer is None:
        assert np.array_equal(result[0], expected[0])
        assert np.array_equal(result[1, length:], expected[1, length:])


def test_stochastic_elements_are_right_on_average():
    tensor = np.full((1, 32), 1.3)
    words = np.arange(4096).reshape(128, 32) % 256
    q = quantize(np.repeat(tensor, 128, 0), "mxfp4", rounding="stochastic", random=Random(words, 8))
    # 1.3 / 2^-2 = 5.2, between 4 and 6: of 256 words 153 = floor(0.6 * 256) go up.
    assert (decode(q.codes, "e2m1") == 6).sum() == 16 * 153
    assert math.isclose(dequantize(q).mean(), 1.3, rel_tol=1e-3)


def test_integers_and_short_floats_are_tensors_too():
    tensor = np.arange(-40, 40)
    assert np.array_equal(dequantize(quantize(tensor, "mxint8")), tensor)
    half = gaussian(64).astype(np.float16)
    assert np.array_equal(
        quantize(half, "nvfp4").codes, quantize(half.astype(np.float32), "nvfp4").codes
    )


def test_blocks_split_and_join():
    blocks = Blocks.of((2, 5, 3), 1, 2)
    tensor = np.arange(30).reshape(2, 5, 3)
    rows = blocks.split(tensor)
    # Index (0, :, 0) is 0, 3, 6, 9, 12, in blocks of two.
    assert rows[:3].tolist() == [[0, 3], [6, 9], [12, 0]]
    assert np.array_equal(blocks.join(rows), tensor)
    scales = blocks.join(np.arange(18))
    assert scales.shape == (2, 3, 3)
    assert blocks.spread(scales)[0, :, 0].tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("tensor", "name", "options", "message"),
    [
        (1.0, "mxfp4", {}, "a tensor of shape () has no axis -1"),
        ([[1.0]], "mxfp4", {"axis": 2}, "a tensor of shape (1, 1) has no axis 2"),
        ([[1.0]], "nvfp4", {"channel_axis": 1}, "axis 1 is that of the blocks, not of channels"),
        ([1.0], "vsq4", {"order": "x"}, "order = 'x': for vsq4 it is published or scaled"),
        ([np.nan], "vsq4", {}, "vsq4: no code stands for infinities and NaN"),
    ],
)
def test_bad_arguments(tensor, name, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        quantize(tensor, name, **options)


def test_single_values_have_no_blocks():
    with pytest.raises(FormatError, match=r"^e4m3: not a block format$"):
        quantize([1.0], "e4m3")
