"""Golden model of `systolic`: rows of activations times weights that are loaded beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import as_format, code_dtype
from cosim.golden.fma import fma

__all__ = ["model", "origins"]

_ROWS = 1 << 14
"""Cycles worked on at a time."""


def origins(load: NDArray[Any], swap: NDArray[Any], rows: int) -> NDArray[np.int64]:
    """Return in which cycle each row of the weights in use was loaded.

    Parameters
    ----------
    load, swap
        Shape (n,), consecutive cycles. A swap comes before anything else in its cycle: it puts the
        weights to work that were loaded in the cycles before, and the next load is that of row 0.
    rows
        Rows of weights.

    Returns
    -------
    NDArray of int64
        Shape (n, rows); -1 for weights that never were.
    """
    loads, swaps = load != 0, swap != 0
    cycles = np.arange(len(loads))
    earlier = np.cumsum(loads) - loads
    since_swap = earlier - np.maximum.accumulate(np.where(swaps, earlier, 0))
    row = since_swap % rows
    # The latest load of each row before a cycle, and that of the latest swap up to a cycle.
    loaded = np.where(loads[:, None] & (row[:, None] == np.arange(rows)), cycles[:, None], -1)
    waiting = np.full((len(loads) + 1, rows), -1)
    waiting[1:] = np.maximum.accumulate(loaded, axis=0)
    latest_swap = np.maximum.accumulate(np.where(swaps, cycles, -1))
    return np.where(latest_swap[:, None] >= 0, waiting[latest_swap], -1)


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes.

    ``y[j] = round(... round(round(c[j] + a[0] * W[0, j]) + a[1] * W[1, j]) ...)``, W being zeros
    (code 0) at first.
    """
    rows, cols = params["rows"], params["cols"]
    count = len(operands["load"])
    a = operands["a"].reshape(count, rows)
    b = operands["b"].reshape(count, cols)
    dtype = code_dtype(as_format(params["y"]).bits)
    y = np.zeros((count, cols), dtype)
    if count == 0:
        return {"y": y[:, 0] if cols == 1 else y}
    if params["c"] is not None:
        start, start_format = operands["c"].reshape(count, cols), params["c"]
    else:
        start, start_format = y, params["y"]
    origin = origins(operands["load"], operands["swap"], rows)
    for first in range(0, count, _ROWS):
        part = slice(first, first + _ROWS)
        total, total_format = start[part], start_format
        for row in range(rows):
            source = origin[part, row, None]
            weights = np.where(source >= 0, b[source[:, 0]], 0).astype(b.dtype)
            total, _ = fma(
                a[part, row, None],
                weights,
                total,
                a_format=params["a"],
                b_format=params["b"],
                c_format=total_format,
                y_format=params["y"],
                rounding=params["rounding"],
                overflow=params["overflow"],
                subnormals=params["subnormals"],
            )
            total_format = params["y"]
        y[part] = total
    return {"y": y[:, 0] if cols == 1 else y}
