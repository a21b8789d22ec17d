"""Structured sparsity by hand, and there and back."""

import itertools
import re

import numpy as np
import pytest

from cosim.golden.sparsity import Compressed, compress, decompress, index_bits, prune


def test_two_of_four_by_hand():
    # Kept: positions 1 and 3; 0 and 2; 0 and 1, as the first of equal magnitudes.
    dense = np.array([[1, -9, 2, 3, 5, 0, -4, 1, 2, -2, 2, 2]])
    pruned = prune(dense)
    assert pruned.tolist() == [[0, -9, 0, 3, 5, 0, -4, 0, 2, -2, 0, 0]]
    values, metadata = compress(pruned)
    assert values.tolist() == [[-9, 3, 5, -4, 2, -2]]
    assert metadata.tolist() == [[1 | 3 << 2, 0 | 2 << 2, 0 | 1 << 2]]
    assert decompress(Compressed(values, metadata)).tolist() == pruned.tolist()


def test_the_six_legal_codes_of_two_of_four():
    pairs = list(itertools.combinations(range(4), 2))
    groups = np.zeros((6, 4))
    for row, pair in zip(groups, pairs, strict=True):
        row[list(pair)] = 1
    codes = compress(groups).metadata.ravel()
    assert sorted(codes.tolist()) == [0x4, 0x8, 0x9, 0xC, 0xD, 0xE]


@pytest.mark.parametrize(
    ("n", "m"), [(2, 4), (1, 2), (1, 4), (4, 8), (2, 8), (3, 5), (4, 4), (1, 1)]
)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_there_and_back(n, m, axis):
    tensor = np.random.default_rng(n * m).integers(-9, 10, (2 * m, 3 * m, 4 * m)).astype(np.int8)
    pruned = prune(tensor, n=n, m=m, axis=axis)
    assert pruned.dtype == np.int8
    groups = np.moveaxis(pruned, axis, -1).reshape(-1, m)
    assert np.count_nonzero(groups, axis=1).max() <= n
    original = np.moveaxis(tensor, axis, -1).reshape(-1, m)
    largest = np.sort(np.abs(original), axis=1)[:, m - n :].sum()
    assert np.abs(groups).sum() == largest
    compressed = compress(pruned, n=n, m=m, axis=axis)
    assert compressed.values.shape[axis] * m == tensor.shape[axis] * n
    assert compressed.metadata.shape[axis] * m == tensor.shape[axis]
    assert np.array_equal(decompress(compressed, n=n, m=m, axis=axis), pruned)


def test_width_of_positions():
    assert [index_bits(m) for m in (1, 2, 4, 5, 8, 16)] == [1, 1, 2, 3, 3, 4]


@pytest.mark.parametrize("code", [0x0, 0x1, 0x5, 0x6, 0xA, 0xF, 0x14])
def test_illegal_metadata(code):
    compressed = Compressed(np.ones(2), np.array([code], dtype=np.uint8))
    with pytest.raises(ValueError, match=f"^metadata {code:#x} is no code of 2:4$"):
        decompress(compressed)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compress([1, 1, 1, 0]), "a group of 4 has 3 non-zero values, not 2 or fewer"),
        (lambda: prune([1, 2, 3]), "axis -1 has 3 elements, not a multiple of 4"),
        (lambda: prune([1, 2, 3, 4], axis=1), "a tensor of shape (4,) has no axis 1"),
        (
            lambda: prune([1, 2], n=3, m=2),
            "sparsity 3:2: 1 <= n <= m, and 64 bits of metadata at most",
        ),
        (
            lambda: decompress(Compressed(np.ones(4), np.array([4]))),
            "(2,) groups of values, (1,) of metadata",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
