"""Golden model of `tile`: a dot product for every element of a matrix product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_dot import model as block_dot_model
from cosim.golden.dot import model as dot_model
from hdl.formats import BlockFormat, parse_format

__all__ = ["dot_params", "model"]

_DOTS = 1 << 16
"""Dot products that are computed at once."""


def dot_params(params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return which unit computes an element, ``dot`` or ``block_dot``, and its parameters."""
    fmt = parse_format(params["a"])
    if isinstance(fmt, BlockFormat):
        return "block_dot", {**params, "blocks": params["k"] // fmt.length}
    return "dot", {**params, "lanes": params["k"]}


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes.

    Matrices are rows of codes, row-major: A (M x K), B (K x N), C and Y (M x N), and so are the
    scales of their blocks, (M x K / length) and (K / length x N). Where a sum runs on from cycle to
    cycle, every element has its own.
    """
    count = len(operands["a"])
    m, n = params["m"], params["n"]
    shape = count, m, n
    unit, inner = dot_params(params)
    compute = {"dot": dot_model, "block_dot": block_dot_model}[unit]
    matrices = {port: _by_element(port, codes, shape) for port, codes in operands.items()}
    if params["accumulate"]:
        pieces = [np.s_[:, i, j] for i in range(m) for j in range(n)]
    else:
        rows = max(1, _DOTS // (m * n))
        pieces = [np.s_[start : start + rows] for start in range(0, max(count, 1), rows)]
    answers: dict[str, NDArray[Any]] = {}
    for piece in pieces:
        chosen = {port: codes[piece] for port, codes in matrices.items()}
        size = chosen["a"].shape[:-1]
        flat = {
            port: codes.reshape(-1, codes.shape[-1]) if port not in _SINGLE else codes.reshape(-1)
            for port, codes in chosen.items()
        }
        for port, codes in compute(inner, flat).items():
            whole = answers.setdefault(port, np.empty(shape, codes.dtype))
            whole[piece] = codes.reshape(size)
    result = {"y": answers["y"].reshape(count, m * n)}
    if m * n == 1:
        result["y"] = result["y"][:, 0]
    if "err" in answers:
        result["err"] = answers["err"].reshape(count, m * n).max(axis=1)
    return result


_SINGLE = ("c", "first")
"""Ports of a dot product that hold a number, and not several."""


def _by_element(port: str, codes: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return what each dot product gets: an array of the shape (count, m, n[, lanes])."""
    count, m, n = shape
    if port == "first":
        return np.broadcast_to(codes[:, None, None], shape)
    if port == "c":
        return codes.reshape(shape)
    lanes = codes.size // (count * (m if port in ("a", "scale_a") else n)) if count else 1
    if port in ("a", "scale_a"):
        rows = codes.reshape(count, m, 1, lanes)
        return np.broadcast_to(rows, (*shape, lanes))
    columns = codes.reshape(count, lanes, 1, n).transpose(0, 2, 3, 1)
    return np.broadcast_to(columns, (*shape, lanes))
