"""Stimuli for `fma`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cosim.golden.codec import as_format, code_dtype
from cosim.stimuli import Operands, operands
from cosim.stimuli.convert import corner_words, random_words
from cosim.stimuli.products import Terms
from cosim.stimuli.sum_of_products import SumStimuli

__all__ = ["directed", "enumerate_space", "random", "space_bits"]


def directed(params: Mapping[str, Any]) -> Operands:
    """Return all combinations of corner codes, and ladders around the corners of y."""
    corners = [operands.corner_codes(params[port]) for port in "abc"]
    grid = [axis.ravel() for axis in np.meshgrid(*corners, indexing="ij")]
    ladders = _operands(_stimuli(params).ladders())
    chosen = {
        port: np.concatenate([codes, ladders[port]])
        for port, codes in zip("abc", grid, strict=True)
    }
    if params["random_bits"] is not None:
        # Every combination with every word: nowhere else do words decide as often.
        words = corner_words(params["random_bits"])
        count = len(chosen["a"])
        chosen = {port: np.repeat(codes, len(words)) for port, codes in chosen.items()}
        chosen["rnd"] = np.tile(words, count)
    return chosen


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return a mixture of uniform codes, corners, cancellation, far alignment, ties and limits."""
    chosen = _operands(_stimuli(params).random(count, rng))
    if params["random_bits"] is not None:
        chosen["rnd"] = random_words(params["random_bits"], count, rng)
    return chosen


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits."""
    return sum(_widths(params).values())


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the last port counts fastest."""
    widths = _widths(params)
    fields = operands.split_index(list(widths.values()), start, count)
    return {
        port: field.astype(code_dtype(width))
        for (port, width), field in zip(widths.items(), fields, strict=True)
    }


def _widths(params: Mapping[str, Any]) -> dict[str, int]:
    words = {} if params["random_bits"] is None else {"rnd": params["random_bits"]}
    return {port: as_format(params[port]).bits for port in "abc"} | words


def _stimuli(params: Mapping[str, Any]) -> SumStimuli:
    return SumStimuli(params["a"], params["b"], params["c"], params["y"], lanes=1)


def _operands(terms: Terms) -> Operands:
    assert terms.c is not None
    return {"a": terms.a[:, 0], "b": terms.b[:, 0], "c": terms.c}
