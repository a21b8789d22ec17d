"""Products of a wanted size, and what is done with lanes."""

import numpy as np

from cosim.golden import decode
from cosim.stimuli.products import Products, Terms, exponents_of, is_signed, precision_of

PRODUCTS = Products("e4m3", "e4m3", None, "fp16", lanes=4)


def test_products_have_the_wanted_exponent_or_the_next():
    wanted = np.arange(-10, 14)[:, None].repeat(50, axis=1)
    a, b = PRODUCTS._products_of(wanted, np.random.default_rng(1))
    found = decode(a, "e4m3") * decode(b, "e4m3")
    steps = exponents_of(found) - wanted
    assert set(np.unique(steps).tolist()) <= {0, 1}


def test_in_one_lane_moves_on_from_row_to_row():
    stimuli = Products("int8", "int8", None, "int32", lanes=3)
    rows = stimuli.in_one_lane(stimuli.a, np.array([5, 6, 7, 8], dtype=np.uint8))
    assert rows.tolist() == [[5, 0, 0], [0, 6, 0], [0, 0, 7], [8, 0, 0]]


def test_rows_are_put_below_each_other():
    one = Terms(np.zeros((2, 4)), np.ones((2, 4)), None)
    assert [part.shape for part in PRODUCTS.stack([one, one])[:2]] == [(4, 4), (4, 4)]


def test_facts_about_formats():
    assert (precision_of("e4m3"), precision_of("int5")) == (4, 5)
    assert (is_signed("e4m3"), is_signed("uint4")) == (True, False)
    assert exponents_of(np.array([0.0, 1.0, 3.0, 0.25])).tolist() == [0, 0, 1, -2]
