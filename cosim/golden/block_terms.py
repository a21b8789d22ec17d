"""What block dot products add up: elements and scales as numbers, and what is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import INFINITE, NAN, NEGATIVE, Operand
from cosim.golden.rounding import Target
from hdl.formats import FixedFormat, FloatFormat, Format, IntFormat, SignMagnitudeFormat

__all__ = ["Elements", "Kinds", "elements", "kinds_of"]


class Elements(NamedTuple):
    """Elements as ``significand * 2^exponent``, and what they are beside numbers."""

    significand: NDArray[np.int64]
    exponent: NDArray[np.int64]
    is_nan: NDArray[np.bool_]
    is_inf: NDArray[np.bool_]
    is_negative: NDArray[np.bool_]


def elements(codes: NDArray[Any], fmt: Format) -> Elements:
    """Return what codes of the elements of a block stand for."""
    never = np.zeros(codes.shape, dtype=np.bool_)
    if isinstance(fmt, SignMagnitudeFormat):
        magnitude = (codes & codes.dtype.type(fmt.max_value)).astype(np.int64)
        negative = codes > fmt.max_value
        significand = np.where(negative, -magnitude, magnitude)
        return Elements(significand, np.zeros_like(significand), never, never, negative)
    if isinstance(fmt, FixedFormat):
        significand = Operand(codes, IntFormat(fmt.bits, fmt.signed)).unpack().significand
        exponent = np.full_like(significand, -fmt.fraction_bits)
        return Elements(significand, exponent, never, never, significand < 0)
    assert isinstance(fmt, IntFormat | FloatFormat)
    operand = Operand(codes, fmt)
    kinds = operand.traits()
    return Elements(
        *operand.unpack(), (kinds & NAN) > 0, (kinds & INFINITE) > 0, (kinds & NEGATIVE) > 0
    )


@dataclass(frozen=True)
class Kinds:
    """What the terms of each row's sum are beside numbers, all of shape (n,)."""

    is_nan: NDArray[np.bool_]
    plus_inf: NDArray[np.bool_]
    minus_inf: NDArray[np.bool_]
    all_negative: NDArray[np.bool_]
    any_negative: NDArray[np.bool_]

    def of(self, rows: NDArray[Any], addend: Operand | None) -> Kinds:
        """Return those of some rows, with an addend or none."""
        chosen = Kinds(
            self.is_nan[rows],
            self.plus_inf[rows],
            self.minus_inf[rows],
            self.all_negative[rows],
            self.any_negative[rows],
        )
        if addend is None:
            return chosen
        traits = addend.traits()
        sign, infinite = (traits & NEGATIVE) > 0, (traits & INFINITE) > 0
        return Kinds(
            chosen.is_nan | ((traits & NAN) > 0),
            chosen.plus_inf | (infinite & ~sign),
            chosen.minus_inf | (infinite & sign),
            chosen.all_negative & sign,
            chosen.any_negative | sign,
        )

    def put_into(
        self, codes: NDArray[Any], is_zero: NDArray[np.bool_], target: Target, nan_code: int
    ) -> None:
        """Replace results that are zero, infinite or NaN."""
        keeps_sign = self.any_negative if target.rounding == "rdn" else self.all_negative
        codes[is_zero & keeps_sign] = target.zero_code(True)
        codes[self.plus_inf] = target.infinity_code(False)
        codes[self.minus_inf] = target.infinity_code(True)
        codes[self.is_nan | (self.plus_inf & self.minus_inf)] = nan_code


def kinds_of(x: Elements, y: Elements, nan_scale: NDArray[np.bool_]) -> Kinds:
    """Return what sums of products are, given where any scale of a row is NaN."""
    negative = x.is_negative ^ y.is_negative
    infinite = x.is_inf | y.is_inf
    zero = ((x.significand == 0) & ~x.is_inf) | ((y.significand == 0) & ~y.is_inf)
    undefined = x.is_nan | y.is_nan | (infinite & zero)

    def anywhere(lanes: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.any(lanes, axis=1, keepdims=True)[:, 0]

    return Kinds(
        anywhere(undefined) | nan_scale,
        anywhere(infinite & ~negative),
        anywhere(infinite & negative),
        ~anywhere(~negative),
        anywhere(negative),
    )
