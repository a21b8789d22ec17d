"""Posits: their values (Posit Standard 2022, section 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdl.formats import PositFormat

__all__ = ["decode_posit"]


def decode_posit(codes: NDArray[Any], fmt: PositFormat) -> NDArray[np.float64]:
    """Return the values of codes, exact; NaN for NaR."""
    code = codes.astype(np.int64)
    negative = code > fmt.max_code
    magnitude = np.where(negative, (1 << fmt.width) - code, code)
    # The run of equal bits below the sign: its length is that of zeros after making it zeros.
    body = (1 << (fmt.width - 1)) - 1
    ones = magnitude >> (fmt.width - 2) == 1
    zeros = np.where(ones, ~magnitude & body, magnitude)
    _, length_of_rest = np.frexp(zeros.astype(np.float64))
    run = fmt.width - 1 - length_of_rest
    regime = np.where(ones, run - 1, -run)
    # Exponent and fraction, as if the code went on with zeros.
    room = np.maximum(fmt.width - 2 - run, 0)
    rest = (magnitude & ((np.int64(1) << room) - 1)) << (fmt.width - room)
    exponent = rest >> (fmt.width - fmt.exponent_size)
    fraction = rest & ((np.int64(1) << (fmt.width - fmt.exponent_size)) - 1)
    significand = fraction + (np.int64(1) << (fmt.width - fmt.exponent_size))
    scale = (regime << fmt.exponent_size) + exponent - (fmt.width - fmt.exponent_size)
    values = np.ldexp(significand.astype(np.float64), scale)
    values = np.where(code == 0, 0.0, np.where(negative, -values, values))
    return np.where(code == fmt.nan_code, np.nan, values)
