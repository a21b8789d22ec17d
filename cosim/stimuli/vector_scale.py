"""Stimuli for `vector_scale`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.stimuli import Operands, operands, scalars
from hdl.formats import parse_format

__all__ = ["directed", "enumerate_space", "random", "run_starts", "space_bits"]

_PORTS = ("x", "scale_a", "scale_b")
_STATEFUL_BITS = 128
_FEW = 40
"""Corners of an operand that are combined with those of the others."""


def directed(params: Mapping[str, Any]) -> Operands:
    """Return all combinations of corners, at most 40 of each operand, evenly chosen.

    With an accumulator first every row for itself, then in runs of various lengths.
    """
    corners = [_few(scalars.corner_codes(params[port])) for port in _PORTS]
    grid = [axis.ravel() for axis in np.meshgrid(*corners, indexing="ij")]
    chosen: Operands = dict(zip(_PORTS, grid, strict=True))
    if not params["accumulate"]:
        return chosen
    count = len(grid[0])
    first = np.concatenate([np.ones(count, np.uint8), run_starts(count, [1, 2, 3, 5, 1, 8, 4])])
    return {port: np.tile(codes, 2) for port, codes in chosen.items()} | {"first": first}


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return random operands; with an accumulator in runs of 1 to 16 rows, few of up to 128.

    No scale of a run of more than three rows is NaN: it would hide what follows.
    """
    chosen: Operands = {port: scalars.random_codes(params[port], count, rng) for port in _PORTS}
    if not params["accumulate"]:
        return chosen
    lengths = np.ceil(16.0 ** rng.random(count)).astype(np.int64)
    lengths[rng.random(count) < 0.02] = 128
    long = np.repeat(lengths, lengths)[:count] > 3
    for port in ("scale_a", "scale_b"):
        bits = parse_format(params[port]).bits
        calm = rng.integers(0, max(1, (1 << bits) - 2), count).astype(chosen[port].dtype)
        chosen[port] = np.where(long, calm, chosen[port])
    return chosen | {"first": run_starts(count, lengths.tolist())}


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits; more than 64 for an accumulator."""
    return _STATEFUL_BITS if params["accumulate"] else sum(_widths(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; scale_b counts fastest."""
    if params["accumulate"]:
        raise ValueError("an accumulator has more than its operands to enumerate")
    widths = _widths(params)
    fields = operands.split_index(widths, start, count)
    return {
        port: field.astype(code_dtype(width))
        for port, field, width in zip(_PORTS, fields, widths, strict=True)
    }


def run_starts(count: int, lengths: list[int]) -> NDArray[np.uint8]:
    """Return `first` for runs of these lengths, over and over."""
    first = np.zeros(count, dtype=np.uint8)
    if count:
        starts = np.cumsum([0, *islice(cycle(lengths), count)])
        first[starts[starts < count]] = 1
    return first


def _few(codes: NDArray[Any]) -> NDArray[Any]:
    return codes[np.unique(np.linspace(0, len(codes) - 1, min(_FEW, len(codes))).astype(int))]


def _widths(params: Mapping[str, Any]) -> list[int]:
    return [parse_format(params[port]).bits for port in _PORTS]
