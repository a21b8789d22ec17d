"""Values into codes of any scalar format, with one rounding, a few passes over the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden import codec, lognum
from cosim.golden.binades import DOUBLE, SINGLE, fits_single
from cosim.golden.kernels import kernel_of, tabulated_kernel_of
from cosim.golden.rounding import ROUNDINGS
from cosim.golden.stochastic import Random
from cosim.golden.values import as_values, fits_double
from hdl.formats import (
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

__all__ = ["encode"]

_CHUNK = 1 << 15
"""Elements worked on at a time: all temporaries of a chunk stay in the level-2 cache."""


def encode(
    values: ArrayLike,
    fmt: Format | str,
    *,
    rounding: str = "rne",
    overflow: str | None = None,
    subnormals: str = "ieee",
    random: Random | None = None,
) -> NDArray[Any]:
    """Return the codes of the values, rounded once into a format.

    Parameters
    ----------
    values
        Floats (float64 or narrower, ml_dtypes' types too) or integers of any shape.
    fmt
        Any scalar format or its name.
    rounding
        ``rne``, ``rtz``, ``rup``, ``rdn``, ``rna`` or ``stochastic``. A format without even codes
        (of one significand bit, log numbers, codebooks) rounds ties to the larger magnitude; log
        numbers go to the nearest *logarithm*; posits know ``rne``, which never gives zero or NaR
        for a real that is not zero, and ``stochastic``.
    overflow
        ``ieee`` (the default of floats and e8m0) or ``saturate`` (that of all others, which have no
        infinity), as in the units; ``wrap`` for integers into an integer format.
    subnormals
        ``ieee`` or ``flush``: results below the normal numbers of a float become zero.
    random
        The words of ``stochastic``.

    Returns
    -------
    NDArray
        Unsigned codes of the smallest type that holds them, in the shape of `values`.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    array = as_values(values)
    _check(
        fmt,
        array,
        rounding=rounding,
        overflow=overflow,
        subnormals=subnormals,
        random=random,
    )
    overflow = overflow or ("ieee" if isinstance(fmt, FloatFormat | PowerFormat) else "saturate")
    if isinstance(fmt, IntFormat | FloatFormat) and (
        array.dtype.kind != "f" or fmt.bits > 32 or not fits_double(fmt)
    ):
        if rounding == "stochastic":
            raise ValueError(f"rounding = 'stochastic': not for {array.dtype} into {fmt.name}")
        return codec.encode(array, fmt, rounding=rounding, overflow=overflow, subnormals=subnormals)
    if array.dtype.kind != "f":
        array = _round_to_odd(array)
    flat = array.ravel()
    words = None if random is None else np.broadcast_to(random.words, array.shape).ravel()
    codes = np.empty(flat.shape, dtype=codec.code_dtype(fmt.bits))
    narrow = flat.dtype != np.float64 and random is None and _narrow(fmt)
    layout = SINGLE if narrow else DOUBLE
    options = (fmt, rounding, overflow, subnormals == "flush", layout)
    kernel = kernel_of(*options)
    # A table takes milliseconds to make.
    if narrow and len(flat) >= _CHUNK:
        kernel = tabulated_kernel_of(*options)
    for start in range(0, len(flat), _CHUNK):
        part = slice(start, start + _CHUNK)
        chunk = flat[part].astype(np.float32 if narrow else np.float64, copy=False)
        if random is None or words is None:
            codes[part] = kernel(chunk, None, 0)
        else:
            codes[part] = kernel(chunk, words[part].astype(np.int64), random.bits)
    return codes.reshape(array.shape)


def _check(
    fmt: Format,
    array: NDArray[Any],
    *,
    rounding: str,
    overflow: str | None,
    subnormals: str,
    random: Random | None,
) -> None:
    if not isinstance(
        fmt,
        IntFormat
        | FloatFormat
        | FixedFormat
        | SignMagnitudeFormat
        | PowerFormat
        | LogFormat
        | PositFormat
        | CodebookFormat,
    ):
        raise FormatError(f"{fmt.name}: {fmt.kind} formats have no codes of single values")
    if isinstance(fmt, PositFormat):
        roundings: tuple[str, ...] = ("rne", "stochastic")
    else:
        roundings = (*ROUNDINGS, "stochastic")
    overflows = ["saturate"]
    if isinstance(fmt, FloatFormat | PowerFormat):
        overflows.append("ieee")
    elif isinstance(fmt, IntFormat) and array.dtype.kind != "f":
        overflows.append("wrap")
    for key, value, choices in (
        ("rounding", rounding, roundings),
        ("overflow", overflow or "saturate", overflows),
        ("subnormals", subnormals, ("ieee", "flush")),
    ):
        if value not in choices:
            raise ValueError(f"{key} = {value!r}: for {fmt.name} it is {' or '.join(choices)}")
    if (rounding == "stochastic") != (random is not None):
        raise ValueError("random words come with rounding = 'stochastic', and only with it")


def _round_to_odd(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return integers as float64 whose last bit says whether something was cut off.

    A second rounding to 51 bits or fewer then gives what one rounding would have.
    """
    wide = values.astype(np.uint64 if values.dtype.kind == "u" else np.int64)
    odd = (wide >> 11) | ((wide & 2047) > 0)
    small = ((wide >> 53) == 0) | ((wide >> 53) == -1)
    return np.where(small, wide.astype(np.float64), np.ldexp(odd.astype(np.float64), 11))


def _narrow(fmt: Format) -> bool:
    if isinstance(fmt, LogFormat):
        return lognum.fits_single(fmt)
    return isinstance(fmt, CodebookFormat) or fits_single(fmt)
