"""Stimuli for `log_add`: every distance, both ends of the range, all there is of short formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.stimuli import Operands, operands
from hdl.formats import LogFormat, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]


def directed(params: Mapping[str, Any]) -> Operands:
    """Return every distance below the largest number and above the smallest, and pairs of corners.

    With all signs; the smaller operand comes first and last in turns. Corners: zero and both ends.
    """
    fmt = _format(params)
    distance = np.arange(fmt.max_code + 1)
    from_top = fmt.max_code - distance
    low = np.array([1, 2, fmt.max_code // 2])[:, None] + distance
    pairs = [(np.full_like(distance, fmt.max_code), from_top)]
    pairs += [(np.minimum(row, fmt.max_code), np.full_like(row, row[0])) for row in low]
    corners = np.array([0, 1, fmt.max_code])
    pairs.append((np.repeat(corners, 3), np.tile(corners, 3)))
    larger, smaller = (np.concatenate(column) for column in zip(*pairs, strict=True))
    signs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * fmt.sign_mask
    a = (larger | signs[:, :1]).ravel()
    b = (smaller | signs[:, 1:]).ravel()
    dtype = code_dtype(fmt.bits)
    return {
        "a": np.concatenate([a, b]).astype(dtype),
        "b": np.concatenate([b, a]).astype(dtype),
    }


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return uniform codes, half of them with exponents at distances where tables are not flat."""
    fmt = _format(params)
    a, b = (rng.integers(0, 1 << fmt.bits, count) for _ in "ab")
    near = rng.random(count) < 0.5
    reach = min(fmt.max_code, (fmt.fraction_bits + 3) << fmt.fraction_bits)
    steps = rng.integers(-reach, reach, count, endpoint=True)
    close = np.clip((a & fmt.max_code) + steps, 0, fmt.max_code)
    b = np.where(near, close | (b & fmt.sign_mask), b)
    return {"a": _codes(a, fmt), "b": _codes(b, fmt)}


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits."""
    return 2 * _format(params).bits


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; b counts fastest."""
    fmt = _format(params)
    a, b = operands.split_index([fmt.bits, fmt.bits], start, count)
    return {"a": _codes(a, fmt), "b": _codes(b, fmt)}


def _codes(values: NDArray[Any], fmt: LogFormat) -> NDArray[Any]:
    return values.astype(code_dtype(fmt.bits))


def _format(params: Mapping[str, Any]) -> LogFormat:
    fmt = parse_format(params["format"])
    assert isinstance(fmt, LogFormat)
    return fmt
