"""Floats into codes, a chunk at a time: a rounding shift and three small tables, then the signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cosim.golden.binades import Binades, Layout, binades
from cosim.golden.codebook import encode_codebook
from cosim.golden.lognum import Direction, decode_log, ranks
from cosim.golden.rounding import Target
from cosim.golden.tabulate import tabulated
from hdl.formats import (
    CodebookFormat,
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    LogFormat,
    PositFormat,
    PowerFormat,
    SignMagnitudeFormat,
)

__all__ = ["Kernel", "kernel_of", "tabulated_kernel_of"]

_TABULATED_BITS = 8
"""Widest codes that there are tables for."""

Kernel = Callable[[NDArray[Any], NDArray[np.int64] | None, int], NDArray[Any]]
"""Codes of a chunk of floats, given the words of stochastic rounding and their bits."""


Negative = Literal["sign", "complement", "none"]


@dataclass(frozen=True)
class Ends:
    """What becomes of numbers that a format does not hold, and of signs.

    Parameters
    ----------
    largest
        Largest magnitude code, of positive and of negative numbers.
    overflow
        Codes of finite numbers beyond it.
    infinite
        Codes of infinities.
    nan
        Code of NaN.
    negative
        How negative numbers are written. ``none``: they all have the code `below`.
    sign_mask
        The sign bit, for ``sign``.
    below
        See `negative`.
    zero
        Code of +0; None: what the magnitude says.
    smallest
        Least magnitude code of a non-zero number, where rounding may give less.
    negative_zero
        Whether -0, and what is rounded to it, keeps its sign.
    mask
        All bits of a code, for ``complement``.
    """

    largest: tuple[int, int]
    overflow: tuple[int, int]
    infinite: tuple[int, int]
    nan: int
    negative: Negative = "sign"
    sign_mask: int = 0
    below: int = 0
    zero: int | None = None
    smallest: int | None = None
    negative_zero: bool = True
    mask: int = -1


@lru_cache(maxsize=256)
def kernel_of(fmt: Format, rounding: str, overflow: str, flush: bool, layout: Layout) -> Kernel:
    """Return what encodes a chunk of floats of `layout`, given the random words and their bits."""
    if isinstance(fmt, CodebookFormat):
        return lambda chunk, words, bits: encode_codebook(chunk, fmt, rounding, words, bits)
    ends = _ends(fmt, rounding, overflow)
    if isinstance(fmt, LogFormat):
        return _LogKernel(rounding, ends, layout, fmt)
    hidden = 1 << fmt.mantissa_bits if flush and isinstance(fmt, FloatFormat) else 0
    return _LinearKernel(rounding, ends, layout, binades(fmt, layout), hidden)


@lru_cache(maxsize=64)
def tabulated_kernel_of(
    fmt: Format, rounding: str, overflow: str, flush: bool, layout: Layout
) -> Kernel:
    """Return a faster kernel where there is one, after some milliseconds."""
    kernel = kernel_of(fmt, rounding, overflow, flush, layout)
    if fmt.bits > _TABULATED_BITS:
        return kernel
    look_up = tabulated(lambda chunk: kernel(chunk, None, 0), layout.integer.itemsize * 8)
    return kernel if look_up is None else lambda chunk, _words, _bits: look_up(chunk)


def _ends(fmt: Format, rounding: str, overflow: str) -> Ends:
    mask = (1 << fmt.bits) - 1
    match fmt:
        case IntFormat():
            return _integer_ends(fmt.max_value, fmt.min_value, mask)
        case FixedFormat():
            return _integer_ends(fmt.max_integer, fmt.min_integer, mask)
        case SignMagnitudeFormat():
            limits = (fmt.max_value, fmt.sign_mask | fmt.max_value)
            return Ends((fmt.max_value, fmt.max_value), limits, limits, 0, sign_mask=fmt.sign_mask)
        case LogFormat():
            limits = (fmt.max_code, fmt.sign_mask | fmt.max_code)
            return Ends(
                (fmt.max_code, fmt.max_code), limits, limits, fmt.max_code, sign_mask=fmt.sign_mask
            )
        case PositFormat():
            limits = (fmt.max_code, -fmt.max_code & mask)
            nar = fmt.nan_code
            return Ends(
                (fmt.max_code, fmt.max_code),
                limits,
                (nar, nar),
                nar,
                "complement",
                zero=0,
                smallest=1,
                mask=mask,
            )
        case PowerFormat():
            nan = fmt.nan_code
            infinite = fmt.max_code if overflow == "saturate" else nan
            finite = fmt.max_code if rounding in ("rtz", "rdn") else infinite
            return Ends(
                (fmt.max_code, fmt.max_code),
                (finite, nan),
                (infinite, nan),
                nan,
                "none",
                below=nan,
                zero=nan,
                smallest=0,
            )
        case _:
            assert isinstance(fmt, FloatFormat)
            return _float_ends(fmt, rounding, overflow)


def _integer_ends(largest: int, least: int, mask: int) -> Ends:
    limits = (largest, least & mask)
    negative = "complement" if least else "none"
    return Ends((largest, -least), limits, limits, 0, negative, mask=mask)


def _float_ends(fmt: FloatFormat, rounding: str, overflow: str) -> Ends:
    # The codes are those of the units; which finite numbers overflow to them is decided here.
    target = Target(fmt, "rne", overflow, "ieee", integers=False)
    infinite = (target.infinity_code(False), target.infinity_code(True))
    limits = (fmt.max_code, fmt.max_code | fmt.sign_mask if fmt.signed else 0)
    # Directed rounding stops at the largest number (IEEE 754-2019, 7.4).
    positive = limits[0] if rounding in ("rtz", "rdn") else infinite[0]
    negative = limits[1] if rounding in ("rtz", "rup") else infinite[1]
    return Ends(
        (fmt.max_code, fmt.max_code),
        (positive, negative),
        infinite,
        target.nan_code,
        "sign" if fmt.signed else "none",
        sign_mask=fmt.sign_mask,
        negative_zero=fmt.has_negative_zero,
    )


@dataclass(frozen=True)
class _Kernel:
    """Rounds magnitudes to codes (`magnitude_codes`), then puts signs and special cases in."""

    rounding: str
    ends: Ends
    layout: Layout

    def magnitude_codes(
        self,
        magnitude: NDArray[Any],
        negative: NDArray[np.bool_],
        words: NDArray[np.int64] | None,
        word_bits: int,
    ) -> NDArray[Any]:
        raise NotImplementedError

    def __call__(
        self, chunk: NDArray[Any], words: NDArray[np.int64] | None, word_bits: int
    ) -> NDArray[Any]:
        ends, integer = self.ends, self.layout.integer
        bits = chunk.view(integer)
        magnitude = bits & np.iinfo(integer).max
        signs = bits >> (integer.itemsize * 8 - 1)  # 0 or -1
        negative = signs < 0
        kept = self.magnitude_codes(magnitude, negative, words, word_bits)
        if ends.smallest is not None:
            np.maximum(kept, ends.smallest, out=kept)

        codes = self._signed(kept, signs)
        if ends.largest[0] == ends.largest[1]:
            beyond = kept > ends.largest[0]
        else:
            beyond = kept + signs > ends.largest[0]
        if beyond.any():
            codes[beyond] = np.where(negative[beyond], ends.overflow[1], ends.overflow[0])
        if ends.zero is not None:
            zero = magnitude == 0
            if zero.any():
                codes[zero] = ends.zero
        infinity = self.layout.fields - 1 << self.layout.mantissa_bits
        special = magnitude >= infinity
        if special.any():
            infinite = np.where(negative[special], ends.infinite[1], ends.infinite[0])
            codes[special] = np.where(magnitude[special] > infinity, ends.nan, infinite)
        return codes

    def _signed(self, kept: NDArray[Any], signs: NDArray[Any]) -> NDArray[Any]:
        """Return the codes of the numbers from those of their magnitudes."""
        ends = self.ends
        if ends.negative == "complement":
            return ((kept ^ signs) - signs) & ends.mask
        if ends.negative == "none":
            return np.where(signs, ends.below, kept)
        sign = signs & ends.sign_mask
        return kept | (sign if ends.negative_zero else np.where(kept, sign, 0))


@dataclass(frozen=True)
class _LinearKernel(_Kernel):
    """Codes by a rounding shift of the significand, see `binades`.

    Parameters
    ----------
    tables
        Of the format, for `layout`.
    hidden
        Results below it are flushed to zero.
    """

    tables: Binades
    hidden: int

    def magnitude_codes(
        self,
        magnitude: NDArray[Any],
        negative: NDArray[np.bool_],
        words: NDArray[np.int64] | None,
        word_bits: int,
    ) -> NDArray[Any]:
        field = magnitude >> self.layout.mantissa_bits
        significand = magnitude - self.tables.subtract.take(field)
        shift = self.tables.shift.take(field)
        if words is None:
            shift = np.minimum(shift, self.layout.largest_shift)
            kept = _shift(significand, shift, self.rounding, negative)
        else:
            # Of what is cut off, the upper `word_bits` bits and the word make the carry.
            finer = np.minimum(shift, word_bits)
            significand >>= np.minimum(shift - finer, 63)
            kept = (significand + (words >> (word_bits - finer))) >> finer
        kept += self.tables.base.take(field)
        if self.hidden:
            kept *= kept >= self.hidden
        return kept


def _shift(
    significand: NDArray[Any], shift: NDArray[Any], rounding: str, negative: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return ``significand / 2^shift``, of a magnitude, rounded to an integer."""
    kept = significand >> shift
    if rounding == "rtz":
        return kept
    unit = significand.dtype.type(1) << shift
    remainder = significand & (unit - 1)
    if rounding == "rne":
        remainder <<= 1
        remainder += kept & 1
        kept += remainder > unit
    elif rounding == "rna":
        remainder <<= 1
        # Nothing is cut off where the unit is one.
        kept += (remainder >= unit) & (remainder > 0)
    else:
        away = negative if rounding == "rdn" else ~negative
        kept += (remainder > 0) & away
    return kept


@dataclass(frozen=True)
class _LogKernel(_Kernel):
    """Codes of log numbers: the exponent field, and the rank of the mantissa among roots of two."""

    fmt: LogFormat

    def magnitude_codes(
        self,
        magnitude: NDArray[Any],
        negative: NDArray[np.bool_],
        words: NDArray[np.int64] | None,
        word_bits: int,
    ) -> NDArray[Any]:
        fmt, layout = self.fmt, self.layout
        nearest = self.rounding in ("rne", "rna")
        one = magnitude.dtype.type(1) << layout.mantissa_bits
        mantissa = magnitude & (one - 1)
        octave = ((magnitude >> layout.mantissa_bits) - layout.bias) << fmt.fraction_bits
        octave += fmt.bias
        kept = octave + self._rank(mantissa, "nearest" if nearest else "down")
        if words is not None:
            kept = np.clip(kept, 0, fmt.max_code - 1)
            low, high = decode_log(kept, fmt), decode_log(kept + 1, fmt)
            place = np.clip((magnitude.view(np.float64) - low) / (high - low), 0, 1)
            return kept + (np.floor(np.ldexp(place, word_bits)) + words >= 2.0**word_bits)
        if self.rounding in ("rup", "rdn"):
            away = negative if self.rounding == "rdn" else ~negative
            up = np.maximum(octave + self._rank(mantissa, "up"), magnitude > 0)
            return np.where(away, up, np.maximum(kept, 0))
        small = kept < 1
        if small.any():
            # Between zero and the smallest number the nearer one in value wins.
            octaves = octave[small] + self._rank(mantissa[small], "down")
            kept[small] = nearest & (octaves >= 1 - (1 << fmt.fraction_bits))
        return kept

    def _rank(self, mantissa: NDArray[Any], direction: Direction) -> NDArray[Any]:
        table = ranks(self.fmt.fraction_bits, self.layout, direction)
        top = mantissa >> table.shift
        return table.steps.take(top) + (mantissa >= table.edge.take(top))
