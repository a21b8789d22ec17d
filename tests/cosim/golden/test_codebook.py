"""Codebooks against a search through all entries."""

import numpy as np
import pytest

from cosim.golden import Random, decode, encode
from cosim.golden.codebook import encode_codebook, steps
from hdl.formats import CodebookFormat

SHUFFLED = CodebookFormat("shuffled", (0.5, -3.0, 1e-30, 7.0, -0.25, 2.0, 1.0, -1.0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [8, 256])
def test_the_nearest_entry(size, dtype):
    rng = np.random.default_rng(size)
    book = CodebookFormat("random", tuple(rng.standard_normal(size).tolist()))
    points = (rng.standard_normal(2000) * 2).astype(dtype)
    distances = np.abs(points.astype(np.float64)[:, None] - np.array(book.values))
    assert np.array_equal(encode(points, book), np.argmin(distances, axis=1))


def test_ties_go_to_the_larger_magnitude():
    assert decode(encode([1.5, -2.0, 0.75, 4.5], SHUFFLED), SHUFFLED).tolist() == [2, -3, 1, 7]
    book = CodebookFormat("even", (-1.0, 1.0))
    assert encode([0.0, -0.0], book).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("rounding", "values"),
    [
        ("rdn", [-3, -3, -0.25, 1e-30, 1, 7]),
        ("rup", [-3, -1, 1e-30, 0.5, 2, 7]),
        ("rtz", [-3, -1, 1e-30, 1e-30, 1, 7]),
    ],
)
def test_directed_rounding(rounding, values):
    points = [-9.0, -2.0, 0.0, 0.25, 1.0 + 1e-9, 9.0]
    if rounding != "rdn":
        assert decode(encode(points, SHUFFLED, rounding=rounding), SHUFFLED).tolist() == values
    else:
        assert decode(encode(points, SHUFFLED, rounding="rdn"), SHUFFLED).tolist() == values


def test_an_edge_is_the_least_float_that_goes_up():
    book = CodebookFormat("thirds", (0.0, 1 / 3))
    for dtype in (np.float32, np.float64):
        edge = steps(book, "rne", np.dtype(dtype)).edges[0]
        below = np.nextafter(edge, dtype(0))
        assert encode(np.array([below, edge]), book).tolist() == [0, 1]
        assert 2 * float(below) < 1 / 3 <= 2 * float(edge)


def test_random_words_choose_between_neighbours():
    # 1.25 lies at a quarter between 1 and 2: of four words one carries.
    words = np.arange(4)
    codes = encode(np.full(4, 1.25), SHUFFLED, rounding="stochastic", random=Random(words, 2))
    assert decode(codes, SHUFFLED).tolist() == [1, 1, 1, 2]


def test_nan_gives_the_greatest_entry():
    codes = encode_codebook(np.array([np.nan, 1.0]), SHUFFLED, "rne")
    assert codes.tolist() == [3, 6]
