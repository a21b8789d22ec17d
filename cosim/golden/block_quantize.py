"""Golden model of `block_quantize`: vectors into elements with a shared power of two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import code_dtype
from cosim.golden.encoder import encode
from cosim.golden.values import decode, largest
from hdl.formats import BlockFormat, Format, PowerFormat, parse_format

__all__ = ["Schedule", "model", "quantize_vectors", "schedule"]


def quantize_vectors(
    x: ArrayLike, *, x_format: Format | str, y_format: BlockFormat | str, rounding: str = "rne"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return elements and scales of vectors (OCP MX v1.0, 6.3).

    ``scale = 2^(floor(log2 max|x|) - emax)``, at least the least one there is, which vectors of
    zeros have; ``y = round(x / scale)``, saturated. With an infinity or NaN in a vector its scale
    is NaN and its elements are 0.

    Parameters
    ----------
    x
        Codes, shape (n, block).
    x_format, y_format
        Formats or their names: an integer or float of at most 32 bits, and a block format whose
        scale is a power of two.
    rounding
        Of the elements, as in `cosim.golden.encode`.

    Returns
    -------
    tuple of NDArray
        Codes of the elements, shape (n, block), and of the scales, shape (n,).
    """
    block = cast(BlockFormat, parse_format(y_format) if isinstance(y_format, str) else y_format)
    scale = cast(PowerFormat, block.scale)
    # Exact: no operand has more than 32 bits.
    values = decode(x, x_format).astype(np.float64)
    magnitudes = np.abs(values)
    poisoned = np.logical_not(np.isfinite(magnitudes).all(axis=1))
    peak = np.where(poisoned, 0.0, magnitudes.max(axis=1))
    # Both significands are in [1/2, 1): the difference of the exponents is that of the logarithms.
    power = np.frexp(peak)[1] - np.frexp(float(largest(block.element)))[1]
    codes = np.where(peak == 0, 0, np.clip(power + scale.bias, 0, scale.max_code))
    quotients = np.ldexp(np.where(poisoned[:, None], 0.0, values), scale.bias - codes[:, None])
    elements = encode(quotients, block.element, rounding=rounding, overflow="saturate")
    elements[poisoned] = 0
    codes[poisoned] = scale.nan_code
    return elements, codes.astype(code_dtype(scale.bits))


class Schedule(NamedTuple):
    """Which vectors come in, and when their rows leave.

    Attributes
    ----------
    starts
        First rows of the vectors that are complete, or of which rows leave.
    due
        Whether a row leaves in a cycle, shape (n,).
    vector, row
        Of what leaves in the cycles that are due, in their order: place in `starts`, row in it.
    """

    starts: NDArray[np.intp]
    due: NDArray[np.bool_]
    vector: NDArray[np.intp]
    row: NDArray[np.intp]


def schedule(first: NDArray[Any], rows: int) -> Schedule:
    """Return the schedule of a unit whose vectors have so many rows.

    Vectors follow each other from the first cycle and from every cycle with `first` set. Row k of a
    vector leaves in the cycle of its row k + rows - 1, counted on into the next vector, unless
    `first` is set up to then.
    """
    cycle = np.arange(len(first))
    restarts = np.where(first != 0, cycle, 0)
    since = cycle - np.maximum.accumulate(restarts) if len(first) else cycle
    due = since >= rows - 1
    source = cycle[due] - (rows - 1)
    row = since[source] % rows
    starts, vector = np.unique(source - row, return_inverse=True)
    return Schedule(starts, due, vector, row)


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    block = cast(BlockFormat, parse_format(params["y"]))
    lanes = params["lanes"]
    rows = block.length // lanes
    x = operands["x"].reshape(-1, lanes)
    first = operands["first"] if rows > 1 else np.ones(len(x), dtype=np.uint8)
    plan = schedule(first, rows)
    vectors = x[plan.starts[:, None] + np.arange(rows)].reshape(-1, block.length)
    elements, scales = quantize_vectors(
        vectors, x_format=params["x"], y_format=block, rounding=params["rounding"]
    )
    y = np.zeros((len(x), lanes), dtype=elements.dtype)
    scale = np.zeros(len(x), dtype=scales.dtype)
    y[plan.due] = elements.reshape(-1, rows, lanes)[plan.vector, plan.row]
    scale[plan.due] = scales[plan.vector]
    answer = {"y": y if lanes > 1 else y[:, 0], "scale": scale}
    return answer if rows == 1 else answer | {"out_valid": plan.due}
