"""Golden model of `vector_scale`: y = x * scale_a * scale_b, as it is or accumulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import INFINITE, NAN, NEGATIVE, ZERO, Operand, code_dtype
from cosim.golden.exact import Word, add_sticky
from cosim.golden.rounding import Target
from hdl.formats import FloatFormat, Format, IntFormat, PowerFormat, parse_format

__all__ = ["Scale", "model", "rounded_product", "runs", "scale_of", "scale_sums"]

Ints = NDArray[np.int64]


class Scale:
    """Scales as ``significand * 2^exponent``, and which of them are NaN.

    Parameters
    ----------
    codes
        Of any shape.
    fmt
        e8m0, a float without infinities, or an integer.
    """

    def __init__(self, codes: NDArray[Any], fmt: Format) -> None:
        if isinstance(fmt, PowerFormat):
            self.significand = np.ones(codes.shape, dtype=np.int64)
            self.exponent = codes.astype(np.int64) - fmt.bias
            self.is_nan = codes == fmt.nan_code
        else:
            assert isinstance(fmt, IntFormat | FloatFormat)
            operand = Operand(codes, fmt)
            self.significand, self.exponent = operand.unpack()
            self.is_nan = (operand.traits() & NAN) > 0


def scale_of(codes: ArrayLike, fmt: Format | str) -> Scale:
    """Return the scales that codes stand for."""
    parsed = parse_format(fmt) if isinstance(fmt, str) else fmt
    return Scale(np.asarray(codes, dtype=code_dtype(parsed.bits)), parsed)


def rounded_product(a: Ints, b: Ints, dropped: int, bits: int) -> Ints:
    """Return ``min(round(a * b / 2^dropped), 2^bits - 1)``, ties to even, of unsigned integers."""
    product = a * b
    kept = product >> dropped
    twice = (product - (kept << dropped)) << 1
    kept = kept + (twice + (kept & 1) > (1 << dropped))
    return np.minimum(kept, (1 << bits) - 1)


def scale_sums(
    x: ArrayLike,
    scale_a: ArrayLike,
    scale_b: ArrayLike,
    *,
    x_format: Format | str,
    a_format: Format | str,
    b_format: Format | str,
    y_format: Format | str,
    scale_bits: int | None = None,
    first: ArrayLike | None = None,
    overflow: str = "wrap",
) -> NDArray[Any]:
    """Return partial sums times two scales each.

    Parameters
    ----------
    x, scale_a, scale_b
        Codes, shape (n,).
    x_format, a_format, b_format, y_format
        Formats or their names. Unsigned integer scales go with an integer y: their product is
        rounded to `scale_bits` (default: all there are), and the result is in units of 2 to the
        number of bits that this drops. Others go with a float y, rounded once to nearest even.
    scale_bits
        See above.
    first
        Shape (n,), or None. Given, rows are consecutive cycles of a unit that accumulates.
    overflow
        ``wrap`` or ``saturate`` for an integer y, ``ieee`` or ``saturate`` for a float.

    Returns
    -------
    NDArray
        Codes of y, shape (n,).
    """
    x_fmt, a_fmt, b_fmt, y_fmt = (
        parse_format(fmt) if isinstance(fmt, str) else fmt
        for fmt in (x_format, a_format, b_format, y_format)
    )
    assert isinstance(x_fmt, IntFormat)
    assert isinstance(y_fmt, IntFormat | FloatFormat)
    value = Operand(np.asarray(x, dtype=code_dtype(x_fmt.bits)), x_fmt).unpack().significand
    a, b = scale_of(scale_a, a_fmt), scale_of(scale_b, b_fmt)
    restart = None if first is None else np.asarray(first) != 0
    if isinstance(y_fmt, IntFormat):
        full = a_fmt.bits + b_fmt.bits
        bits = full if scale_bits is None else scale_bits
        factor = rounded_product(a.significand, b.significand, full - bits, bits)
        return _integers(value, factor, y_fmt, restart, saturate=overflow == "saturate")
    target = Target(y_fmt, "rne", overflow, "ieee", integers=False)
    word = Word(value * a.significand * b.significand, a.exponent + b.exponent)
    nan = a.is_nan | b.is_nan
    # The sign that a product has even if a scale is zero.
    negative = value < 0
    codes = np.empty(value.shape, dtype=code_dtype(y_fmt.bits))
    if restart is None:
        return _rounded(word, nan, negative, None, target)
    for rows, fresh in runs(restart):
        addend = None if fresh else np.where(rows > 0, codes[rows - 1], 0).astype(codes.dtype)
        part = Word(word.value[rows], np.asarray(word.exponent)[rows])
        codes[rows] = _rounded(part, nan[rows], negative[rows], addend, target)
    return codes


def runs(first: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], bool]]:
    """Yield rows that can be computed side by side, all of them after those they depend on.

    A row depends on the one before it unless `first` is set. With each set of rows comes whether
    these start afresh; row 0 does not, if `first` does not say so: it follows a zero.
    """
    count = len(first)
    starts = np.flatnonzero(first)
    if len(starts):
        yield starts, True
    heads = starts if count and first[0] else np.concatenate([[-1], starts]).astype(np.intp)
    ends = np.append(heads[1:], count)
    step = 1
    while True:
        rows = heads + step
        rows = rows[rows < ends]
        if not len(rows):
            return
        yield rows, False
        step += 1


def _integers(
    value: Ints, factor: Ints, fmt: IntFormat, first: NDArray[np.bool_] | None, *, saturate: bool
) -> NDArray[Any]:
    mask = np.uint64((1 << fmt.bits) - 1)
    # Sums are exact as Python integers where 64 bits might not hold them.
    exact = value.astype(object) * factor.astype(object) if saturate else None
    if exact is None:
        sums = (value * factor).view(np.uint64)  # modulo 2^64
        if first is not None:
            running = np.cumsum(sums, dtype=np.uint64)
            starts = np.flatnonzero(first)
            base = np.zeros(len(sums), dtype=np.uint64)
            base[starts] = running[starts] - sums[starts]
            last = np.maximum.accumulate(np.where(first, np.arange(len(sums)), 0))
            sums = running - base[last]
        return (sums & mask).astype(code_dtype(fmt.bits))
    if first is not None:
        result = np.zeros(len(exact), dtype=object)
        for rows, fresh in runs(first):
            before = 0 if fresh else np.where(rows > 0, result[rows - 1], 0)
            result[rows] = np.clip(exact[rows] + before, fmt.min_value, fmt.max_value)
        exact = result
    clipped = np.clip(exact, fmt.min_value, fmt.max_value)
    return (clipped & int(mask)).astype(code_dtype(fmt.bits))


def _rounded(
    word: Word,
    nan: NDArray[np.bool_],
    negative: NDArray[np.bool_],
    addend: NDArray[Any] | None,
    target: Target,
) -> NDArray[Any]:
    """Return the codes of products, with an addend of the result's format or none."""
    if addend is None:
        codes = word.round(target).codes.astype(code_dtype(target.fmt.bits))
        codes[word.is_zero() & negative] = target.zero_code(True)
        codes[nan] = target.nan_code
        return codes
    operand = Operand(addend, target.fmt)
    kinds = operand.traits()
    total = add_sticky(word, Word(*operand.unpack()))
    codes = total.round(target).codes.astype(code_dtype(target.fmt.bits))
    zeros = total.is_zero() & negative & (kinds & NEGATIVE > 0) & (kinds & ZERO > 0)
    codes[zeros] = target.zero_code(True)
    for sign in (False, True):
        infinite = (kinds & INFINITE > 0) & ((kinds & NEGATIVE > 0) == sign)
        codes[infinite] = target.infinity_code(sign)
    codes[nan | (kinds & NAN > 0)] = target.nan_code
    return codes


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    codes = scale_sums(
        operands["x"],
        operands["scale_a"],
        operands["scale_b"],
        x_format=params["x"],
        a_format=params["scale_a"],
        b_format=params["scale_b"],
        y_format=params["y"],
        scale_bits=params["scale_bits"],
        first=operands["first"] if params["accumulate"] else None,
        overflow=params["overflow"],
    )
    return {"y": codes}
