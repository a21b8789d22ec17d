"""Ladders around the corners of a result."""

import numpy as np
import pytest

from cosim.golden import decode
from cosim.stimuli.ladders import Ladders


def sums(stimuli, terms):
    a, b = (np.nan_to_num(decode(terms[k], (stimuli.a, stimuli.b)[k])) for k in (0, 1))
    total = (a * b).sum(axis=1)
    return total if terms.c is None else total + np.nan_to_num(decode(terms.c, stimuli.c))


@pytest.mark.parametrize("c", [None, "fp32"], ids=["alone", "addend"])
def test_ladders_reach_every_corner_and_tie_from_one_lane(c):
    stimuli = Ladders("fp16", "fp16", c, "e4m3", lanes=3)
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


def test_stairs_share_a_target_among_lanes():
    stimuli = Ladders("fp16", "fp16", None, "e4m3", lanes=3)
    terms = stimuli.stairs()
    busy = (terms.a != 0).sum(axis=1)
    assert busy.max() > 1
    assert (sums(stimuli, terms) == 464.0).any()
