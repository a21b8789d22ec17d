"""Single operands of a format: corner codes, and random codes of a wanted magnitude.

A table (of a codebook or a posit) stands in for a format everywhere: its entries are its values.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import Operand, as_format, code_dtype, decode, encode
from cosim.stimuli.books import Book
from hdl.formats import FloatFormat, Format, IntFormat

__all__ = [
    "constant",
    "corner_codes",
    "enumerate_ports",
    "exponent_range",
    "finite_codes",
    "finite_corner_codes",
    "nearest",
    "negated",
    "nudged",
    "of_exponent",
    "picked",
    "random_codes",
    "random_words",
    "special_codes",
    "split_index",
    "values",
]

Codes = NDArray[Any]

Name = Format | Book | str
"""A format or its name, or a codebook."""


@lru_cache(maxsize=64)
def corner_codes(name: Name) -> Codes:
    """Return the codes at which a format's behaviour changes, without repetitions.

    Both zeros, smallest and largest subnormals and normals, one and its neighbours, infinities,
    quiet and signaling NaN; for integers the limits, small numbers and powers of two. All codes of
    a format of up to 4 bits.
    """
    if isinstance(name, Book):
        return name.corner_codes()
    fmt = as_format(name)
    dtype = code_dtype(fmt.bits)
    if fmt.bits <= 4:
        return np.arange(1 << fmt.bits).astype(dtype)
    mask = (1 << fmt.bits) - 1
    if isinstance(fmt, IntFormat):
        low, high = fmt.min_value, fmt.max_value
        middle = 1 << (fmt.bits // 2)
        picked = [0, 1, 2, 3, high, high - 1, low, low + 1, middle, middle - 1, middle + 1]
        picked += [high // 2, high // 2 + 1, high // 3, high // 3 * 2]
        if fmt.signed:
            picked += [-1, -2, -3, -middle, -middle + 1, low // 2]
        return np.unique(np.array([value & mask for value in picked], dtype=dtype))
    hidden = 1 << fmt.mantissa_bits
    one = fmt.bias << fmt.mantissa_bits
    picked = [0, 1, 2, hidden - 1, hidden, hidden + 1, fmt.max_code - 1, fmt.max_code]
    if 0 < one < fmt.max_code:
        picked += [one - 1, one, one + 1, one | hidden >> 1]
    # Everything above the largest number is infinite or NaN: the first two, the quiet and the last.
    top = fmt.magnitude_mask
    specials = {code for code in (fmt.max_code + 1, fmt.max_code + 2, top) if code <= top}
    if fmt.has_nan:
        specials.add(fmt.nan_code & top)
    picked += sorted(specials)
    return np.unique(np.array([c | s for c in picked for s in (0, fmt.sign_mask)], dtype=dtype))


@lru_cache(maxsize=256)
def constant(name: Name, value: float) -> int:
    """Return the code nearest to a value."""
    return int(nearest(name, np.array([value]))[0])


def nearest(name: Name, wanted: ArrayLike) -> Codes:
    """Return the codes nearest to the values, the largest finite ones where those are too large."""
    if isinstance(name, Book):
        return name.nearest(wanted)
    return encode(np.nan_to_num(np.asarray(wanted, dtype=np.float64)), name, overflow="saturate")


def values(name: Name, codes: Codes) -> NDArray[np.float64]:
    """Return finite values (float64, so rounded if they are long integers), 0 for all others."""
    if isinstance(name, Book):
        return name.values(codes)
    fmt = as_format(name)
    if fmt.bits <= _TABLE_BITS:
        return _values_table(fmt).take(codes)
    return np.nan_to_num(decode(codes, fmt).astype(np.float64), posinf=0.0, neginf=0.0)


_TABLE_BITS = 16


@lru_cache(maxsize=64)
def _values_table(fmt: Format) -> NDArray[np.float64]:
    every = decode(np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits)), fmt)
    return np.nan_to_num(every.astype(np.float64), posinf=0.0, neginf=0.0)


def exponent_range(name: Name) -> tuple[int, int]:
    """Return the exponents of the leading bits of the smallest and the largest value."""
    if isinstance(name, Book):
        return name.exponent_range()
    fmt = as_format(name)
    if isinstance(fmt, IntFormat):
        return 0, fmt.bits - (2 if fmt.signed else 1)
    return fmt.min_ulp_exponent, fmt.max_exponent


def random_words(
    dtype: np.dtype[Any] | type[np.unsignedinteger[Any]],
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> Codes:
    """Return unsigned words of random bits: several at a time, which is what takes time."""
    dtype = np.dtype(dtype)
    count = math.prod(shape)
    draws = -(-count * dtype.itemsize // 8)
    drawn = rng.integers(0, 1 << 64, draws, np.uint64)
    return drawn.view(dtype)[:count].reshape(shape)


def picked(codes: Codes, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Return codes of up to 2^16 different ones, all nearly alike often."""
    places = random_words(np.uint16, shape, rng).astype(np.uint32) * np.uint32(len(codes))
    return codes.take(places >> np.uint32(16))


def random_codes(name: Name, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Return codes that are uniform over all bit patterns."""
    bits = name.bits if isinstance(name, Book) else as_format(name).bits
    dtype = code_dtype(bits)
    words = random_words(dtype, shape, rng)
    return words if bits == 8 * dtype.itemsize else words & dtype.type((1 << bits) - 1)


def finite_codes(name: Name, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Return random codes, none infinite or NaN."""
    codes = random_codes(name, shape, rng)
    if isinstance(name, Book):
        return np.where(np.isin(codes, name.special_codes), name.order[0], codes)
    fmt = as_format(name)
    special = Operand(codes, fmt).is_special()
    if special is None:
        return codes
    # Without sign and top exponent bit every code is finite.
    return codes & ~(special * codes.dtype.type(3 << (fmt.bits - 2)))


@lru_cache(maxsize=64)
def finite_corner_codes(name: Name) -> Codes:
    """Return the corner codes that are neither infinite nor NaN."""
    return np.setdiff1d(corner_codes(name), special_codes(name))


@lru_cache(maxsize=64)
def special_codes(name: Name) -> Codes:
    """Return the corner codes that are infinite or NaN; the largest number if there is none."""
    if isinstance(name, Book):
        return name.special_codes if name.special_codes.size else name.corner_codes()[-1:]
    codes = corner_codes(name)
    special = Operand(codes, as_format(name)).is_special()
    return codes[-1:] if special is None else codes[special]


def of_exponent(name: Name, exponent: NDArray[Any], rng: np.random.Generator) -> Codes:
    """Return finite codes of random sign with leading bits at ``2^exponent``.

    Their significands are random, or for two in five the special ones that make ties and long
    carries: a power of two, all ones, or a lone last bit. Exponents out of range are clipped.
    """
    if isinstance(name, Book):
        return name.of_exponent(exponent, rng)
    fmt = as_format(name)
    low, high = exponent_range(fmt)
    keep, fill = _binades(fmt)
    binade = np.clip(exponent, low, high) - low
    magnitude = random_words(keep.dtype, binade.shape, rng)
    dice = random_words(np.uint8, binade.shape, rng)
    binade *= _KINDS
    binade += dice & np.uint8(_KINDS - 1)
    magnitude &= keep.take(binade)
    magnitude |= fill.take(binade)
    dtype = magnitude.dtype
    negative = (dice >= _KINDS).astype(dtype)
    if isinstance(fmt, IntFormat):
        mask = dtype.type((1 << fmt.bits) - 1)
        return ((magnitude ^ -negative) + negative) & mask if fmt.signed else magnitude
    magnitude = np.minimum(magnitude, dtype.type(fmt.max_code))
    return magnitude | negative * dtype.type(fmt.sign_mask)


_KINDS = 128
"""Kinds of significands, each with a share of its own among random ones."""


@lru_cache(maxsize=64)
def _binades(fmt: IntFormat | FloatFormat) -> tuple[Codes, Codes]:
    """Return, by binade and kind of significand, which random bits to keep and which bits to set.

    The index is ``binade * _KINDS + kind``.
    """
    dtype = code_dtype(fmt.bits)
    low, high = exponent_range(fmt)
    hidden = 0 if isinstance(fmt, IntFormat) else fmt.mantissa_bits
    places = range(high - low + 1)
    # The code of the power of two, and the bits below the leading one.
    if isinstance(fmt, IntFormat):
        leading, below = [1 << k for k in places], [(1 << k) - 1 for k in places]
    else:
        # Up to the hidden bit the codes of subnormals; one step of the exponent beyond each.
        leading = [1 << k if k <= hidden else (k - hidden + 1) << hidden for k in places]
        below = [(1 << min(k, hidden)) - 1 for k in places]
    # One fifth powers of two, one tenth all ones, one tenth a lone last bit.
    full = int(np.iinfo(dtype).max)
    shares = [(0, 0)] * 26 + [(0, full)] * 13 + [(0, 1)] * 13
    kinds = shares + [(full, 0)] * (_KINDS - len(shares))
    keep, fill = (np.array(column, dtype) for column in zip(*kinds, strict=True))
    leading, below = (np.array(column, dtype)[:, None] for column in (leading, below))
    return (keep & below).ravel(), (leading | fill & below).ravel()


def negated(name: Name, codes: Codes) -> Codes:
    """Return the codes of the negative values: the nearest, 0 for an unsigned format."""
    if isinstance(name, Book):
        return name.negated(codes)
    fmt = as_format(name)
    if isinstance(fmt, IntFormat):
        return encode(-decode(codes, fmt).astype(np.int64), fmt) if fmt.signed else codes * 0
    if not fmt.signed:
        return codes * 0
    flipped = codes ^ codes.dtype.type(fmt.sign_mask)
    return flipped if fmt.has_negative_zero else np.where(codes == 0, codes, flipped)


def nudged(name: Name, codes: Codes, steps: ArrayLike) -> Codes:
    """Return finite codes `steps` away in magnitude (an integer: in value); ends do not wrap."""
    if isinstance(name, Book):
        return name.nudged(codes, steps)
    fmt = as_format(name)
    signed_steps = np.asarray(steps, dtype=np.int64)
    if isinstance(fmt, IntFormat):
        # Offset binary: unsigned numbers in the order of the values.
        offset = np.uint64(1 << (fmt.bits - 1) if fmt.signed else 0)
        last = np.uint64((1 << fmt.bits) - 1)
        rank = codes.astype(np.uint64) ^ offset
        distance = np.abs(signed_steps).astype(np.uint64)
        up, down = rank + np.minimum(distance, last - rank), rank - np.minimum(distance, rank)
        return (np.where(signed_steps > 0, up, down) ^ offset).astype(codes.dtype)
    wide = codes.astype(np.int64)
    sign, magnitude = wide & fmt.sign_mask, wide & fmt.magnitude_mask
    # The code of -0 may be a NaN.
    least = 0 if fmt.has_negative_zero else 1
    return (sign | np.clip(magnitude + signed_steps, least, fmt.max_code)).astype(codes.dtype)


def split_index(widths: list[int], start: int, count: int) -> list[Codes]:
    """Cut the indices `start` to ``start + count - 1`` into bit fields, the last one lowest.

    Raises
    ------
    ValueError
        If there are not that many, or too many to count.
    """
    total = sum(widths)
    if total > 63:
        raise ValueError(f"2^{total} operands cannot be enumerated")
    if start < 0 or count < 0 or start + count > 1 << total:
        raise ValueError(f"operands {start} to {start + count - 1} of {1 << total} do not exist")
    dtype = np.dtype(np.uint32 if total <= 32 else np.uint64)
    index = np.arange(start, start + count, dtype=dtype)
    fields: list[Codes] = []
    for place, width in zip(np.cumsum([0, *widths[:0:-1]]), reversed(widths), strict=True):
        fields.insert(0, (index >> dtype.type(place)) & dtype.type((1 << width) - 1))
    return fields


def enumerate_ports(
    ports: list[tuple[str, int, int]], start: int, count: int
) -> dict[str, NDArray[Any]]:
    """Return the codes of indices `start` to ``start + count - 1`` on some ports.

    Parameters
    ----------
    ports
        Name, bits of a lane, and lanes of each; the last one counts fastest.
    start, count
        As in `split_index`.

    Returns
    -------
    dict
        Codes by port, shape (count,) of one lane and (count, lanes) of several.
    """
    widths = [width for _, width, lanes in ports for _ in range(lanes)]
    fields = iter(split_index(widths, start, count))
    codes: dict[str, NDArray[Any]] = {}
    for name, width, lanes in ports:
        each = [next(fields).astype(code_dtype(width)) for _ in range(lanes)]
        codes[name] = each[0] if lanes == 1 else np.stack(each, axis=1)
    return codes
