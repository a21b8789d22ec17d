"""Clipping against published optima and brute force, codebooks against Lloyd and Max."""

import re
from statistics import NormalDist
from typing import Any, cast

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.calibrate import Vectors, octav_clip, scale_of, scaled, train_codebook
from cosim.golden.metrics import sqnr
from examples.digits.demo import load_network
from hdl.formats import FormatError


def quantiles(count: int) -> np.ndarray:
    return (np.arange(count) + 0.5) / count


@pytest.fixture(scope="module")
def gaussian():
    """A sample that is as Gaussian as 100 000 numbers can be: equally likely quantiles."""
    return np.array([NormalDist().inv_cdf(p) for p in quantiles(100_000)])


def laplace() -> np.ndarray:
    p = quantiles(1_000_000)
    return np.sign(p - 0.5) * -np.log(1 - 2 * np.abs(p - 0.5))


def test_octav_at_four_bits_finds_the_published_clips(gaussian):
    assert octav_clip([gaussian], "int4")[0] == pytest.approx(2.563, rel=5e-3)
    assert octav_clip([laplace()], "int4")[0] == pytest.approx(5.027, rel=5e-3)


def test_octav_for_unsigned_data_has_one_bit_more(gaussian):
    # Folded, the same magnitudes have twice the codes: k = 4^-B / 12 is 4^-(B+1) / 3.
    assert octav_clip([np.abs(gaussian)], "uint4") == octav_clip([gaussian], "int5")


@pytest.mark.parametrize("bits", [4, 6, 8])
@pytest.mark.parametrize("layer", ["weight1", "weight2"])
def test_octav_is_at_the_least_expected_error_of_real_weights(layer, bits):
    magnitude = np.abs(getattr(load_network(), layer).astype(np.float64).ravel())

    def expected_error(clip: float) -> float:
        inside = magnitude <= clip
        rounding = 4.0**-bits / 3 * clip**2 * np.count_nonzero(inside & (magnitude > 0))
        return rounding + float(np.sum((magnitude[~inside] - clip) ** 2))

    least = min(map(expected_error, np.linspace(0.01, 1, 5000) * magnitude.max()))
    (clip,) = octav_clip([magnitude], f"int{bits}")
    assert expected_error(clip) <= 1.001 * least


@pytest.mark.parametrize("name", ["int4", "int8", "e2m1", "nf4"])
@pytest.mark.parametrize("layer", ["weight1", "weight2"])
def test_search_is_at_the_least_error_of_real_weights(layer, name):
    weights = getattr(load_network(), layer).astype(np.float64)

    def error(scale: float) -> float:
        codes = encode(weights / scale, name, overflow="saturate")
        return float(np.sum((decode(codes, name) * scale - weights) ** 2))

    most = scale_of(weights, name).item()
    least = min(map(error, np.linspace(0.01, 1, 3000) * most))
    assert error(scale_of(weights, name, method="mse").item()) <= 1.001 * least


def test_clipping_pays_on_a_gaussian(gaussian):
    decibels = {}
    for method in ("max", "percentile", "octav", "mse"):
        scale = scale_of(gaussian, "int4", method=method)
        codes, scale = scaled(gaussian, "int4", scale)
        decibels[method] = sqnr(gaussian, decode(codes, "int4") * scale)
    assert decibels["max"] < decibels["percentile"] < decibels["octav"] <= decibels["mse"]


def test_scales_by_hand():
    tensor = np.array([[1.0, -8.0, 0.5], [0.0, 2.0, -4.0]])
    assert scale_of(tensor, "sm4").tolist() == [[8 / 7]]
    assert scale_of(tensor, "sm4", share=0).tolist() == [[8 / 7], [4 / 7]]
    assert scale_of(tensor, "sm4", share=-1).tolist() == [[1 / 7, 8 / 7, 4 / 7]]
    assert (
        scale_of(tensor, "sm4", share=(0, 1)).tolist()
        == (np.abs(tensor) / 7 + (tensor == 0)).tolist()
    )
    vectors = scale_of(tensor, "sm4", share=Vectors(1, 2))
    assert vectors.tolist() == [[8 / 7, 8 / 7, 0.5 / 7], [2 / 7, 2 / 7, 4 / 7]]
    columns = scale_of(tensor, "sm4", share=Vectors(0, 2))
    assert columns.tolist() == [[1 / 7, 8 / 7, 4 / 7]] * 2


def test_the_percentile_of_a_short_vector_is_that_of_its_elements():
    tensor = np.arange(1.0, 8.0)
    scale = scale_of(tensor, "int4", method="percentile", percentile=50, share=Vectors(0, 5))
    assert (scale * 7).tolist() == [3.0] * 5 + [6.5] * 2


def test_zeros_have_scale_one():
    for method in ("max", "percentile", "octav", "mse"):
        assert scale_of(np.zeros((2, 3)), "int8", method=method, share=0).tolist() == [[1.0], [1.0]]


def test_scaled_codes():
    codes, scale = scaled([1.0, -2.0, 9.0], "int4", 1.0)
    assert decode(codes, "int4").tolist() == [1, -2, 7]
    assert scale == 1.0


def test_lloyd_max_of_a_gaussian(gaussian):
    # Max, Quantizing for minimum distortion, IRE Trans. IT-6 (1960), table I: N = 4 and 16.
    book = train_codebook(gaussian, 2)
    assert book.values == pytest.approx((-1.510, -0.4528, 0.4528, 1.510), abs=1e-3)
    book = train_codebook(gaussian, 4)
    error = decode(encode(gaussian, book), book) - gaussian
    assert np.mean(error**2) == pytest.approx(0.009497, rel=2e-3)


def test_a_density_as_weights_of_a_grid():
    grid = np.linspace(-6, 6, 300_001)
    book = train_codebook(grid, 3, weights=np.exp(-(grid**2) / 2))
    # The same table, N = 8.
    assert book.values[4:] == pytest.approx((0.2451, 0.7560, 1.344, 2.152), abs=1e-3)


def test_a_trained_codebook_beats_nf4_on_the_weights_it_was_trained_on():
    weights = load_network().weight1.astype(np.float64)
    book = train_codebook(weights, 4, label="digits")
    assert book.name == "digits"
    trained = sqnr(weights, decode(encode(weights, book), book))
    scale = scale_of(weights, "nf4", method="mse")
    assert trained > sqnr(weights, decode(encode(weights / scale, "nf4"), "nf4") * scale) + 0.5


def test_few_distinct_samples_are_their_own_codebook():
    samples = np.repeat([3.0, -1.0, 0.5, 7.0], [1, 100, 2, 1])
    assert train_codebook(samples, 2).values == (-1.0, 0.5, 3.0, 7.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: scale_of([1.0], "int8", method=cast(Any, "min")),
            "method = 'min': it is max or percentile or octav or mse",
        ),
        (lambda: scale_of([1.0], "int8", percentile=101), "percentile = 101: it is 0 to 100"),
        (lambda: scale_of([1.0], "int8", share=1), "a tensor of shape (1,) has no axis 1"),
        (
            lambda: scale_of([1.0], "int8", share=Vectors(0, 0)),
            "vectors have 1 element or more, not 0",
        ),
        (
            lambda: train_codebook([1.0, 2.0], 2),
            "a codebook of 2 bits needs 4 distinct finite samples",
        ),
        (
            lambda: train_codebook([1, 2], 1, weights=[1, 0]),
            "weights are positive, one for each sample",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_octav_is_for_integers():
    with pytest.raises(FormatError, match=r"^e4m3: OCTAV is for integer formats; use method mse$"):
        scale_of([1.0], "e4m3", method="octav")
