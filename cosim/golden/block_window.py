"""Sums of blocks in a window below their largest term, as tensor cores add them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_terms import Elements, Kinds
from cosim.golden.codec import Operand, code_dtype
from cosim.golden.exact import Word
from cosim.golden.rounding import OVERFLOW, Target
from cosim.golden.sum_of_products import LEAST_MAXIMUM, Window
from cosim.golden.vector_scale import Scale
from hdl.formats import BlockFormat, FloatFormat, Format

__all__ = ["BlockWindow", "WindowSums", "window_sums"]


@dataclass(frozen=True)
class BlockWindow:
    """What is kept of each term, and how many products make one.

    ::

        p[g] = sum of a[i] * b[i] over the lanes of group g, exact
        t[g] = p[g] * significand(scale_a) * significand(scale_b)
        e[g] = exponent(scale_a) + exponent(scale_b), and in groups of one those of a[i], b[i] too
        E = max(-126, e[g] of all t[g] that are not zero, exponent(c) unless c is zero)
        y = round(sum of t[g] and c, each cut off toward zero below 2^(E - F))

    Significands are at least 1 and below 2, of subnormals below 1; the products of groups of one
    are t[g] as they are, at e[g], all others at the exponent of their scales. Source: MMA-Sim,
    arXiv 2511.10909, and https://github.com/microsoft/MMA-Sim (ST-FDPA, GST-FDPA).
    """

    cut: Window
    group: int


@dataclass(frozen=True)
class WindowSums:
    """Terms of rows before an addend joins them, shape (n, groups), and what is no number.

    A term is ``value * 2^weight``, of the exponent `exponent`.
    """

    value: NDArray[np.int64]
    weight: NDArray[np.int64]
    exponent: NDArray[np.int64]
    kinds: Kinds
    cut: Window

    def round(self, rows: NDArray[Any], addend: Operand | None, target: Target) -> NDArray[Any]:
        """Return the rounded codes of some rows, with an addend or none."""
        value, weight, exponent = self.value[rows], self.weight[rows], self.exponent[rows]
        if addend is not None:
            significand, lowest = addend.unpack()
            value = np.column_stack([value, significand])
            weight = np.column_stack([weight, lowest])
            exponent = np.column_stack([exponent, lowest + addend.precision - 1])
        counted = np.where(value == 0, LEAST_MAXIMUM, exponent)
        last = np.maximum(counted.max(axis=1), LEAST_MAXIMUM) - self.cut.kept_bits
        kept = self.cut.cut(np.abs(value), weight, last[:, None])
        total = Word(np.where(value < 0, -kept, kept).sum(axis=1), last)
        rounded = total.round(target)
        codes = rounded.codes.astype(code_dtype(target.fmt.bits))
        beyond = rounded.flags & OVERFLOW > 0
        for sign in (False, True):
            codes[beyond & (total.is_negative() == sign)] = target.infinity_code(sign)
        fmt = target.fmt
        assert isinstance(fmt, FloatFormat)
        nan_code = fmt.magnitude_mask if fmt.has_inf else target.nan_code
        self.kinds.of(rows, addend).put_into(codes, total.is_zero(), target, nan_code)
        return codes


def window_sums(
    factors: tuple[Elements, Elements],
    scales: tuple[Scale, Scale],
    formats: tuple[BlockFormat, BlockFormat],
    window: BlockWindow,
    kinds: Kinds,
) -> WindowSums:
    """Return the terms of blocks' sums.

    Parameters
    ----------
    factors
        Elements of a and b, shape (n, lanes).
    scales
        Theirs, shape (n, blocks).
    formats
        Block formats, of floating elements and scales.
    window
        What is kept.
    kinds
        What of it is no number.
    """
    x, y = factors
    product = x.significand * y.significand
    weight = x.exponent + y.exponent
    scale_weight = scales[0].exponent + scales[1].exponent
    scale_exponent = scale_weight + sum(_precision(fmt.scale) - 1 for fmt in formats)
    terms_a_block = formats[0].length // window.group

    def spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.repeat(values, terms_a_block, axis=1)

    if window.group == 1:
        exponent = weight + sum(_precision(fmt.element) - 1 for fmt in formats)
        weight = weight + spread(scale_weight)
        return WindowSums(product, weight, exponent + spread(scale_exponent), kinds, window.cut)
    lowest = sum(_float(fmt.element).min_ulp_exponent for fmt in formats)
    placed = product << np.clip(weight - lowest, 0, 62)
    sums = placed.reshape(len(placed), -1, window.group).sum(axis=2)
    factor = scales[0].significand * scales[1].significand
    return WindowSums(
        sums * spread(factor),
        spread(scale_weight) + lowest,
        spread(scale_exponent),
        kinds,
        window.cut,
    )


def _precision(fmt: Format) -> int:
    """Return the bits of a significand; e8m0 has none but the 1 in front."""
    return fmt.precision if isinstance(fmt, FloatFormat) else 1


def _float(fmt: Format) -> FloatFormat:
    assert isinstance(fmt, FloatFormat)
    return fmt
