"""Classes of codes: what a format's codes are divided into for coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import Operand, as_format
from cosim.stimuli.operands import corner_codes
from hdl.formats import FloatFormat, Format, IntFormat

__all__ = ["class_names", "classify"]

KINDS = (
    "zero",
    "subnormal",
    "least normal",
    "number",
    "largest",
    "infinity",
    "quiet NaN",
    "signaling NaN",
)
"""Kinds of codes; of an integer ``largest`` are both limits and nothing is subnormal or normal."""

_TABLE_BITS = 16


def class_names(fmt: Format | str) -> tuple[str, ...]:
    """Return the names of the classes that a format has codes of, each a sign and a kind."""
    fmt = as_format(fmt)
    return tuple(f"{'+-'[index % 2]}{KINDS[index // 2]}" for index in _existing(fmt))


def classify(codes: NDArray[Any], fmt: Format | str) -> NDArray[np.intp]:
    """Return which of `class_names` each code belongs to."""
    fmt = as_format(fmt)
    existing = _existing(fmt)
    return np.searchsorted(existing, _indices(codes, fmt))


def _existing(fmt: IntFormat | FloatFormat) -> NDArray[np.intp]:
    """Return the classes there are; corner codes of a wide format meet all of them."""
    if fmt.bits <= _TABLE_BITS:
        codes = np.arange(1 << fmt.bits).astype(corner_codes(fmt.name).dtype)
    else:
        codes = corner_codes(fmt.name)
    return np.unique(_indices(codes, fmt))


def _indices(codes: NDArray[Any], fmt: IntFormat | FloatFormat) -> NDArray[np.intp]:
    if isinstance(fmt, IntFormat):
        sign = codes >> (fmt.bits - 1) if fmt.signed else np.zeros_like(codes)
        mask = (1 << fmt.bits) - 1
        limits = (codes == fmt.max_value & mask) | (codes == fmt.min_value & mask)
        kind = np.select([codes == 0, limits], [0, 4], 3)
        return 2 * kind + sign.astype(np.intp)
    magnitude = codes.astype(np.int64) & fmt.magnitude_mask
    sign = codes.astype(np.int64) > fmt.magnitude_mask
    hidden = 1 << fmt.mantissa_bits
    special = Operand(codes, fmt).is_special()
    special = np.zeros(codes.shape, np.bool_) if special is None else special
    quiet = (magnitude & (hidden >> 1) != 0) | (not fmt.has_signaling_nan)
    infinite = (magnitude == fmt.inf_code) & fmt.has_inf if fmt.has_inf else np.False_
    kind = np.select(
        [
            special & infinite,
            special & quiet,
            special,
            magnitude == 0,
            magnitude < hidden,
            magnitude == fmt.max_code,
            magnitude == hidden,
        ],
        [5, 6, 7, 0, 1, 4, 2],
        3,
    )
    return 2 * kind + sign
