"""Golden model of `sparse_mux`: of every M operands those N that meet a weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.sparsity import index_bits

__all__ = ["model", "select"]


def select(
    x: ArrayLike, metadata: ArrayLike, *, n: int = 2, m: int = 4
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return the operands that metadata select, and where these are illegal.

    ``y[i, g * n + k] = x[i, g * m + p]`` with p the position in field k of ``metadata[i, g]``; from
    an illegal code, p is brought into the reach of slot k, which is ``k .. k + m - n``.

    Parameters
    ----------
    x
        Codes of any format, shape (rows, groups * m).
    metadata
        As `cosim.golden.sparsity.compress` gives them, shape (rows, groups).
    n, m
        Operands kept of every m.

    Returns
    -------
    y
        Shape (rows, groups * n), of the type of x.
    err
        uint8, shape (rows,): 1 where any group's positions do not ascend or are m or more.
    """
    codes, fields = np.asarray(x), np.asarray(metadata).astype(np.uint64)
    rows, groups = fields.shape
    if codes.shape != (rows, groups * m):
        raise ValueError(f"{groups} groups of {m} operands are {(rows, groups * m)}")
    width = index_bits(m)
    slots = np.arange(n)
    positions = (fields[..., None] >> (slots * width).astype(np.uint64)).astype(np.int64)
    positions &= (1 << width) - 1
    illegal = (np.diff(positions, axis=-1) <= 0).any(axis=-1) | (positions >= m).any(axis=-1)
    reached = np.clip(positions, slots, slots + m - n)
    y = np.take_along_axis(codes.reshape(rows, groups, m), reached, axis=-1)
    err = np.any(illegal, axis=-1).astype(np.uint8)
    return y.reshape(rows, groups * n), np.asarray(err)


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    n, m, groups = params["n"], params["m"], params["groups"]
    x, meta = operands["x"], operands["meta"]
    # A port of one lane comes without an axis of lanes, and goes without.
    y, err = select(x.reshape(-1, groups * m), meta.reshape(-1, groups), n=n, m=m)
    return {"y": y if groups * n > 1 else y[:, 0], "err": err}
