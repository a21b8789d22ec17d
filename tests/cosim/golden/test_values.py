"""Decoding against ml_dtypes, and the helpers around it."""

import gfloat
import ml_dtypes
import numpy as np
import pytest

from cosim.golden import codec, decode
from cosim.golden.values import as_values, fits_double, largest
from hdl.formats import FormatError, parse_format
from tests.cosim.golden.probes import all_codes
from tests.cosim.golden.test_encoder import GFLOAT, ML_DTYPES


@pytest.mark.parametrize("name", ML_DTYPES)
def test_every_code_agrees_with_ml_dtypes(name):
    codes = all_codes(name)
    with np.errstate(invalid="ignore"):
        expected = codes.view(ML_DTYPES[name]).astype(np.float64)
    values = decode(codes, name)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, expected)
    finite = ~np.isnan(expected)
    assert np.array_equal(np.signbit(values[finite]), np.signbit(expected[finite]))


@pytest.mark.parametrize("name", [name for name in GFLOAT if name != "fp32"])
def test_every_code_agrees_with_gfloat(name):
    codes = all_codes(name)
    np.testing.assert_array_equal(decode(codes, name), gfloat.decode_ndarray(GFLOAT[name], codes))


@pytest.mark.parametrize(
    "name", ["tf32", "fp32", "e8m13", "e4m20fnuz", "e3m16fn", "e11m12", "ue8m20"]
)
def test_wide_floats_agree_with_the_codec_of_the_units(name):
    codes = np.random.default_rng(1).integers(0, 1 << parse_format(name).bits, 50_000)
    np.testing.assert_array_equal(decode(codes, name), codec.decode(codes, name))


@pytest.mark.parametrize(
    ("name", "codes", "values"),
    [
        # 0xF4 is -12: -12 / 16.
        ("q4.4", [0x08, 0x7F, 0xF4, 0x80], [0.5, 7.9375, -0.75, -8.0]),
        ("uq0.8", [0, 1, 0x80, 0xFF], [0.0, 1 / 256, 0.5, 255 / 256]),
        ("uq0.1", [0, 1], [0.0, 0.5]),
        ("sm4", [0, 7, 8, 0xF], [0.0, 7.0, -0.0, -7.0]),
        ("e8m0", [0, 127, 254], [2.0**-127, 1.0, 2.0**127]),
        ("log4.3", [0, 64, 72, 56, 0xC0, 0x7F], [0.0, 1.0, 2.0, 0.5, -1.0, 2 ** (63 / 8)]),
        ("log2.2", [6, 1], [0.7071067811865476, 2**-1.75]),
        ("nf4", [0, 7, 8, 15], [-1.0, 0.0, 0.07958029955625534, 1.0]),
        ("int8", [0, 0x7F, 0x80, 0xFF], [0, 127, -128, -1]),
    ],
)
def test_hand_worked_values(name, codes, values):
    assert decode(codes, name).tolist() == values
    assert np.array_equal(np.signbit(decode(codes, name)), np.signbit(values))


def test_e8m0_nan():
    assert np.isnan(decode([0xFF], "e8m0")[0])


def test_integers_stay_integers():
    assert decode([0xFFFF_FFFF_FFFF_FFFF], "int64").tolist() == [-1]
    assert decode([0xFFFF_FFFF_FFFF_FFFF], "uint64").dtype == np.uint64


def test_shapes():
    codes = np.arange(200_000, dtype=np.uint32).reshape(4, 5, 10_000)
    values = decode(codes, "fp32")
    assert values.shape == codes.shape
    np.testing.assert_array_equal(values, codes.view(np.float32))
    assert decode(np.uint8(0x38), "e4m3").shape == ()


def test_block_formats_have_no_values_of_single_codes():
    with pytest.raises(FormatError, match=r"^bfp4: block formats have no values of single codes$"):
        decode([0], "bfp4")


def test_as_values():
    assert as_values([True, False]).tolist() == [True, False]
    assert as_values(np.array([1.5], dtype=ml_dtypes.bfloat16)).tolist() == [1.5]
    assert as_values(np.array([-3], dtype=ml_dtypes.int4)).tolist() == [-3]
    with pytest.raises(ValueError, match=r"^values are integers or floats, not <U1$"):
        as_values(["a"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("e4m3", 448),
        ("int8", 127),
        ("sm4", 7),
        ("q2.6", 127 / 64),
        ("e8m0", 2.0**127),
        ("log4.3", 2 ** (63 / 8)),
        ("posit8es2", 2.0**24),
        ("nf4", 1),
        ("fp32", 2.0**128 - 2.0**104),
    ],
)
def test_largest(name, value):
    assert largest(parse_format(name)) == value


def test_what_float64_holds():
    assert fits_double(parse_format("int53"))
    assert not fits_double(parse_format("int54"))
    assert fits_double(parse_format("fp32"))
    assert not fits_double(parse_format("e11m4"))
