"""Stimuli for `fma`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cosim.golden.codec import as_format, code_dtype
from cosim.stimuli import Operands, operands
from cosim.stimuli.sum_of_products import SumStimuli, Terms

__all__ = ["directed", "enumerate_space", "random", "space_bits"]


def directed(params: Mapping[str, Any]) -> Operands:
    """Return all combinations of corner codes, and ladders around the corners of y."""
    corners = [operands.corner_codes(params[port]) for port in "abc"]
    grid = [axis.ravel() for axis in np.meshgrid(*corners, indexing="ij")]
    ladders = _operands(_stimuli(params).ladders())
    return {
        port: np.concatenate([codes, ladders[port]])
        for port, codes in zip("abc", grid, strict=True)
    }


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return a mixture of uniform codes, corners, cancellation, far alignment, ties and limits."""
    return _operands(_stimuli(params).random(count, rng))


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits."""
    return sum(as_format(params[port]).bits for port in "abc")


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; c counts fastest."""
    widths = [as_format(params[port]).bits for port in "abc"]
    fields = operands.split_index(widths, start, count)
    return {
        port: field.astype(code_dtype(width))
        for port, field, width in zip("abc", fields, widths, strict=True)
    }


def _stimuli(params: Mapping[str, Any]) -> SumStimuli:
    return SumStimuli(params["a"], params["b"], params["c"], params["y"], lanes=1)


def _operands(terms: Terms) -> Operands:
    assert terms.c is not None
    return {"a": terms.a[:, 0], "b": terms.b[:, 0], "c": terms.c}
