"""Golden model of `block_dot`: dot products of block formats (DotGeneral of OCP MX v1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_terms import Kinds, elements, kinds_of
from cosim.golden.block_window import BlockWindow, WindowSums, window_sums
from cosim.golden.codec import Operand, code_dtype
from cosim.golden.exact import Limbs
from cosim.golden.quantize import rescale
from cosim.golden.rounding import Target
from cosim.golden.sparse_mux import select
from cosim.golden.sum_of_products import Window
from cosim.golden.vector_scale import rounded_product, runs, scale_of
from hdl.formats import (
    BlockFormat,
    FloatFormat,
    Format,
    IntFormat,
    parse_format,
)

__all__ = ["BlockOperands", "block_dot", "chosen", "model", "of_dot", "sparsity_of"]

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


@dataclass(frozen=True)
class _Sums:
    """The sums of rows before an addend joins them: exact terms, and what is no number.

    `magnitude`, `negative` and `exponent` have the shape (n, terms).
    """

    magnitude: NDArray[np.uint64]
    negative: NDArray[np.bool_]
    exponent: NDArray[np.int64]
    kinds: Kinds

    def round(self, rows: NDArray[Any], addend: Operand | None, target: Target) -> NDArray[Any]:
        """Return the rounded codes of some rows, with an addend or none."""
        magnitude, exponent = self.magnitude[rows], self.exponent[rows]
        negative = self.negative[rows]
        if addend is not None:
            value, weight = addend.unpack()
            magnitude = np.column_stack([magnitude, np.abs(value).view(np.uint64)])
            negative = np.column_stack([negative, value < 0])
            exponent = np.column_stack([exponent, weight])
        limbs = Limbs.zeros(len(rows), int(exponent.min()), int(exponent.max()) + 64)
        limbs.add(magnitude, negative, exponent)
        total = limbs.carried()
        codes = total.round(target).codes.astype(code_dtype(target.fmt.bits))
        self.kinds.of(rows, addend).put_into(codes, total.is_zero(), target, target.nan_code)
        return codes


def block_dot(
    operands: BlockOperands,
    a_format: BlockFormat | str,
    b_format: BlockFormat | str,
    y_format: Format | str,
    *,
    c_format: Format | str | None = None,
    scale_bits: int | None = None,
    window: BlockWindow | None = None,
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
    window
        With floating scales: what is kept of each term; None: all of it.
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
    sums = _sums(operands, a, b, window)
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


def _sums(
    operands: BlockOperands, a: BlockFormat, b: BlockFormat, window: BlockWindow | None
) -> _Sums | WindowSums:
    x, y = elements(operands.a, a.element), elements(operands.b, b.element)
    scale_a, scale_b = scale_of(operands.scale_a, a.scale), scale_of(operands.scale_b, b.scale)
    kinds = kinds_of(x, y, np.asarray((scale_a.is_nan | scale_b.is_nan).any(axis=1)))
    if window is not None:
        return window_sums((x, y), (scale_a, scale_b), (a, b), window, kinds)
    product = x.significand * y.significand
    exponent = x.exponent + y.exponent
    factor = scale_a.significand * scale_b.significand
    shift = scale_a.exponent + scale_b.exponent
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
    return _Sums(np.abs(terms).view(np.uint64), terms < 0, weights, kinds)


def _integer_totals(
    operands: BlockOperands, a: BlockFormat, b: BlockFormat, scale_bits: int | None
) -> NDArray[np.int64]:
    x, y = elements(operands.a, a.element), elements(operands.b, b.element)
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


def chosen(
    sparsity: str | None, lanes: int, operands: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return the operands `a` of so many lanes, and beside them `err` where there is a choice."""
    numbers = sparsity_of(sparsity)
    if numbers is None:
        return operands["a"].reshape(-1, lanes), {}
    n, m = numbers
    groups = lanes // n
    a, err = select(
        operands["a"].reshape(-1, groups * m), operands["meta"].reshape(-1, groups), n=n, m=m
    )
    return a, {"err": err}


def of_dot(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of `block_dot` for those of a `dot` with scales.

    ``a`` and ``b`` are formats instead of names, and ``window`` is what a window keeps, or None.
    """
    scale = params["scale"]
    a, b = (
        BlockFormat(
            params[port], parse_format(params[port]), parse_format(name), scale["vector"], "mx"
        )
        for port, name in (("a", scale["a"]), ("b", scale["b"]))
    )
    window = None
    if params["align"] == "window":
        cut = Window(params["fraction_bits"], params["sticky"])
        window = BlockWindow(cut, params["group"] or 1)
    blocks = params["lanes"] // scale["vector"]
    shared = ("c", "y", "accumulate", "sparsity", "rounding", "overflow")
    return {key: params[key] for key in shared} | {
        "a": a,
        "b": b,
        "blocks": blocks,
        "scale_bits": scale["bits"],
        "window": window,
    }


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    a, blocks = _block_format(params["a"]), params["blocks"]
    lanes = blocks * a.length
    activations, answer = chosen(params["sparsity"], lanes, operands)
    codes = block_dot(
        BlockOperands(
            activations,
            operands["b"].reshape(-1, lanes),
            operands["scale_a"].reshape(-1, blocks),
            operands["scale_b"].reshape(-1, blocks),
            operands.get("c"),
            operands["first"] if params["accumulate"] else None,
        ),
        a,
        params["b"],
        params["y"],
        c_format=params["c"],
        scale_bits=params["scale_bits"],
        window=params.get("window"),
        rounding=params["rounding"],
        overflow=params["overflow"],
    )
    outer = params.get("outer")
    if outer is not None:
        formats = {"x_format": params["y"], "scale_format": outer, "y_format": params["y"]}
        codes = rescale(codes, operands["outer"], **formats, overflow="ieee")
    return {"y": codes, **answer}
