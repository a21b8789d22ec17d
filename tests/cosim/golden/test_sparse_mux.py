"""Selection against compression: what is picked meets the weights that were kept."""

import re

import numpy as np
import pytest

from cosim.golden.sparse_mux import model, select
from cosim.golden.sparsity import compress, decompress, prune


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (3, 8), (4, 4), (2, 5)])
def test_a_sparse_dot_product_equals_the_dense_one(n, m):
    rng = np.random.default_rng(3)
    weights = prune(rng.integers(-8, 8, (500, 6 * m)), n=n, m=m)
    activations = rng.integers(-8, 8, weights.shape)
    compressed = compress(weights, n=n, m=m)
    assert np.array_equal(decompress(compressed, n=n, m=m), weights)
    picked, err = select(activations, compressed.metadata, n=n, m=m)
    assert not err.any()
    dense = (weights * activations).sum(axis=1)
    assert np.array_equal((compressed.values * picked).sum(axis=1), dense)


def test_illegal_codes_pick_the_nearest_position_in_reach():
    # Slot 0 reaches 0 to 2, slot 1 1 to 3. Codes: idx0 | idx1 << 2.
    x = np.tile(np.arange(4), (16, 1))
    y, err = select(x, np.arange(16)[:, None])
    expected = [[min(code & 3, 2), max(code >> 2, 1)] for code in range(16)]
    assert y.tolist() == expected
    assert np.flatnonzero(err == 0).tolist() == [4, 8, 9, 12, 13, 14]


def test_one_lane_has_no_axis():
    params = {"x": "int8", "n": 1, "m": 1, "groups": 1}
    answer = model(params, {"x": np.array([7, 8]), "meta": np.array([0, 1])})
    assert answer["y"].tolist() == [7, 8]
    assert answer["err"].tolist() == [0, 1]


def test_shapes_must_agree():
    message = "2 groups of 4 operands are (1, 8)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        select(np.zeros((1, 4)), np.zeros((1, 2)))
