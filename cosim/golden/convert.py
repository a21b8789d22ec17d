"""Codes into codes: conversion between formats, classification, exchange with ml_dtypes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import INFINITE, NAN, NEGATIVE, SIGNALING, ZERO, Operand, as_codes
from cosim.golden.encoder import encode
from cosim.golden.stochastic import Random
from cosim.golden.values import as_codes_of, decode, fits_double
from hdl.formats import FloatFormat, Format, FormatError, IntFormat, aliases, parse_format

__all__ = [
    "INFINITE",
    "NAN",
    "NEGATIVE",
    "SIGNALING",
    "SUBNORMAL",
    "ZERO",
    "classify",
    "convert",
    "from_ml_dtypes",
    "model",
    "to_ml_dtypes",
]

SUBNORMAL = np.uint8(32)
"""Bit of `classify` beside those of `cosim.golden.codec`."""


def convert(
    codes: ArrayLike,
    source: Format | str,
    target: Format | str,
    *,
    rounding: str = "rne",
    overflow: str | None = None,
    subnormals: str = "ieee",
    random: Random | None = None,
) -> NDArray[Any]:
    """Return the codes in one format of what are codes in another, rounded once.

    Parameters
    ----------
    codes
        Of `source`, of any shape.
    source, target
        Scalar formats or their names.
    rounding, overflow, subnormals, random
        As in `encode`; subnormal operands are flushed too.

    Raises
    ------
    FormatError
        If the values of `source` leave the range of float64.
    """
    source = parse_format(source) if isinstance(source, str) else source
    if not isinstance(source, IntFormat) and not fits_double(source):
        raise FormatError(f"{source.name}: its exponents leave the range of float64")
    # float64 holds every value exactly, and int64 those of wide integers: nothing is rounded yet.
    values = decode(codes, source)
    if subnormals == "flush":
        tiny = (classify(codes, source) & SUBNORMAL) > 0
        values = np.where(tiny, np.copysign(0, values), values).astype(values.dtype)
    return encode(
        values,
        target,
        rounding=rounding,
        overflow=overflow,
        subnormals=subnormals,
        random=random,
    )


def classify(codes: ArrayLike, fmt: Format | str) -> NDArray[np.uint8]:
    """Return what codes are: an or of `NEGATIVE`, `ZERO`, `SUBNORMAL`, `INFINITE`, `NAN` each.

    A signaling NaN of an IEEE-like format has `SIGNALING` too. `NEGATIVE` is the sign, of zeros and
    NaN as well.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    array = as_codes(codes, fmt)
    if isinstance(fmt, IntFormat):
        return Operand(array, fmt).traits()
    if isinstance(fmt, FloatFormat):
        magnitude = array & array.dtype.type(fmt.magnitude_mask)
        tiny = (magnitude > 0) & (magnitude < 1 << fmt.mantissa_bits)
        return Operand(array, fmt).traits() | np.where(tiny, SUBNORMAL, np.uint8(0))
    values = decode(array, fmt)
    kinds = np.where(np.signbit(values), NEGATIVE, np.uint8(0))
    kinds |= np.where(values == 0, ZERO, np.uint8(0))
    return np.where(np.isnan(values), NAN, kinds)


def from_ml_dtypes(array: NDArray[Any]) -> tuple[NDArray[Any], Format]:
    """Return the codes in an array of one of ml_dtypes' or numpy's types, and their format.

    The codes of a type of whole bytes are a view, not a copy.
    """
    fmt = parse_format(array.dtype.name)
    return as_codes_of(array, fmt), fmt


def to_ml_dtypes(codes: NDArray[Any], fmt: Format | str) -> NDArray[Any]:
    """Return codes as an array of the type that ml_dtypes or numpy has for their format, a view.

    Raises
    ------
    TypeError
        If there is none; those of ml_dtypes are there once it has been imported.
    """
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    for name in [fmt.name] if isinstance(fmt, IntFormat) else aliases(fmt):
        try:
            dtype = np.dtype(name)
        except TypeError:
            continue
        return as_codes(codes, fmt).view(dtype)
    raise TypeError(f"no numpy type for {fmt.name}; is ml_dtypes imported?")


def model(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what the unit of these normalised parameters answers to the operands' codes."""
    source, random_bits = params["x"], params["random_bits"]
    random = None if random_bits is None else Random(operands["rnd"], random_bits)
    codes = operands["x"]
    if random is not None and isinstance(parse_format(source), IntFormat):
        # Stochastic rounding starts from floats, and float64 holds these integers.
        values = decode(codes, source).astype(np.float64)
        codes = encode(
            values,
            params["y"],
            rounding=params["rounding"],
            overflow=params["overflow"],
            subnormals=params["subnormals"],
            random=random,
        )
        return {"y": codes}
    codes = convert(
        codes,
        source,
        params["y"],
        rounding=params["rounding"],
        overflow=params["overflow"],
        subnormals=params["subnormals"],
        random=random,
    )
    return {"y": codes}
