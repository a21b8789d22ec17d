"""Strategies behind the stimuli of `fma` and `dot`."""

import numpy as np
import pytest

from cosim.golden import decode
from cosim.stimuli import sum_of_products
from cosim.stimuli.sum_of_products import SumStimuli


def sums(stimuli, terms):
    a, b = (np.nan_to_num(decode(terms[k], (stimuli.a, stimuli.b)[k])) for k in (0, 1))
    total = (a * b).sum(axis=1)
    return total if terms.c is None else total + np.nan_to_num(decode(terms.c, stimuli.c))


@pytest.mark.parametrize("c", [None, "fp32"], ids=["alone", "addend"])
def test_ladders_reach_every_corner_and_tie_from_one_lane(c):
    stimuli = SumStimuli("fp16", "fp16", c, "e4m3", lanes=3)
    terms = stimuli.ladders()
    assert ((terms.a != 0).sum(axis=1) <= 1).all()
    # 448 the largest, 464 the tie that decides on overflow, 2^-6 and 2^-9 the smallest normal and
    # subnormal numbers, 2^-10 the tie to zero.
    found = sums(stimuli, terms)
    for value in (448.0, 464.0, 2.0**-6, 2.0**-9, 2.0**-10, 0.9375 * 2.0**-6):
        assert (found == value).any()
        assert (found == -value).any()
        assert ((found > value) & (found < value * 1.01)).any()
        assert ((found < value) & (found > value * 0.99)).any()


def test_in_one_lane_moves_on_from_row_to_row():
    stimuli = SumStimuli("int8", "int8", None, "int32", lanes=3)
    rows = stimuli.in_one_lane(stimuli.a, np.array([5, 6, 7, 8], dtype=np.uint8))
    assert rows.tolist() == [[5, 0, 0], [0, 6, 0], [0, 0, 7], [8, 0, 0]]


def test_calm_rows_do_not_overflow_when_added():
    stimuli = SumStimuli("e4m3", "e4m3", None, "fp16", lanes=4)
    terms = stimuli.calm(4096, np.random.default_rng(1))
    totals = sums(stimuli, terms)
    assert np.isfinite(totals).all()
    assert np.abs(np.add.reduceat(totals, range(0, 4096, 256))).max() < 65504
    assert np.abs(totals).max() > 100


def test_blocks_bound_memory_and_join(monkeypatch):
    monkeypatch.setattr(sum_of_products, "_BLOCK", 64)
    stimuli = SumStimuli("e4m3", "e4m3", "fp16", "fp16", lanes=8)
    a, b, c = stimuli.random(100, np.random.default_rng(2))
    assert a.shape == b.shape == (100, 8)
    assert c is not None
    assert c.shape == (100,)
