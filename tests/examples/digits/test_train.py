"""The committed arrays are what the script makes."""

from pathlib import Path

import numpy as np
import pytest

from examples.digits import demo


@pytest.mark.slow
def test_training_gives_the_committed_arrays():
    pytest.importorskip("sklearn", reason="scikit-learn comes with the [examples] extra")
    from examples.digits.train import train

    network = demo.load_network()
    arrays = train()
    assert set(arrays) == set(vars(network))
    for name in ("images", "labels"):
        assert np.array_equal(arrays[name], getattr(network, name))
    # Other versions of numpy and scikit-learn may round differently, and learn a little else.
    hidden = np.maximum(arrays["images"] @ arrays["weight1"] + arrays["bias1"], 0)
    assert network.accuracy(hidden @ arrays["weight2"] + arrays["bias2"]) > 0.95


def test_the_arrays_are_small():
    assert Path(demo.__file__).with_name("digits.npz").stat().st_size < 200_000
