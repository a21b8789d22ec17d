"""Terms at the end of a window."""

import numpy as np
import pytest

from cosim.golden import decode
from cosim.stimuli.products import exponents_of
from cosim.stimuli.window_terms import WindowTerms

WINDOW = WindowTerms("e5m2", "e5m2", "fp16", "fp32", lanes=4, window=6)


@pytest.mark.parametrize("strategy", ["_spread", "_undone"])
def test_terms_lie_on_both_sides_of_the_end_of_the_window(strategy):
    a, b, _ = getattr(WINDOW, strategy)(4000, np.random.default_rng(3))
    products = decode(a, "e5m2") * decode(b, "e5m2")
    exponents = exponents_of(products)
    below = exponents.max(axis=1, keepdims=True) - exponents
    for distance in (5, 6, 7):
        assert ((below == distance) & (products != 0)).any()


def test_the_largest_terms_pile_up():
    a, b, c = WINDOW._piled(1000, np.random.default_rng(4))
    products = decode(a, "e5m2") * decode(b, "e5m2")
    assert c is not None
    assert (np.sign(products) == np.sign(decode(c, "fp16"))[:, None]).all(axis=1).mean() > 0.9
    assert (exponents_of(products.sum(axis=1)) > exponents_of(products).max(axis=1)).mean() > 0.9
