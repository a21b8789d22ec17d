"""Metrics against hand-worked and published numbers."""

import math

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.metrics import (
    bits_per_value,
    dynamic_range,
    finite_values,
    pulses,
    sqnr,
    toggles,
    ulp_errors,
    ulps,
    worst_relative_error,
)
from cosim.golden.values import largest
from hdl.formats import FormatError, parse_format


@pytest.mark.parametrize(
    ("name", "of_value", "of_quantized"),
    # INT4: 1.5 between 1 and 2. FP2.2: 1.125 between 1 and 1.25. log2.2: between 1 and 2^(1/4).
    [("int4", 33.3, 50.0), ("e2m2", 11.1, 12.5), ("log2.2", 8.6, 9.5)],
)
def test_worst_errors_of_four_bit_magnitudes(name, of_value, of_quantized):
    value = worst_relative_error(name, subnormals=False)
    quantized = worst_relative_error(name, "quantized", subnormals=False)
    assert 100 * value == pytest.approx(of_value, abs=0.05)
    assert 100 * quantized == pytest.approx(of_quantized, abs=0.05)


def test_subnormals_count_in_the_worst_error():
    # The least values of E2M1 are 0.5 and 1: 0.25 off at 0.75.
    assert worst_relative_error("e2m1") == pytest.approx(1 / 3)
    assert worst_relative_error("e2m1", subnormals=False) == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    ("name", "decibels"),
    [
        ("int8", 40.0),
        ("int4", 14.8),
        ("e2m5", 42.7),
        ("e3m4", 37.6),
        ("e4m3", 31.6),
        ("e5m2", 25.6),
        ("e2m1", 18.0),
        ("log4.3", 32.0),
    ],
)
def test_signal_to_noise_on_a_gaussian_scaled_to_its_maximum(name, decibels):
    # Of uniform formats the ratio follows the sample's maximum: 4.41 sigma with this seed.
    x = np.random.default_rng(1).standard_normal(200_000)
    scale = np.abs(x).max() / largest(parse_format(name))
    q = decode(encode(x / scale, name, overflow="saturate"), name) * scale
    assert sqnr(x, q) == pytest.approx(decibels, abs=0.3)


def test_sqnr():
    # Power 25, noise 0.25.
    assert sqnr([3, 4], [3, 4.5]) == pytest.approx(20)
    assert sqnr([3, 4], [3, 4]) == math.inf
    assert sqnr([0, 0], [0, 1]) == -math.inf


def test_ulps():
    assert ulps([1.0, 1.9, 2.0, 0.001, 448, 1e9], "e4m3").tolist() == [
        1 / 8,
        1 / 8,
        1 / 4,
        2.0**-9,
        32,
        32,
    ]
    assert ulps([5.5, -3], "int8").tolist() == [1, 1]
    assert ulps([0.3, -0.3], "q4.4").tolist() == [1 / 16, 1 / 16]
    # Posits of 8 bits with es 2 around 1: 1.125 above, 0.9375 below.
    assert ulps([1.05, 0.95], "posit8").tolist() == [1 / 8, 1 / 16]
    assert ulps([99.0, -99.0], "nf4").tolist() == [1 - 0.7229568362236023, 1 - 0.6961928009986877]


def test_ulp_errors():
    # Errors of 0.25, 0 and 1 ulp: 1/32 at 1, and 1/4 at 2.5.
    errors = ulp_errors([1.0, 1.5, 2.5], [1.03125, 1.5, 2.25], "e4m3")
    assert errors == (1.0, pytest.approx(1.25 / 3))


@pytest.mark.parametrize("name", ["e4m3", "q4.4", "e5m2", "fp16"])
def test_rounding_to_nearest_is_within_half_an_ulp(name):
    x = np.random.default_rng(3).standard_normal(20_000)
    errors = ulp_errors(x, decode(encode(x, name), name), name)
    assert 0.49 < errors.largest <= 0.5
    assert errors.mean == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("name", "least", "top"),
    [
        ("e4m3", 2.0**-9, 448),
        ("int8", 1, 127),
        ("uq0.8", 1 / 256, 255 / 256),
        ("posit32es2", 2.0**-120, 2.0**120),
        ("e8m0", 2.0**-127, 2.0**127),
        ("fp32", 2.0**-149, 2.0**128 - 2.0**104),
        ("q16.16", 2.0**-16, 2.0**15 - 2.0**-16),
        ("log4.3", 2 ** (-63 / 8), 2 ** (63 / 8)),
        ("nf4", 0.07958029955625534, 1),
    ],
)
def test_dynamic_range(name, least, top):
    measured = dynamic_range(name)
    assert measured[:2] == (least, top)
    assert measured.decibels == pytest.approx(20 * math.log10(top / least))


def test_bits_per_value():
    assert bits_per_value("mxfp4") == 4.25
    assert bits_per_value("e4m3") == 8


def test_toggles_of_a_hand_worked_stream():
    # 0000 -> 0011 -> 0101: two and two wires change, two and one rise.
    assert toggles([0, 3, 5], "uint4") == 2
    assert toggles([0, 3, 5], "uint4", "rising") == 1.5


def test_an_integer_toggles_less_than_spikes():
    # All pairs of 7-bit integers in one stream: a quarter of 7 wires rises, against 63.5 pulses.
    rng = np.random.default_rng(0)
    stream = rng.integers(0, 128, 400_000)
    assert toggles(stream, "uint7", "rising") == pytest.approx(1.75, abs=0.01)
    assert pulses(stream) == pytest.approx(63.5, abs=0.2)


def test_bad_arguments():
    with pytest.raises(
        ValueError, match=r"^a stream is two codes or more on one axis, not shape \(1,\)$"
    ):
        toggles([1], "uint4")
    with pytest.raises(FormatError, match=r"^fp32: too many values to list, 32 bits$"):
        finite_values("fp32")
    with pytest.raises(FormatError, match=r"^e11m8: its exponents leave the range of float64$"):
        dynamic_range("e11m8")
    with pytest.raises(FormatError, match=r"^e11m4: its exponents leave the range of float64$"):
        finite_values("e11m4")
