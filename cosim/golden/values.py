"""Codes of any scalar format into values, by table where a table is small."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden import codec
from cosim.golden.codebook import decode_codebook
from cosim.golden.lognum import decode_log
from cosim.golden.posit import decode_posit
from hdl.formats import (
    BlockFormat,
    CodebookFormat,
    FixedFormat,
    FloatFormat,
    Format,
    FormatError,
    IntFormat,
    LogFormat,
    PositFormat,
    PowerFormat,
    SignMagnitudeFormat,
    parse_format,
)

__all__ = ["as_codes_of", "as_values", "decode", "fits_double", "largest"]

_TABLE_BITS = 16
_CHUNK = 1 << 15


def fits_double(fmt: Format) -> bool:
    """Return whether float64 holds all values of `fmt` (of log numbers: all but their tails)."""
    if isinstance(fmt, IntFormat):
        return fmt.bits <= 53
    if isinstance(fmt, FloatFormat):
        return fmt.max_exponent <= 1023 and fmt.min_exponent >= -1022
    return True


def decode(codes: ArrayLike, fmt: Format | str) -> NDArray[Any]:
    """Return the values of codes.

    Parameters
    ----------
    codes
        Unsigned integers of any shape.
    fmt
        Any scalar format or its name.

    Returns
    -------
    NDArray
        In the shape of `codes`: int64 for an integer format (uint64 for ``uint64``), else float64.
        Exact, but for log numbers (the nearest float64) and floats whose exponents leave the range
        of float64.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if isinstance(fmt, BlockFormat):
        raise FormatError(f"{fmt.name}: block formats have no values of single codes")
    array = codec.as_codes(codes, fmt)
    if isinstance(fmt, IntFormat) or not fits_double(fmt):
        return codec.decode(array, fmt)
    if fmt.bits <= _TABLE_BITS:
        return _table(fmt).take(array)
    flat = array.ravel()
    values = np.empty(flat.shape)
    for start in range(0, len(flat), _CHUNK):
        values[start : start + _CHUNK] = _decode(flat[start : start + _CHUNK], fmt)
    return values.reshape(array.shape)


def as_values(values: ArrayLike) -> NDArray[Any]:
    """Return `values` as an array of numpy's own integers or floats.

    Arrays of ml_dtypes' types are decoded as the format of that name.

    Raises
    ------
    ValueError
        If they are no numbers, or of a type wider than 64 bits.
    """
    array = np.asarray(values)
    if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8:
        return array
    try:
        fmt = parse_format(array.dtype.name)
    except FormatError:
        raise ValueError(f"values are integers or floats, not {array.dtype}") from None
    return decode(as_codes_of(array, fmt), fmt)


def as_codes_of(array: NDArray[Any], fmt: Format) -> NDArray[Any]:
    """Return the codes in an array of ml_dtypes' type for `fmt`, without a copy for whole bytes."""
    codes = array.view(codec.code_dtype(fmt.bits))
    mask = (1 << fmt.bits) - 1
    return codes if fmt.bits == codes.itemsize * 8 else codes & codes.dtype.type(mask)


def largest(fmt: Format) -> float:
    """Return the largest finite value of a scalar format."""
    if isinstance(fmt, CodebookFormat):
        return max(fmt.values)
    if isinstance(fmt, IntFormat | SignMagnitudeFormat):
        return float(fmt.max_value)
    if isinstance(fmt, FixedFormat):
        return float(np.ldexp(fmt.max_integer, -fmt.fraction_bits))
    assert isinstance(fmt, FloatFormat | PowerFormat | LogFormat | PositFormat)
    return float(decode(np.array([fmt.max_code]), fmt)[0])


@lru_cache(maxsize=64)
def _table(fmt: Format) -> NDArray[np.float64]:
    codes = np.arange(1 << fmt.bits).astype(codec.code_dtype(fmt.bits))
    values = _decode(codes, fmt)
    values.flags.writeable = False
    return values


def _decode(codes: NDArray[Any], fmt: Format) -> NDArray[np.float64]:
    match fmt:
        case FloatFormat():
            return _decode_float(codes, fmt)
        case FixedFormat():
            integer = IntFormat(fmt.bits, fmt.signed) if fmt.bits > 1 or not fmt.signed else fmt
            return np.ldexp(codec.decode(codes, integer).astype(np.float64), -fmt.fraction_bits)
        case SignMagnitudeFormat():
            magnitude = (codes & codes.dtype.type(fmt.max_value)).astype(np.float64)
            return np.where(codes > fmt.max_value, -magnitude, magnitude)
        case PowerFormat():
            values = np.ldexp(1.0, codes.astype(np.int64) - fmt.bias)
            return np.where(codes == fmt.nan_code, np.nan, values)
        case LogFormat():
            return decode_log(codes, fmt)
        case PositFormat():
            return decode_posit(codes, fmt)
        case CodebookFormat():
            return decode_codebook(codes, fmt)
        case _:
            raise FormatError(f"{fmt.name}: no codec for {fmt.kind} formats")


def _decode_float(codes: NDArray[Any], fmt: FloatFormat) -> NDArray[np.float64]:
    if fmt.exponent_bits == 11:
        return codec.decode(codes, fmt)
    # Read as the bits of a float64 the magnitude has the wrong bias, and nothing else wrong.
    magnitude = codes.astype(np.int64) & fmt.magnitude_mask
    values = (magnitude << (52 - fmt.mantissa_bits)).view(np.float64) * 2.0 ** (1023 - fmt.bias)
    if fmt.has_inf:
        values = np.where(magnitude == fmt.inf_code, np.inf, values)
    if fmt.specials in ("ieee", "fn"):
        values = np.where(
            magnitude > (fmt.inf_code if fmt.has_inf else fmt.max_code), np.nan, values
        )
    values = np.where(codes > fmt.magnitude_mask, -values, values)
    if fmt.specials == "fnuz":
        values = np.where(codes == fmt.nan_code, np.nan, values)
    return values
