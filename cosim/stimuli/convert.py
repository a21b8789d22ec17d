"""Stimuli for `convert`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.stimuli import Operands, operands, scalars
from hdl.formats import parse_format

__all__ = [
    "corner_words",
    "directed",
    "enumerate_space",
    "random",
    "random_words",
    "space_bits",
]


def directed(params: Mapping[str, Any]) -> Operands:
    """Return the operand's corners, with every corner of the random word."""
    x = scalars.corner_codes(params["x"])
    if params["random_bits"] is None:
        return {"x": x}
    words = corner_words(params["random_bits"])
    return {"x": np.repeat(x, len(words)), "rnd": np.tile(words, len(x))}


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return random codes, half of them at or between values of the result's format."""
    uniform = scalars.random_codes(params["x"], count, rng)
    near = scalars.near(params["x"], params["y"], count, rng)
    x = np.where(rng.random(count) < 0.5, uniform, near)
    if params["random_bits"] is None:
        return {"x": x}
    return {"x": x, "rnd": random_words(params["random_bits"], count, rng)}


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits."""
    return sum(_widths(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the random word counts fastest."""
    widths = _widths(params)
    fields = operands.split_index(widths, start, count)
    return {
        port: field.astype(code_dtype(width))
        for port, field, width in zip(("x", "rnd"), fields, widths, strict=False)
    }


def corner_words(bits: int) -> NDArray[Any]:
    """Return the random words that never, always and only just carry."""
    top = (1 << bits) - 1
    return np.unique([0, 1, top >> 1, top // 2 + 1, top - 1, top]).astype(code_dtype(bits))


def random_words(bits: int, count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return uniform random words, every eighth of them a corner."""
    words = rng.integers(0, 1 << bits, count, dtype=code_dtype(bits))
    corner = rng.random(count) < 1 / 8
    words[corner] = rng.choice(corner_words(bits), int(corner.sum()))
    return words


def _widths(params: Mapping[str, Any]) -> list[int]:
    words = [] if params["random_bits"] is None else [params["random_bits"]]
    return [parse_format(params["x"]).bits, *words]
