"""All products of two formats."""

import numpy as np

from cosim.golden import decode
from cosim.stimuli.product_table import product_table


def test_nearest_products_are_exact_where_there_are_such():
    table = product_table("e2m1", "e2m1")
    assert table is not None
    every = np.outer(decode(np.arange(16), "e2m1"), decode(np.arange(16), "e2m1")).ravel()
    a, b = table.nearest(every)
    assert (decode(a, "e2m1") * decode(b, "e2m1") == every).all()
    a, b = table.nearest(np.array([35.0, -100.0]))
    assert (decode(a, "e2m1") * decode(b, "e2m1")).tolist() == [36.0, -36.0]


def test_of_equal_products_the_one_of_large_significands_is_taken():
    table = product_table("e4m3", "e4m3")
    assert table is not None
    # 2.25 is 1.5 * 1.5 times powers of two, and not 1 * 1.125.
    a, b = table.nearest(np.array([2.25]))
    for codes in (a, b):
        significand, _ = np.frexp(np.abs(decode(codes, "e4m3")))
        assert (2 * significand == 1.5).all()


def test_there_are_tables_of_small_formats_only():
    assert product_table("fp16", "e4m3") is None
