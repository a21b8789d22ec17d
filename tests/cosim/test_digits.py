from __future__ import annotations

import numpy as np

from cosim.digits import load_network


def test_the_network_knows_digits() -> None:
    network = load_network()
    assert network.images.shape == (600, 64)
    assert network.hidden().shape == (600, 32)
    assert network.accuracy(network.fp32_logits()) == 583 / 600


def test_accuracy_counts_the_largest_logits() -> None:
    network = load_network()
    logits = np.zeros((600, 10))
    logits[np.arange(600), network.labels] = 1
    logits[:60] = -logits[:60]
    # A wrong digit is the largest in 60 rows, unless label 0 wins a tie: it does not, being less.
    assert network.accuracy(logits) == 0.9
