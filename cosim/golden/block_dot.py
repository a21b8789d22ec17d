"""Golden model of `block_dot`: dot products of block formats (DotGeneral of OCP MX v1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import INFINITE, NAN, NEGATIVE, Operand, code_dtype
from cosim.golden.exact import Limbs
from cosim.golden.rounding import Target
from cosim.golden.sparse_mux import select
from cosim.golden.vector_scale import rounded_product, runs, scale_of
from hdl.formats import (
    BlockFormat,
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    SignMagnitudeFormat,
    parse_format,
)

__all__ = ["BlockOperands", "block_dot", "model", "sparsity_of"]

_ROWS = 1 << 14
"""Rows worked on at a time."""

_WORD_BITS = 62


class BlockOperands(NamedTuple):
    """Codes of one cycle a row.

    Attributes
    ----------
    a, b
        Elements, shape (n, lanes).
    scale_a, scale_b
        Shape (n, blocks).
    c
        Shape (n,), or None.
    first
        Shape (n,), or None: whether a row starts a new sum; then rows are consecutive cycles.
    """

    a: NDArray[Any]
    b: NDArray[Any]
    scale_a: NDArray[Any]
    scale_b: NDArray[Any]
    c: NDArray[Any] | None = None
    first: NDArray[Any] | None = None


class _Elements(NamedTuple):
    """Elements as ``significand * 2^exponent``, and what they are beside numbers."""

    significand: NDArray[np.int64]
    exponent: NDArray[np.int64]
    is_nan: NDArray[np.bool_]
    is_inf: NDArray[np.bool_]
    is_negative: NDArray[np.bool_]


def _elements(codes: NDArray[Any], fmt: Format) -> _Elements:
    never = np.zeros(codes.shape, dtype=np.bool_)
    if isinstance(fmt, SignMagnitudeFormat):
        magnitude = (codes & codes.dtype.type(fmt.max_value)).astype(np.int64)
        negative = codes > fmt.max_value
        significand = np.where(negative, -magnitude, magnitude)
        return _Elements(significand, np.zeros_like(significand), never, never, negative)
    if isinstance(fmt, FixedFormat):
        significand = Operand(codes, IntFormat(fmt.bits, fmt.signed)).unpack().significand
        exponent = np.full_like(significand, -fmt.fraction_bits)
        return _Elements(significand, exponent, never, never, significand < 0)
    assert isinstance(fmt, IntFormat | FloatFormat)
    operand = Operand(codes, fmt)
    kinds = operand.traits()
    return _Elements(
        *operand.unpack(), (kinds & NAN) > 0, (kinds & INFINITE) > 0, (kinds & NEGATIVE) > 0
    )


@dataclass(frozen=True)
class _Sums:
    """The sums of rows before an addend joins them: exact terms, and what is no number.

    `magnitude`, `negative` and `exponent` have the shape (n, terms).
    """

    magnitude: NDArray[np.uint64]
    negative: NDArray[np.bool_]
    exponent: NDArray[np.int64]
    is_nan: NDArray[np.bool_]
    plus_inf: NDArray[np.bool_]
    minus_inf: NDArray[np.bool_]
    all_negative: NDArray[np.bool_]
    any_negative: NDArray[np.bool_]

    def round(self, rows: NDArray[Any], addend: Operand | None, target: Target) -> NDArray[Any]:
        """Return the rounded codes of some rows, with an addend or none."""
        magnitude, exponent = self.magnitude[rows], self.exponent[rows]
        negative = self.negative[rows]
        is_nan, plus, minus = self.is_nan[rows], self.plus_inf[rows], self.minus_inf[rows]
        all_negative, any_negative = self.all_negative[rows], self.any_negative[rows]
        if addend is not None:
            value, weight = addend.unpack()
            magnitude = np.column_stack([magnitude, np.abs(value).view(np.uint64)])
            negative = np.column_stack([negative, value < 0])
            exponent = np.column_stack([exponent, weight])
            kinds = addend.traits()
            sign, infinite = (kinds & NEGATIVE) > 0, (kinds & INFINITE) > 0
            is_nan = is_nan | ((kinds & NAN) > 0)
            plus, minus = plus | (infinite & ~sign), minus | (infinite & sign)
            all_negative, any_negative = all_negative & sign, any_negative | sign
        limbs = Limbs.zeros(len(rows), int(exponent.min()), int(exponent.max()) + 64)
        limbs.add(magnitude, negative, exponent)
        total = limbs.carried()
        codes = total.round(target).codes.astype(code_dtype(target.fmt.bits))
        keeps_sign = any_negative if target.rounding == "rdn" else all_negative
        codes[total.is_zero() & keeps_sign] = target.zero_code(True)
        codes[plus] = target.infinity_code(False)
        codes[minus] = target.infinity_code(True)
        codes[is_nan | (plus & minus)] = target.nan_code
        return codes


def block_dot(
    operands: BlockOperands,
    a_format: BlockFormat | str,
    b_format: BlockFormat | str,
    y_format: Format | str,
    *,
    c_format: Format | str | None = None,
    scale_bits: int | None = None,
    rounding: str = "rne",
    overflow: str | None = None,
) -> NDArray[Any]:
    """Return ``sum over blocks of scale_a * scale_b * sum(a * b) + c``.

    With floating scales all of it is exact and rounded once into the float y. With unsigned
    integer scales, the product of two scales is first rounded to `scale_bits` (to nearest even, no
    further than the largest such number), the rest is exact, in units of 2 to the bits dropped.

    Parameters
    ----------
    operands
        Codes.
    a_format, b_format
        Block formats of the same length.
    y_format, c_format
        Formats of result and addend.
    scale_bits
        See above; None: all bits.
    rounding
        Of a float y.
    overflow
        ``ieee`` (default) or ``saturate`` for a float, ``wrap`` (default) or ``saturate`` for an
        integer.

    Returns
    -------
    NDArray
        Codes of y, shape (n,).
    """
    a, b = (_block_format(fmt) for fmt in (a_format, b_format))
    y = parse_format(y_format) if isinstance(y_format, str) else y_format
    c = parse_format(c_format) if isinstance(c_format, str) else c_format
    if isinstance(y, IntFormat):
        totals = _integer_totals(operands, a, b, scale_bits)
        return _accumulated(totals, operands, y, c, saturate=overflow == "saturate")
    assert isinstance(y, FloatFormat)
    target = Target(y, rounding, overflow or "ieee", "ieee", integers=False)
    sums = _sums(operands, a, b)
    count = len(operands.a)
    codes = np.empty(count, dtype=code_dtype(y.bits))
    if operands.first is None:
        for start in range(0, count, _ROWS):
            rows = np.arange(start, min(start + _ROWS, count))
            addend = None
            if operands.c is not None and isinstance(c, FloatFormat):
                addend = Operand(operands.c[rows], c)
            codes[rows] = sums.round(rows, addend, target)
        return codes
    for rows, fresh in runs(operands.first != 0):
        before = np.where(rows > 0, codes[rows - 1], 0).astype(codes.dtype)
        codes[rows] = sums.round(rows, None if fresh else Operand(before, y), target)
    return codes


def _sums(operands: BlockOperands, a: BlockFormat, b: BlockFormat) -> _Sums:
    x, y = _elements(operands.a, a.element), _elements(operands.b, b.element)
    scale_a, scale_b = scale_of(operands.scale_a, a.scale), scale_of(operands.scale_b, b.scale)
    product = x.significand * y.significand
    exponent = x.exponent + y.exponent
    factor = scale_a.significand * scale_b.significand
    shift = scale_a.exponent + scale_b.exponent
    negative = x.is_negative ^ y.is_negative
    infinite = x.is_inf | y.is_inf
    zero = ((x.significand == 0) & ~x.is_inf) | ((y.significand == 0) & ~y.is_inf)
    is_nan = (x.is_nan | y.is_nan | (infinite & zero)).any(axis=1)
    is_nan |= (scale_a.is_nan | scale_b.is_nan).any(axis=1)
    rows, lanes = product.shape
    lowest = int(exponent.min(initial=0))
    spread = int(exponent.max(initial=0)) - lowest + a.element.bits + b.element.bits
    factor_bits = int(factor.max(initial=1)).bit_length()
    if spread + lanes.bit_length() + factor_bits <= _WORD_BITS:
        # A block's sum fits a word: a term a block, not one a lane.
        fixed = (product << (exponent - lowest)).reshape(rows, -1, a.length).sum(axis=2)
        terms, weights = fixed * factor, shift + lowest
    else:
        terms = product * np.repeat(factor, a.length, axis=1)
        weights = exponent + np.repeat(shift, a.length, axis=1)
    return _Sums(
        np.abs(terms).view(np.uint64),
        terms < 0,
        weights,
        is_nan,
        np.any(infinite & ~negative, axis=1, keepdims=True)[:, 0],
        np.any(infinite & negative, axis=1, keepdims=True)[:, 0],
        np.all(negative, axis=1, keepdims=True)[:, 0],
        np.any(negative, axis=1, keepdims=True)[:, 0],
    )


def _integer_totals(
    operands: BlockOperands, a: BlockFormat, b: BlockFormat, scale_bits: int | None
) -> NDArray[np.int64]:
    x, y = _elements(operands.a, a.element), _elements(operands.b, b.element)
    scale_a, scale_b = scale_of(operands.scale_a, a.scale), scale_of(operands.scale_b, b.scale)
    full = a.scale.bits + b.scale.bits
    bits = full if scale_bits is None else scale_bits
    factor = rounded_product(scale_a.significand, scale_b.significand, full - bits, bits)
    product = x.significand * y.significand
    return (product.reshape(len(product), -1, a.length).sum(axis=2) * factor).sum(axis=1)


def _accumulated(
    totals: NDArray[np.int64],
    operands: BlockOperands,
    y: IntFormat,
    c: Format | None,
    *,
    saturate: bool,
) -> NDArray[Any]:
    mask = (1 << y.bits) - 1

    def fit(values: NDArray[np.int64]) -> NDArray[np.int64]:
        if saturate:
            return np.clip(values, y.min_value, y.max_value)
        wrapped = values & mask
        return np.where(wrapped > y.max_value, wrapped - mask - 1, wrapped)

    if operands.first is None:
        if operands.c is not None:
            assert isinstance(c, IntFormat)
            totals = totals + Operand(operands.c, c).unpack().significand
        result = fit(totals)
    else:
        result = np.zeros_like(totals)
        for rows, fresh in runs(operands.first != 0):
            before = 0 if fresh else np.where(rows > 0, result[rows - 1], 0)
            result[rows] = fit(totals[rows] + before)
    return (result & mask).astype(code_dtype(y.bits))


def _block_format(fmt: BlockFormat | str) -> BlockFormat:
    parsed = parse_format(fmt) if isinstance(fmt, str) else fmt
    assert isinstance(parsed, BlockFormat)
    return parsed


def sparsity_of(text: str | None) -> tuple[int, int] | None:
    """Return N and M of ``"N:M"``."""
    if text is None:
        return None
    n, m = text.split(":")
    return int(n), int(m)


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    a, blocks = _block_format(params["a"]), params["blocks"]
    lanes = blocks * a.length
    activations, answer = operands["a"], {}
    sparsity = sparsity_of(params["sparsity"])
    if sparsity is not None:
        n, m = sparsity
        groups = lanes // n
        activations, err = select(
            activations.reshape(-1, groups * m), operands["meta"].reshape(-1, groups), n=n, m=m
        )
        answer["err"] = err
    chosen = BlockOperands(
        activations.reshape(-1, lanes),
        operands["b"].reshape(-1, lanes),
        operands["scale_a"].reshape(-1, blocks),
        operands["scale_b"].reshape(-1, blocks),
        operands.get("c"),
        operands["first"] if params["accumulate"] else None,
    )
    codes = block_dot(
        chosen,
        a,
        params["b"],
        params["y"],
        c_format=params["c"],
        scale_bits=params["scale_bits"],
        rounding=params["rounding"],
        overflow=params["overflow"],
    )
    return {"y": codes, **answer}
