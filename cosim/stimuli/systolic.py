"""Stimuli for `systolic`: weights that come and go beside the activations that meet them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import as_format
from cosim.stimuli import Operands, operands
from cosim.stimuli.sum_of_products import SumStimuli

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_CALM = 0.85
"""Share of weights that are ordinary numbers: one NaN hides all that its column adds up."""


def directed(params: Mapping[str, Any]) -> Operands:
    """Return a one in every place of the array, then corners of weights against all others.

    Every set of weights is loaded while the one before is at work, with a row too few and with a
    row too many, too.
    """
    rows, cols = params["rows"], params["cols"]
    one = [operands.constant(params[port], 1.0) for port in "ab"]
    corners = [operands.corner_codes(params[port]) for port in "ab"]
    addends = operands.corner_codes(params["c"] or params["y"])
    sets: list[NDArray[Any]] = []
    for place in range(rows * cols):
        alone = np.zeros(rows * cols, corners[1].dtype)
        alone[place] = one[1]
        sets.append(alone.reshape(rows, cols))
    for start in range(0, max(len(corners[1]), 2), rows * cols):
        picked = np.arange(start, start + rows * cols) % len(corners[1])
        sets.append(corners[1][picked].reshape(rows, cols))
        sets += [sets[-1][: rows - 1], np.concatenate([sets[-1], sets[-1][:1]])]
    b = np.concatenate(sets)
    lengths = [len(weights) for weights in sets]
    count = len(b) + len(corners[0])
    turn = np.arange(count)
    load = np.zeros(count, np.uint8)
    load[: len(b)] = 1
    swap = np.zeros(count, np.uint8)
    swap[np.cumsum(lengths)] = 1
    # Activations: the weight of one in one lane and in all, then corners in step with nothing.
    a = corners[0][(turn[:, None] * 3 + 5 * np.arange(rows)) % len(corners[0])]
    a[::4] = 0
    a[turn[::4], turn[::4] % rows] = one[0]
    a[1::4] = one[0]
    padding = np.zeros((count - len(b), cols), b.dtype)
    chosen = {"load": load, "swap": swap, "a": a, "b": np.concatenate([b, padding])}
    if params["c"] is not None:
        chosen["c"] = addends[(turn[:, None] + 7 * np.arange(cols)) % len(addends)]
        chosen["c"][::3] = 0
    return _shaped(chosen)


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return random operands, weights being mostly calm.

    Half the time a set of weights is loaded in as many consecutive cycles as there are rows and
    swapped in some cycles later; otherwise loads and swaps come as they like.
    """
    rows, cols = params["rows"], params["cols"]
    by_row = SumStimuli(params["a"], params["b"], None, params["y"], rows)
    by_column = SumStimuli(params["a"], params["b"], params["c"] or params["y"], params["y"], 1)
    a = by_row.random(count, rng).a
    cells = by_column.random(count * cols, rng)
    calm = operands.finite_codes(params["b"], (count, cols), rng)
    b = np.where(rng.random((count, 1)) < _CALM, calm, cells.b.reshape(count, cols))
    load, swap = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    start = 0
    while start < count:
        length = rows + int(rng.integers(0, 8))
        part = slice(start, start + length)
        size = len(load[part])
        if rng.random() < 0.5:
            load[part][:rows] = 1
            swap[part][:1] = 1
        else:
            load[part] = rng.random(size) < 0.6
            swap[part] = rng.random(size) < 0.25
        start += length
    chosen = {"load": load, "swap": swap, "a": a, "b": b.astype(calm.dtype)}
    if params["c"] is not None:
        assert cells.c is not None
        chosen["c"] = cells.c.reshape(count, cols)
    return _shaped(chosen)


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the bits of a cycle and of both sets of weights, and never less than 65: a state."""
    rows, cols = params["rows"], params["cols"]
    a, b = (as_format(params[port]).bits for port in "ab")
    c = 0 if params["c"] is None else as_format(params["c"]).bits
    return max(65, 2 + rows * a + cols * (b + c) + 2 * rows * cols * b)


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Raise ValueError: what an array answers depends on its weights, too."""
    size = f"{params['rows']} x {params['cols']}"
    raise ValueError(f"cycles {start} to {start + count - 1}: {size} weights are a state")


def _shaped(chosen: Operands) -> Operands:
    """Return codes without an axis of lanes where there is one lane."""
    return {
        port: codes[:, 0] if codes.ndim == 2 and codes.shape[1] == 1 else codes
        for port, codes in chosen.items()
    }
