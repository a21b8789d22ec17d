"""Train the digits network of the demo and write it, with its test images, to digits.npz.

Needs scikit-learn (the ``examples`` extra). The arrays are committed, so only somebody who wants
to change the network runs this; the same versions of the libraries give the same file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

__all__ = ["train"]

SEED = 1
HIDDEN = 32
TEST_IMAGES = 600


def train() -> dict[str, np.ndarray]:
    """Train a 64-32-10 perceptron on scikit-learn's 8 x 8 digits.

    Returns
    -------
    dict of str to ndarray
        ``weight1`` (64, 32), ``bias1`` (32,), ``weight2`` (32, 10), ``bias2`` (10,): float32, of
        ``relu(pixels @ weight1 + bias1) @ weight2 + bias2``.
        ``images`` (600, 64) uint8 pixels 0..16 and ``labels`` (600,) uint8: held out from training.
        ``hidden_max`` () float32: the largest hidden activation on the *training* images, which
        scales the second layer's operands.
    """
    pixels, labels = load_digits(return_X_y=True)
    parts = train_test_split(
        pixels, labels, test_size=TEST_IMAGES, random_state=SEED, stratify=labels
    )
    train_x, test_x, train_y, test_y = (np.asarray(part) for part in parts)
    network = MLPClassifier((HIDDEN,), alpha=1e-2, max_iter=2000, random_state=SEED)
    # Pixels of 0..1 train better; the factor moves into the weights afterwards, exactly.
    network.fit(train_x / 16, train_y)
    weight1, weight2 = (weight.astype(np.float32) for weight in network.coefs_)
    bias1, bias2 = (bias.astype(np.float32) for bias in network.intercepts_)
    weight1 /= 16
    hidden = np.maximum(train_x.astype(np.float32) @ weight1 + bias1, 0)
    return {
        "weight1": weight1,
        "bias1": bias1,
        "weight2": weight2,
        "bias2": bias2,
        "images": test_x.astype(np.uint8),
        "labels": test_y.astype(np.uint8),
        "hidden_max": hidden.max(),
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("digits.npz")
    arrays = train()
    np.savez_compressed(path, allow_pickle=False, **arrays)
    hidden = np.maximum(arrays["images"] @ arrays["weight1"] + arrays["bias1"], 0)
    guess = np.argmax(hidden @ arrays["weight2"] + arrays["bias2"], axis=1)
    accuracy = np.mean(guess == arrays["labels"])
    print(f"{path.name}: {path.stat().st_size} bytes, fp32 test accuracy {accuracy:.1%}")
