"""A small trained network, to see what formats do to one: handwritten digits of 8 x 8 pixels.

It is trained by ``examples/digits/train.py``, whose output a wheel carries in this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Network", "load_network"]


@dataclass(frozen=True)
class Network:
    """``relu(images @ weight1 + bias1) @ weight2 + bias2`` and its test images.

    Attributes
    ----------
    weight1, bias1
        Of the hidden layer, shape (64, 32) and (32,).
    weight2, bias2
        Of the output layer, shape (32, 10) and (10,).
    images, labels
        Held out from training: pixels 0 to 16, shape (600, 64), and digits, (600,).
    hidden_max
        The largest hidden activation on the training images.
    """

    weight1: NDArray[np.float32]
    bias1: NDArray[np.float32]
    weight2: NDArray[np.float32]
    bias2: NDArray[np.float32]
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    hidden_max: NDArray[np.float32]

    def accuracy(self, logits: NDArray[np.float64]) -> float:
        """Return the fraction of test images whose largest logit is their label's."""
        return float(np.mean(np.argmax(logits, axis=1) == self.labels))

    def hidden(self) -> NDArray[np.float32]:
        """Return the hidden activations of the unquantized network, shape (600, 32)."""
        return np.maximum(self.images.astype(np.float32) @ self.weight1 + self.bias1, 0)

    def fp32_logits(self) -> NDArray[np.float64]:
        """Return the logits of the unquantized network, shape (600, 10)."""
        return (self.hidden() @ self.weight2 + self.bias2).astype(np.float64)


def load_network() -> Network:
    """Return the network."""
    here = Path(__file__).parent
    installed, checkout = here / "digits.npz", here.parent / "examples" / "digits" / "digits.npz"
    with np.load(installed if installed.is_file() else checkout) as arrays:
        return Network(**arrays)
