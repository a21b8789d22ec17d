"""Strategies behind the stimuli of `fma` and `dot`."""

import numpy as np

from cosim.golden import decode
from cosim.stimuli import sum_of_products
from cosim.stimuli.sum_of_products import SumStimuli


def sums(stimuli, terms):
    a, b = (np.nan_to_num(decode(terms[k], (stimuli.a, stimuli.b)[k])) for k in (0, 1))
    total = (a * b).sum(axis=1)
    return total if terms.c is None else total + np.nan_to_num(decode(terms.c, stimuli.c))


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
