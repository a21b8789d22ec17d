"""What a format costs and loses: errors, ranges, bits, toggles."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import as_codes, code_dtype
from cosim.golden.values import decode, fits_double, largest
from hdl.formats import BlockFormat, FloatFormat, Format, FormatError, IntFormat, parse_format

__all__ = [
    "DynamicRange",
    "UlpErrors",
    "bits_per_value",
    "dynamic_range",
    "finite_values",
    "pulses",
    "sqnr",
    "toggles",
    "ulp_errors",
    "ulps",
    "worst_relative_error",
]

_TABLE_BITS = 16


def sqnr(signal: ArrayLike, quantized: ArrayLike) -> float:
    """Return the signal-to-quantization-noise ratio in dB: 10 log10(sum x^2 / sum (x - q)^2)."""
    x, q = np.asarray(signal, dtype=np.float64), np.asarray(quantized, dtype=np.float64)
    noise = float(np.sum((x - q) ** 2))
    power = float(np.sum(x**2))
    if noise == 0:
        return math.inf
    return 10 * math.log10(power / noise) if power else -math.inf


def finite_values(fmt: Format | str) -> NDArray[np.float64]:
    """Return all finite values of a format of 16 bits or fewer, ascending, zeros once."""
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if fmt.bits > _TABLE_BITS:
        raise FormatError(f"{fmt.name}: too many values to list, {fmt.bits} bits")
    _check_range(fmt)
    codes = np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits))
    values = decode(codes, fmt).astype(np.float64)
    return np.unique(values[np.isfinite(values)])


def _check_range(fmt: Format) -> None:
    if isinstance(fmt, FloatFormat) and not fits_double(fmt):
        raise FormatError(f"{fmt.name}: its exponents leave the range of float64")


def worst_relative_error(
    fmt: Format | str,
    relative_to: Literal["value", "quantized"] = "value",
    *,
    subnormals: bool = True,
) -> float:
    """Return the largest relative error of the nearest value, over a format's positive range.

    The error of a number halfway between neighbours, over the number itself or over the smaller
    neighbour; from the least positive value, or without `subnormals` the least normal one, to the
    largest.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    values = finite_values(fmt)
    least = 2.0**fmt.min_exponent if isinstance(fmt, FloatFormat) and not subnormals else 0.0
    values = values[(values > 0) & (values >= least)]
    low, high = values[:-1], values[1:]
    over = (low + high) / 2 if relative_to == "value" else low
    return float(np.max((high - low) / 2 / over, initial=0.0))


class UlpErrors(NamedTuple):
    """Errors in units of the last place of the exact values."""

    largest: float
    mean: float


def ulps(values: ArrayLike, fmt: Format | str) -> NDArray[np.float64]:
    """Return the unit in the last place at each value: the distance of the format's neighbours.

    Of a float that is 2^(exponent - mantissa bits), the same in all of a binade; of any other
    format the distance between the values on both sides, at the ends that of the last two.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    magnitude = np.abs(np.asarray(values, dtype=np.float64))
    if isinstance(fmt, IntFormat):
        return np.ones_like(magnitude)
    if isinstance(fmt, FloatFormat):
        _, exponent = np.frexp(magnitude)
        exponent = np.clip(exponent - 1, fmt.min_exponent, fmt.max_exponent)
        return np.ldexp(1.0, exponent - fmt.mantissa_bits)
    points = finite_values(fmt)
    index = np.searchsorted(points, np.asarray(values, dtype=np.float64), side="right")
    return np.diff(points)[np.clip(index - 1, 0, len(points) - 2)]


def ulp_errors(exact: ArrayLike, approximate: ArrayLike, fmt: Format | str) -> UlpErrors:
    """Return the largest and the mean of |approximate - exact| in ulps of `fmt` at the exact."""
    x, y = np.asarray(exact, dtype=np.float64), np.asarray(approximate, dtype=np.float64)
    errors = np.abs(y - x) / ulps(x, fmt)
    return UlpErrors(float(np.max(errors)), float(np.mean(errors)))


class DynamicRange(NamedTuple):
    """Least and largest positive value, and 20 log10 of their ratio."""

    least: float
    largest: float
    decibels: float


def dynamic_range(fmt: Format | str) -> DynamicRange:
    """Return the dynamic range of a scalar format, subnormals included."""
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if isinstance(fmt, IntFormat):
        least, top = 1.0, float(fmt.max_value)
    elif fmt.bits <= _TABLE_BITS:
        positive = finite_values(fmt)
        positive = positive[positive > 0]
        least, top = float(positive[0]), float(positive[-1])
    else:
        _check_range(fmt)
        # In every kind of format the codes from 1 on are the positive values in order.
        least, top = float(decode([1], fmt)[0]), largest(fmt)
    return DynamicRange(least, top, 20 * (math.log10(top) - math.log10(least)))


def bits_per_value(fmt: Format | str) -> float:
    """Return the bits that a value takes, its share of the block's scale included.

    Scales of whole tensors or channels are not counted.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    return fmt.bits_per_value if isinstance(fmt, BlockFormat) else float(fmt.bits)


def toggles(
    codes: ArrayLike, fmt: Format | str, edges: Literal["rising", "both"] = "both"
) -> float:
    """Return how many wires change on average from one code of a stream to the next.

    Parameters
    ----------
    codes
        The stream: a one-axis array, sent one after the other on as many wires as there are bits.
    fmt
        Format of the codes.
    edges
        Count all changes, or only those from 0 to 1, which take charge from the supply: for random
        bits half and a quarter of the wires, 3.5 and 1.75 of 7.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    stream = as_codes(codes, fmt)
    if stream.ndim != 1 or len(stream) < 2:
        raise ValueError(f"a stream is two codes or more on one axis, not shape {stream.shape}")
    changed = stream[1:] ^ stream[:-1]
    if edges == "rising":
        changed &= stream[1:]
    return float(np.mean(np.bitwise_count(changed)))


def pulses(codes: ArrayLike) -> float:
    """Return the mean number of pulses that sends unsigned integers as spikes, one for each unit.

    Every pulse rises once, so this compares with the rising `toggles`.
    """
    return float(np.mean(np.asarray(codes, dtype=np.float64)))
