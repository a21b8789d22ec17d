"""Golden model of `block_quantize`: vectors into elements with a shared scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import code_dtype
from cosim.golden.encoder import encode
from cosim.golden.values import decode, largest
from hdl.formats import BlockFormat, FloatFormat, Format, PowerFormat, parse_format

__all__ = ["Schedule", "has_nan", "is_undefined", "model", "quantize_vectors", "schedule"]


def quantize_vectors(
    x: ArrayLike,
    *,
    x_format: Format | str,
    y_format: BlockFormat | str,
    rounding: str = "rne",
    outer: ArrayLike = 1.0,
    order: str = "published",
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return elements and scales of vectors, by the rule of their format.

    ``mx`` (OCP MX v1.0, 6.3): ``scale = 2^(floor(log2 max|x|) - emax)``, at least the least one
    there is, which vectors of zeros have; ``y = round(x / scale)``, saturated.

    ``nvfp4``: ``scale = round(max|x| / (6 * outer))`` to nearest even, kept within 2^-6 to the
    largest; ``y = round(x / (scale * outer))``, saturated.

    ``vsq`` (VS-Quant, arXiv 2102.04503), elements of N bits: order ``published`` has ``scale =
    round(s / outer)`` with ``s = max|x| / (2^(N-1) - 1)``, and ``y = round(x / s)``; order
    ``scaled`` has ``scale = ceil(s / outer)`` and ``y = round(x / (scale * outer))``. Both
    saturate.

    Vectors for which `is_undefined` is true have elements 0 and a scale of NaN, or of 0 where there
    is no NaN.

    Parameters
    ----------
    x
        Codes, shape (n, block).
    x_format, y_format
        Formats or their names: an integer or float of at most 32 bits, and a block format.
    rounding
        Of the elements, as in `cosim.golden.encode`.
    outer
        Scales of the tensor or channel, shape (n,) or one for all; not for ``mx``.
    order
        Of ``vsq``.

    Returns
    -------
    tuple of NDArray
        Codes of the elements, shape (n, block), and of the scales, shape (n,).
    """
    block = cast(BlockFormat, parse_format(y_format) if isinstance(y_format, str) else y_format)
    # Exact: no operand has more than 32 bits.
    values = decode(x, x_format).astype(np.float64)
    factor = np.broadcast_to(np.asarray(outer, dtype=np.float64), values.shape[:1])
    undefined = is_undefined(values, factor)
    values = np.where(undefined[:, None], 0.0, values)
    factor = np.where(undefined, 1.0, factor)
    peak = np.abs(values).max(axis=1)
    match block.rule:
        case "mx":
            codes, quotients = _by_powers(values, peak, block)
        case "nvfp4":
            codes, quotients = _by_floats(values, peak, factor, block)
        case "vsq":
            codes, quotients = _by_integers(values, peak, factor, block, order)
    elements = encode(quotients, block.element, rounding=rounding, overflow="saturate")
    scale = block.scale
    codes[undefined] = scale.nan_code if isinstance(scale, PowerFormat | FloatFormat) else 0
    return elements, codes.astype(code_dtype(scale.bits))


def has_nan(block: BlockFormat) -> bool:
    """Return whether scales can be NaN: integers cannot."""
    return isinstance(block.scale, PowerFormat | FloatFormat)


def is_undefined(values: NDArray[np.float64], outer: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which vectors have no scale: an infinity or NaN in them, or no positive outer scale.

    Parameters
    ----------
    values
        Shape (n, block).
    outer
        Shape (n,).
    """
    usable = np.isfinite(outer) & (outer > 0)
    return np.logical_not(np.isfinite(values).all(axis=1) & usable)


# Quotients are float64, rounded to 53 bits. That they are rounded again does not matter: a number x
# that is not on a step or half step B of what is divided by D differs from B * D by one unit in the
# last place of the longer of the two at least, and neither has more than 50 bits.


def _by_powers(
    values: NDArray[np.float64], peak: NDArray[np.float64], block: BlockFormat
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return codes of the scales, and the quotients to round."""
    scale = cast(PowerFormat, block.scale)
    # Both significands are in [1/2, 1): the difference of the exponents is that of the logarithms.
    power = np.frexp(peak)[1] - np.frexp(float(largest(block.element)))[1]
    codes = np.where(peak == 0, 0, np.clip(power + scale.bias, 0, scale.max_code))
    return codes, np.ldexp(values, scale.bias - codes[:, None])


def _by_floats(
    values: NDArray[np.float64],
    peak: NDArray[np.float64],
    outer: NDArray[np.float64],
    block: BlockFormat,
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Do the same for floating scales: the least is the least normal one."""
    scale = cast(FloatFormat, block.scale)
    codes = encode(peak / (largest(block.element) * outer), scale, overflow="saturate")
    codes = np.maximum(codes, codes.dtype.type(1 << scale.mantissa_bits))
    return codes, values / (decode(codes, scale) * outer)[:, None]


def _by_integers(
    values: NDArray[np.float64],
    peak: NDArray[np.float64],
    outer: NDArray[np.float64],
    block: BlockFormat,
    order: str,
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Do the same for integer scales."""
    top = largest(block.element)
    steps = peak / (top * outer)
    most = largest(block.scale)
    if order == "published":
        scales = np.minimum(np.rint(steps), most)
        dividends, divisors = values * top, peak
    else:
        scales = np.minimum(np.ceil(steps), most)
        dividends, divisors = values, scales * outer
    # A scale of 0 has nothing but zeros to divide.
    return scales.astype(np.int64), dividends / np.where(divisors > 0, divisors, 1.0)[:, None]


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
    """Return what the unit of these normalised parameters answers to the operands' codes.

    The outer scale of a vector is that of its last row.
    """
    block = cast(BlockFormat, parse_format(params["y"]))
    lanes = params["lanes"]
    rows = block.length // lanes
    x = operands["x"].reshape(-1, lanes)
    first = operands["first"] if rows > 1 else np.ones(len(x), dtype=np.uint8)
    plan = schedule(first, rows)
    vectors = x[plan.starts[:, None] + np.arange(rows)].reshape(-1, block.length)
    outer = np.ones(len(vectors))
    if "outer" in operands:
        outer = decode(operands["outer"][plan.starts + rows - 1], params["outer"])
    elements, scales = quantize_vectors(
        vectors,
        x_format=params["x"],
        y_format=block,
        rounding=params["rounding"],
        outer=outer,
        order=params.get("order") or "published",
    )
    y = np.zeros((len(x), lanes), dtype=elements.dtype)
    scale = np.zeros(len(x), dtype=scales.dtype)
    y[plan.due] = elements.reshape(-1, rows, lanes)[plan.vector, plan.row]
    scale[plan.due] = scales[plan.vector]
    answer = {"y": y if lanes > 1 else y[:, 0], "scale": scale}
    if not has_nan(block):
        err = np.zeros(len(x), dtype=np.uint8)
        values = decode(vectors, params["x"]).astype(np.float64)
        err[plan.due] = is_undefined(values, outer)[plan.vector]
        answer["err"] = err
    return answer if rows == 1 else answer | {"out_valid": plan.due}
