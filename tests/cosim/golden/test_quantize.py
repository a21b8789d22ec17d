"""Rescaling against exact rationals."""

import re
from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import Random, decode, encode, get_model, quantize, rescale
from cosim.golden.quantize import exact_product


def nearest_even(value):
    return round(value)  # of a Fraction: ties to even


def test_integers_times_fractions():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 1 << 32, 3000, dtype=np.uint32)
    scale = rng.integers(0, 1 << 16, 3000, dtype=np.uint16)
    # Many results in range, and ties.
    scale[::2] >>= 12
    scale[::6] = 1 << 3
    codes = rescale(x, scale, x_format="int32", scale_format="uq0.16", y_format="int16")
    exact = [
        Fraction(int(a) - (int(a) >> 31 << 32)) * int(s) / 65536
        for a, s in zip(x, scale, strict=True)
    ]
    expected = [min(max(nearest_even(value), -32768), 32767) & 0xFFFF for value in exact]
    assert codes.tolist() == expected


def test_a_product_is_rounded_once():
    # 2^60 - 1: a double would round it up to 2^60, here the last of 52 bits stays set.
    odd = exact_product(np.array([2.0**30 - 1]), "int31", np.array([2.0**30 + 1]), "uint31")[0]
    assert int(odd) == 2**60 - 2**8
    # Just above a tie of fp32: 2^24 + 1 and a bit that a double loses.
    x = np.array([((1 << 24) + 1) << 6 | 1], dtype=np.uint32)
    scale = np.array([1 << 29], dtype=np.uint32)
    code = rescale(x, scale, x_format="uint31", scale_format="uint31", y_format="fp32")
    assert decode(code, "fp32")[0] == 2.0**59 * 1.0000001192092896


def test_stochastic_words_add_below_the_last_bit():
    # 100 * 2^-4 = 6.25: with two random bits one word of four makes it 7.
    words = np.arange(4, dtype=np.uint8)
    codes = rescale(
        np.full(4, 100, np.uint8),
        np.full(4, 123, np.uint8),
        x_format="int8",
        scale_format="e8m0",
        y_format="int8",
        rounding="stochastic",
        random=Random(words, 2),
    )
    assert codes.tolist() == [6, 6, 6, 7]


def test_special_products():
    x = encode([np.inf, np.nan, 0.0, -1.0], "fp16")
    scale = np.array([0, 1, 255, 127], dtype=np.uint8)
    codes = rescale(x, scale, x_format="fp16", scale_format="e8m0", y_format="e4m3")
    assert codes.tolist() == [0x7E, 0x7F, 0x7F, 0xB8]


def test_too_wide_significands_are_refused():
    message = "significands of 32 and 32 bits: 62 together at most"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        exact_product(np.ones(1), "int32", np.ones(1), "int32")


def test_the_function_and_the_module_share_a_name():
    assert callable(quantize)
    params = {"x": "int8", "y": "int4", "scale": "e8m0", "rounding": "rne", "random_bits": None}
    operands = {"x": np.array([0x20], np.uint8), "scale": np.array([124], np.uint8)}
    answer = get_model("quantize")(params | {"overflow": "saturate"}, operands)
    assert answer["y"].tolist() == [4]
