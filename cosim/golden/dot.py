"""Golden model of `dot`: y = round(sum of a[i] * b[i], plus c or the running result)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden import block_dot
from cosim.golden.codec import as_codes, as_format, code_dtype
from cosim.golden.rounding import NumberFormat, Target
from cosim.golden.sum_of_products import SumOfProducts, Window
from cosim.golden.tables import Factor, factor
from hdl.formats import FloatFormat, Format, IntFormat, parse_format

__all__ = ["dot", "exact_format", "factors_of", "model", "tables_of", "window_of"]


def dot(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike | None = None,
    *,
    first: ArrayLike | None = None,
    a_format: Format | str,
    b_format: Format | str,
    a_table: Format | str | None = None,
    b_table: Format | str | None = None,
    c_format: Format | str | None = None,
    y_format: Format | str | None = None,
    lsb: int = 0,
    window: Window | None = None,
    rounding: str = "rne",
    overflow: str | None = None,
    subnormals: str = "ieee",
) -> NDArray[Any]:
    """Return the sum of products, plus an addend, rounded once.

    Parameters
    ----------
    a, b
        Codes, shape (n, lanes).
    c
        Codes of the addend, shape (n,), or None.
    first
        Shape (n,), or None. Given, the n rows are consecutive cycles of a unit that accumulates:
        ``y[t] = round(sum[t] + (0 if first[t] else y[t - 1]))``, starting from +0; excludes `c`.
    a_format, b_format, c_format, y_format
        Formats or their names, integers and floats in any mix. `y_format` is by default, and only
        for integers, the smallest that holds every sum.
    a_table, b_table
        With a codebook for `a_format` or `b_format`: format that its entries are rounded into, see
        `cosim.golden.tables.factor`.
    lsb
        Weight of the lowest bit of an integer y, as a power of two. Only 0 without a float among a
        and b, or with c.
    window
        What is kept of each term when it is added, see `SumOfProducts`; None: all of it.
    rounding, overflow, subnormals
        As in `cosim.golden.fma.fma`.

    Returns
    -------
    NDArray
        Codes of y, shape (n,).
    """
    a_format, b_format = _parsed(a_format), _parsed(b_format)
    a_factor, b_factor = _factor(a_format, a_table), _factor(b_format, b_table)
    x_format, w_format = a_factor.fmt, b_factor.fmt
    if (c is None) != (c_format is None):
        raise ValueError("dot: c and c_format come together")
    if c is not None and first is not None:
        raise ValueError("dot: c and first exclude each other")
    addend = None if c_format is None else as_format(c_format)
    x, w = as_codes(a, a_format), as_codes(b, b_format)
    x, w = a_factor.numbers(x), b_factor.numbers(w)
    if x.ndim != 2 or x.shape != w.shape or x.shape[1] == 0:
        raise ValueError(f"dot: a and b are (n, lanes), not {x.shape} and {w.shape}")
    lanes = x.shape[1]
    y = as_format(y_format or exact_format(x_format, w_format, lanes, addend))
    integers = all(isinstance(fmt, IntFormat | None) for fmt in (x_format, w_format, addend))
    if lsb:
        x_format, w_format = _in_units(lsb, x_format, w_format, y, addend)
    if overflow is None:
        overflow = "ieee" if not isinstance(y, IntFormat) else "wrap" if integers else "saturate"
    target = Target(y, rounding, overflow, subnormals, integers=integers)

    if first is not None:
        restart = np.asarray(first)
        if restart.shape != x.shape[:1]:
            raise ValueError(f"dot: first has shape {restart.shape}, not {x.shape[:1]}")
        compute = SumOfProducts(x_format, w_format, y, lanes, target, window)
        return _accumulate(compute, x, w, restart != 0)
    z = None if c is None or addend is None else as_codes(c, addend)
    if z is not None and z.shape != x.shape[:1]:
        raise ValueError(f"dot: c has shape {z.shape}, not {x.shape[:1]}")
    return SumOfProducts(x_format, w_format, addend, lanes, target, window).codes(x, w, z)


def _in_units(
    lsb: int, a: NumberFormat, b: NumberFormat, y: NumberFormat, c: NumberFormat | None
) -> tuple[NumberFormat, NumberFormat]:
    """Return formats whose products count ``2^lsb``: a float's bias says what its codes weigh."""
    if not isinstance(y, IntFormat) or c is not None:
        raise ValueError(f"dot: lsb = {lsb} needs an integer y, and no c")
    if isinstance(a, FloatFormat):
        return replace(a, bias=a.bias + lsb), b
    if isinstance(b, FloatFormat):
        return a, replace(b, bias=b.bias + lsb)
    raise ValueError(f"dot: lsb = {lsb} needs a float a or b")


def exact_format(a: Format, b: Format, lanes: int, c: Format | None = None) -> IntFormat:
    """Return the smallest integer format that holds every sum of `lanes` products, plus c."""
    if not (isinstance(a, IntFormat) and isinstance(b, IntFormat)) or not isinstance(
        c, IntFormat | None
    ):
        raise ValueError("dot: y_format can be left out only where all operands are integers")
    corners = [x * y for x in (a.min_value, a.max_value) for y in (b.min_value, b.max_value)]
    low, high = lanes * min(corners), lanes * max(corners)
    if c is not None:
        low, high = low + c.min_value, high + c.max_value
    if low < 0:
        return IntFormat(max(2, (high).bit_length() + 1, (-low - 1).bit_length() + 1))
    return IntFormat(max(1, high.bit_length()), signed=False)


def _accumulate(
    compute: SumOfProducts, a: NDArray[Any], b: NDArray[Any], first: NDArray[np.bool_]
) -> NDArray[Any]:
    """Run the accumulator over the rows; runs that `first` starts advance side by side."""
    if not len(a):
        return np.empty(0, dtype=code_dtype(compute.target.fmt.bits))
    starts = np.union1d([0], np.flatnonzero(first))
    lengths = np.diff(starts, append=len(a))
    if compute.target.overflow == "wrap":
        return _accumulate_modulo(compute, a, b, starts, lengths)
    y = compute.codes(a[starts], b[starts], None)
    if not first[0]:
        # The accumulator holds +0 after reset, and that zero takes part in the sum.
        zero = np.zeros(1, dtype=y.dtype)
        y[:1] = compute.codes(a[:1], b[:1], zero)
    result = np.empty(len(a), dtype=y.dtype)
    result[starts] = y
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    for step in range(1, int(lengths[0])):
        rows = starts[: np.searchsorted(-lengths, -step)] + step
        result[rows] = compute.codes(a[rows], b[rows], result[rows - 1])
    return result


def _accumulate_modulo(
    compute: SumOfProducts,
    a: NDArray[Any],
    b: NDArray[Any],
    starts: NDArray[np.intp],
    lengths: NDArray[np.intp],
) -> NDArray[Any]:
    """Accumulate modulo 2^n, where the order of wrapping and adding does not matter."""
    sums = compute.codes(a, b, None)
    running = np.cumsum(sums, dtype=np.uint64)
    before = running[starts] - sums[starts]
    bits = compute.target.fmt.bits
    wrapped = (running - np.repeat(before, lengths)) & np.uint64((1 << bits) - 1)
    return wrapped.astype(code_dtype(bits))


def _parsed(fmt: Format | str) -> Format:
    return parse_format(fmt) if isinstance(fmt, str) else fmt


def _factor(fmt: Format, table: Format | str | None) -> Factor:
    return factor(fmt, None if table is None else _parsed(table))


def tables_of(params: Mapping[str, Any]) -> dict[str, Factor]:
    """Return what is multiplied for a and b, for normalised parameters."""
    return {key: _factor(parse_format(params[key]), params.get(f"{key}_table")) for key in "ab"}


def factors_of(params: Mapping[str, Any]) -> tuple[NumberFormat, NumberFormat]:
    """Return the formats of a and b in units of y's lowest bit, for normalised parameters.

    Of a codebook's entries as well as of numbers.
    """
    a, b = (one.fmt for one in tables_of(params).values())
    y = as_format(params["y"])
    c = None if params["c"] is None else as_format(params["c"])
    return _in_units(params["lsb"], a, b, y, c) if params["lsb"] else (a, b)


def window_of(params: Mapping[str, Any]) -> Window | None:
    """Return the window that normalised parameters ask for."""
    if params["align"] == "exact":
        return None
    return Window(params["fraction_bits"], params["sticky"])


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    if params.get("scale") is not None:
        return block_dot.model(block_dot.of_dot(params), operands)
    lanes = params["lanes"]  # a port of one lane has codes of shape (n,)
    a, answer = block_dot.chosen(params.get("sparsity"), lanes, operands)
    codes = dot(
        a,
        operands["b"].reshape(-1, lanes),
        operands["c"] if params["c"] is not None else None,
        first=operands["first"] if params["accumulate"] else None,
        a_format=params["a"],
        b_format=params["b"],
        a_table=params["a_table"],
        b_table=params["b_table"],
        c_format=params["c"],
        y_format=params["y"],
        lsb=params["lsb"],
        window=window_of(params),
        rounding=params["rounding"],
        overflow=params["overflow"],
        subnormals=params["subnormals"],
    )
    return {"y": codes, **answer}
