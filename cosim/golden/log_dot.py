"""Golden model of `log_dot`: products by adding logarithms, sums in bins by remainder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import as_codes, code_dtype
from cosim.golden.lognum import roots_of_two
from cosim.golden.rounding import bit_length
from hdl.formats import Format, LogFormat, parse_format

__all__ = ["Bins", "LogSums", "log_dot", "midpoints", "model", "multiply", "to_log"]

_INT64_BITS = 62
"""Sums of up to so many bits stay in int64; wider ones are arrays of Python's integers."""

_LIMB = 16
_GUARD = 64


class Products(NamedTuple):
    """Products of log numbers: ``(-1)^negative * 2^((exponent - 2 * bias) / 2^F)``, or zero."""

    negative: NDArray[np.bool_]
    exponent: NDArray[np.int64]
    zero: NDArray[np.bool_]


class LogSums(NamedTuple):
    """What `log_dot` gives for every row: the sum so far.

    Attributes
    ----------
    total
        The linear result as an integer, shape (n,): int64, or Python's integers where 64 bits are
        too few. Its lowest bit weighs ``2^(drop - fraction_bits - 2 * bias / 2^F)``.
    code
        The result as a log number, shape (n,).
    overflow
        Whether a bin saturated since the sum began, shape (n,).
    """

    total: NDArray[Any]
    code: NDArray[Any]
    overflow: NDArray[np.bool_]


@dataclass(frozen=True)
class Bins:
    """How remainders are sorted, and what a bin is worth.

    A product with quotient q and remainder r adds ``factor[r] << q`` to ``bin[r]``; the sum is that
    of ``constant[j]`` times bin j, with `fraction_bits` fraction bits.
    """

    bin: tuple[int, ...]
    factor: tuple[int, ...]
    constant: tuple[int, ...]
    fraction_bits: int

    @classmethod
    def of(cls, fmt: LogFormat, constant_bits: int, lut_entries: int, accumulator: str) -> Bins:
        """Return them for tables of `lut_entries` constants.

        With as many as there are remainders, ``2^(r / 2^F)`` is a constant; with fewer it is the
        constant of r's high bits, times ``1 + low / 2^F`` for the low bits (Mitchell). A ``linear``
        accumulator has a single bin, into which products go with their constants.
        """
        size = 1 << fmt.fraction_bits
        low = size // lut_entries
        table = [(root + 1) >> 1 for root in roots_of_two(lut_entries, constant_bits + 1)]
        mitchell = [1] if low == 1 else [size + i for i in range(low)]
        fraction_bits = constant_bits + (0 if low == 1 else fmt.fraction_bits)
        factor = tuple(mitchell * lut_entries)
        bin_of = tuple(r // low for r in range(size))
        if accumulator == "linear":
            factor = tuple(f * table[j] for f, j in zip(factor, bin_of, strict=True))
            return cls((0,) * size, factor, (1,), fraction_bits)
        return cls(bin_of, factor, tuple(table), fraction_bits)

    @property
    def factor_bits(self) -> int:
        return max(self.factor).bit_length()

    def width(self, fmt: LogFormat, lanes: int, drop: int) -> int:
        """Return the bits that a bin needs for any sum of `lanes` products."""
        quotients = 2 << fmt.integer_bits
        return quotients - 1 - drop + self.factor_bits + (lanes - 1).bit_length() + 1

    def total_bits(self, bin_width: int) -> int:
        """Return the bits of the sum over bins of `bin_width` bits."""
        return bin_width + (sum(self.constant) - 1).bit_length()


def multiply(a: ArrayLike, b: ArrayLike, fmt: LogFormat) -> Products:
    """Return the products of codes of any shape: one addition of the whole exponents."""
    x, w = (as_codes(codes, fmt).astype(np.int64) for codes in (a, b))
    e, f = x & fmt.max_code, w & fmt.max_code
    return Products((x ^ w) & fmt.sign_mask != 0, e + f, (e == 0) | (f == 0))


def log_dot(
    a: ArrayLike,
    b: ArrayLike,
    *,
    fmt: Format | str,
    first: ArrayLike | None = None,
    constant_bits: int = 8,
    bin_width: int | None = None,
    drop: int = 0,
    lut_entries: int | None = None,
    accumulator: str = "signed",
    midpoint_bits: int = 8,
    rounding: str = "geometric",
) -> LogSums:
    """Return sums of products of log numbers, accumulated in bins by remainder.

    Parameters
    ----------
    a, b
        Codes, shape (n, lanes).
    fmt
        A log format or its name.
    first
        Shape (n,): where new sums begin. The n rows are consecutive cycles. None: every row.
    constant_bits
        Fraction bits G of the constants.
    bin_width
        Bits of a bin, by default those that hold any sum of one row. A quotient beyond a bin counts
        as the highest that fits; sums beyond it saturate, row by row.
    drop
        Quotients below this one count as zero; a bin's lowest bit weighs ``2^drop``.
    lut_entries
        Constants, a power of two up to ``2^F`` (default), and number of bins.
    accumulator
        ``signed`` bins; ``pairs`` of bins that count what goes up and what goes down, both without
        sign; ``linear``: one bin, constants before the sum.
    midpoint_bits
        Fraction bits to which the sum's significand is truncated before it is rounded to a log
        number, and midpoints are rounded up.
    rounding
        ``geometric``: to the nearest logarithm; ``arithmetic``: to the nearest number.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if not isinstance(fmt, LogFormat):
        raise ValueError(f"log_dot: {fmt.name} is no log format")
    products = multiply(a, b, fmt)
    rows, lanes = products.zero.shape
    starts = np.ones(rows, np.bool_) if first is None else np.asarray(first) != 0
    bins = Bins.of(fmt, constant_bits, lut_entries or 1 << fmt.fraction_bits, accumulator)
    width = bin_width or bins.width(fmt, lanes, drop)

    quotient = (products.exponent >> fmt.fraction_bits) - drop
    remainder = products.exponent & ((1 << fmt.fraction_bits) - 1)
    counts = ~products.zero & (quotient >= 0)
    highest = width - 1 - bins.factor_bits
    beyond = (counts & (quotient > highest)).any(axis=1)
    terms = _Terms(
        np.where(counts, np.array(bins.factor)[remainder], 0),
        np.clip(quotient, 0, highest),
        np.array(bins.bin)[remainder],
        len(bins.constant),
    )
    # A row's sum, a bin's new content before it saturates, and the total.
    bits = bins.total_bits(width + (lanes - 1).bit_length() + 1)
    wide = bits > _INT64_BITS
    limit = (1 << (width - 1)) - 1
    sign = np.where(products.negative, -1, 1)
    if accumulator == "pairs":
        up, over_up = _accumulate(terms.sums(sign > 0, wide), starts, 0, limit)
        down, over_down = _accumulate(terms.sums(sign < 0, wide), starts, 0, limit)
        contents, saturated = up - down, over_up | over_down
    else:
        contents, saturated = _accumulate(terms.sums(sign, wide), starts, -limit - 1, limit)
    overflow, _ = _accumulate((beyond | saturated)[:, None].astype(np.int64), starts, 0, 1)

    constants = np.array(bins.constant, dtype=object if wide else np.int64)
    total = (contents * constants).sum(axis=1)
    if wide:
        total = total.astype(object)  # also where there are no rows
    code = to_log(
        total, drop - bins.fraction_bits, fmt, midpoint_bits=midpoint_bits, rounding=rounding
    )
    return LogSums(total, code, overflow[:, 0] != 0)


class _Terms(NamedTuple):
    """What products add to their bins: ``factor << shift``, factor 0 for nothing."""

    factor: NDArray[np.int64]
    shift: NDArray[np.int64]
    bin: NDArray[np.int64]
    bins: int

    def sums(self, sign: NDArray[Any], wide: bool) -> NDArray[Any]:
        """Return the sums of the rows' signed terms, shape (n, bins)."""
        factor = self.factor * sign
        if not wide:
            return self._sums(factor << self.shift)
        total = np.zeros((len(factor), self.bins), dtype=object)
        for limb in range(int(self.shift.max(initial=0)) // _LIMB + 1):
            here = self.shift // _LIMB == limb
            part = self._sums(np.where(here, factor << self.shift % _LIMB, 0))
            total += part.astype(object) << (limb * _LIMB)
        return total

    def _sums(self, terms: NDArray[np.int64]) -> NDArray[np.int64]:
        total = np.zeros((len(terms), self.bins), dtype=np.int64)
        rows = np.arange(len(terms))
        for lane in range(terms.shape[1]):
            total[rows, self.bin[:, lane]] += terms[:, lane]
        return total


def _accumulate(
    increments: NDArray[Any], first: NDArray[np.bool_], low: int, high: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Run saturating accumulators over the rows; return contents, and rows where one saturated.

    Runs that `first` starts advance side by side; before the first row all hold 0.
    """
    contents = np.empty_like(increments)
    saturated = np.zeros(len(increments), dtype=np.bool_)
    if not len(increments):
        return contents, saturated
    starts = np.union1d([0], np.flatnonzero(first))
    lengths = np.diff(starts, append=len(increments))
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    for step in range(int(lengths[0])):
        rows = starts[: np.searchsorted(-lengths, -step)] + step
        exact = increments[rows] + (contents[rows - 1] if step else 0)
        contents[rows] = np.clip(exact, low, high)
        saturated[rows] = (contents[rows] != exact).any(axis=1)
    return contents, saturated


@lru_cache(maxsize=64)
def midpoints(fraction_bits: int, bits: int, rounding: str) -> NDArray[np.int64]:
    """Return the significands from which on numbers belong to steps 1 to ``2^F`` of an octave.

    In units of ``2^-bits``, rounded up. The last begins the next octave.
    """
    size = 1 << fraction_bits
    if rounding == "geometric":
        # Irrational, so that rounding up is the next integer.
        return np.array(roots_of_two(2 * size, bits)[1::2]) + 1
    # Sums of two roots, irrational but for (1 + 2) / 2; a floor is short by less than one unit.
    scale = bits + _GUARD
    roots = [*roots_of_two(size, scale), 2 << scale]
    sums = [low + high for low, high in pairwise(roots)]
    return np.array([-(-total >> (_GUARD + 1)) for total in sums])


def to_log(
    total: NDArray[Any],
    exponent: int,
    fmt: LogFormat,
    *,
    midpoint_bits: int = 8,
    rounding: str = "geometric",
) -> NDArray[Any]:
    """Return ``total * 2^exponent / 2^(2 * bias / 2^F)`` as codes.

    The significand is truncated and compared with the midpoints. Numbers too large become the
    largest; numbers of at least half the smallest become that, smaller ones zero.

    Parameters
    ----------
    total
        Integers, int64 or Python's.
    exponent
        Of their unit, as a power of two.
    """
    magnitude = np.abs(total)
    if total.dtype == object:
        length = np.array([int(number).bit_length() for number in magnitude], dtype=np.int64)
    else:
        length = np.where(magnitude > 0, bit_length(magnitude), 0)
    leading = np.maximum(length, 1) - 1
    surplus = leading - midpoint_bits
    significand = np.asarray((magnitude << np.maximum(-surplus, 0)) >> np.maximum(surplus, 0))
    significand = significand.astype(np.int64)
    steps = midpoints(fmt.fraction_bits, midpoint_bits, rounding)
    octave = leading + exponent
    rank = np.searchsorted(steps, significand, side="right")
    code = (octave << fmt.fraction_bits) + rank - fmt.bias

    # Half the smallest number is an octave below it: 2^((least + bias) / 2^F) before the biases.
    least = 1 - (1 << fmt.fraction_bits) + fmt.bias
    least_octave, least_step = least >> fmt.fraction_bits, least % (1 << fmt.fraction_bits)
    root = roots_of_two(1 << fmt.fraction_bits, midpoint_bits)[least_step] + (least_step > 0)
    counts = (octave > least_octave) | ((octave == least_octave) & (significand >= root))
    code = np.where(counts & (magnitude > 0), np.clip(code, 1, fmt.max_code), 0)
    negative = (total < 0) & (code > 0)
    return (code | np.where(negative, fmt.sign_mask, 0)).astype(code_dtype(fmt.bits))


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes.

    Every row has the sums so far; `out_valid` tells which are asked for by `last`.

    With a serial finish, a `last` less than a row a bin after one that was heard is not.
    """
    lanes = params["lanes"]  # a port of one lane has codes of shape (n,)
    fmt = parse_format(params["format"])
    assert isinstance(fmt, LogFormat)
    total, code, overflow = log_dot(
        operands["a"].reshape(-1, lanes),
        operands["b"].reshape(-1, lanes),
        fmt=fmt,
        first=operands["first"],
        constant_bits=params["constant_bits"],
        bin_width=params["bin_width"],
        drop=params["drop"],
        lut_entries=params["lut_entries"],
        accumulator=params["accumulator"],
        midpoint_bits=params["midpoint_bits"],
        rounding=params["midpoints"],
    )
    bins = Bins.of(fmt, params["constant_bits"], params["lut_entries"], params["accumulator"])
    bits = bins.total_bits(params["bin_width"])
    return {
        "y": _words(total, bits),
        "y_log": code,
        "overflow": overflow.astype(np.uint8),
        "out_valid": _heard(
            operands["last"] != 0, len(bins.constant) if params["finish"] == "serial" else 1
        ),
    }


def _heard(last: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Return the rows that are `distance` or more after the one before."""
    if distance == 1:
        return last
    heard, allowed = np.zeros_like(last), 0
    for row in np.flatnonzero(last).tolist():
        if row >= allowed:
            heard[row], allowed = True, row + distance
    return heard


def _words(total: NDArray[Any], bits: int) -> NDArray[Any]:
    """Return two's complements, in equal words of 64 bits at most if they are longer than that."""
    count = -(-bits // 64)
    size = -(-bits // count)
    mask = (1 << size) - 1
    if total.dtype != object:
        total = total.astype(np.int64)
        if count == 1:
            return (total.view(np.uint64) & np.uint64(mask)).astype(code_dtype(size))
        total = total.astype(object)
    words = [((total >> (k * size)) & mask).astype(np.uint64) for k in range(count)]
    return (np.stack(words, axis=1) if count > 1 else words[0]).astype(code_dtype(size))
