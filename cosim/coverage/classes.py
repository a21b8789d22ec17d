"""Classes of codes: what a format's codes are divided into for coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import Operand, as_format
from cosim.stimuli.books import Book
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

_BOOK_CLASSES = 16


def class_names(fmt: Format | Book | str) -> tuple[str, ...]:
    """Return the names of the classes that a format has codes of, each a sign and a kind.

    Every entry of a codebook of up to 16 is a class of its own, of larger ones every 16th part.
    """
    if isinstance(fmt, Book):
        return tuple(f"entry {k}" for k in _book_classes(fmt))
    fmt = as_format(fmt)
    return tuple(f"{'+-'[index % 2]}{KINDS[index // 2]}" for index in _existing(fmt))


def classify(codes: NDArray[Any], fmt: Format | Book | str) -> NDArray[np.intp]:
    """Return which of `class_names` each code belongs to."""
    if isinstance(fmt, Book):
        return codes.astype(np.intp) // _entries_per_class(fmt)
    fmt = as_format(fmt)
    existing = _existing(fmt)
    return np.searchsorted(existing, _indices(codes, fmt))


def _entries_per_class(book: Book) -> int:
    return max(1, len(book.table) // _BOOK_CLASSES)


def _book_classes(book: Book) -> list[str]:
    step, size = _entries_per_class(book), len(book.table)
    if step == 1:
        return [str(k) for k in range(size)]
    return [f"{k} to {k + step - 1}" for k in range(0, size, step)]


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
