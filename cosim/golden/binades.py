"""Where the binades of float inputs lie among the codes of a format: what makes encoding fast.

Within one binade the code of a number, before rounding, is a linear function of its significand:
the bits of an IEEE number are a fixed-point logarithm with straight segments, and so are the codes
of integers, floats and posits. Three small tables, indexed by the exponent field of the input,
turn encoding into a subtraction, a rounding shift and an addition.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdl.formats import (
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    PositFormat,
    PowerFormat,
    SignMagnitudeFormat,
)

__all__ = ["DOUBLE", "SINGLE", "Binades", "Layout", "binades", "fits_single"]

Ints = NDArray[np.int64]


class Layout(NamedTuple):
    """The bits of an input: float32 or float64.

    Attributes
    ----------
    integer
        Signed integer type of the same width.
    mantissa_bits, bias
        As of any float format.
    fields
        Number of exponent fields.
    largest_shift
        Bits by which a significand can be shifted left without losing its top.
    """

    integer: np.dtype[Any]
    mantissa_bits: int
    bias: int
    fields: int
    largest_shift: int


SINGLE = Layout(np.dtype(np.int32), 23, 127, 256, 30)
DOUBLE = Layout(np.dtype(np.int64), 52, 1023, 2048, 62)


class Binades(NamedTuple):
    """The code of a magnitude with exponent field f, to be rounded to an integer.

    ``base[f] + (bits - subtract[f]) / 2^shift[f]``, where `bits` are those of the input without
    its sign. An even `base` leaves the parity of the code to the quotient.
    """

    subtract: NDArray[Any]
    base: NDArray[Any]
    shift: NDArray[Any]


def fits_single(fmt: Format) -> bool:
    """Return whether float32 inputs can be encoded into `fmt` without going through float64."""
    if fmt.bits >= SINGLE.integer.itemsize * 8:
        return False
    if isinstance(fmt, FloatFormat):
        return fmt.mantissa_bits <= SINGLE.mantissa_bits and fmt.min_exponent >= 1 - SINGLE.bias
    if isinstance(fmt, PositFormat):
        fraction_bits = fmt.width - 3 - fmt.exponent_size
        return fraction_bits <= SINGLE.mantissa_bits and fmt.max_exponent < SINGLE.bias
    return not isinstance(fmt, PowerFormat) and fmt.bits <= SINGLE.mantissa_bits


def binades(fmt: Format, layout: Layout) -> Binades:
    """Return the tables of a format.

    Parameters
    ----------
    fmt
        Any scalar format but log numbers and codebooks.
    layout
        `SINGLE` only where `fits_single`.
    """
    tables = _tables(fmt, layout)
    return Binades(*(table.astype(layout.integer) for table in tables))


def _tables(fmt: Format, layout: Layout) -> Binades:
    field = np.arange(layout.fields)
    exponent = np.maximum(field, 1) - layout.bias
    if isinstance(fmt, FloatFormat):
        return _float(fmt.min_exponent, fmt.mantissa_bits, field, exponent, layout)
    if isinstance(fmt, PowerFormat):
        # Its codes are those of a float without subnormals, less one: 2^-bias is code 0.
        tables = _float(-fmt.bias, 0, field, exponent, layout)
        return tables._replace(base=tables.base - 1)
    if isinstance(fmt, PositFormat):
        return _posit(fmt, field, exponent, layout)
    assert isinstance(fmt, IntFormat | FixedFormat | SignMagnitudeFormat)
    ulp = -fmt.fraction_bits if isinstance(fmt, FixedFormat) else 0
    return _linear(ulp, field, exponent, layout)


def _hidden(field: Ints, layout: Layout) -> Ints:
    """Return what turns magnitude bits into a significand: all of the field but the hidden bit."""
    return np.maximum(field - 1, 0) << layout.mantissa_bits


def _float(
    min_exponent: int, mantissa_bits: int, field: Ints, exponent: Ints, layout: Layout
) -> Binades:
    binade = np.maximum(exponent, min_exponent)
    shift = (binade - mantissa_bits) - (exponent - layout.mantissa_bits)
    return Binades(_hidden(field, layout), (binade - min_exponent) << mantissa_bits, shift)


def _linear(ulp: int, field: Ints, exponent: Ints, layout: Layout) -> Binades:
    shift = ulp - (exponent - layout.mantissa_bits)
    # A significand that would have to be shifted left is beyond every format of 32 bits.
    beyond = np.where(shift < 0, 1 << (layout.largest_shift - 1), 0)
    return Binades(_hidden(field, layout), beyond, np.maximum(shift, 0))


def _posit(fmt: PositFormat, field: Ints, exponent: Ints, layout: Layout) -> Binades:
    size = fmt.exponent_size
    run = exponent >> size
    # A run of zeros ends with a one, a run of ones with a zero.
    length = np.where(run < 0, 1 - run, run + 2)
    regime = np.where(run < 0, 1, (2 << np.clip(run + 1, 0, 40)) - 2)
    word = regime << size | exponent & ((1 << size) - 1)
    room = fmt.width - 1 - length
    # Of the exponent, `cut` bits find no room (a negative number: so many fraction bits do).
    cut = size - room
    # What is cut off, and the lowest bit that is not, whose parity decides ties.
    top = np.maximum(cut, -1) + 1
    base = np.where(
        cut < 0, word << np.clip(-cut, 0, 40), (word >> top) << top >> np.maximum(cut, 0)
    )
    lead = word & ((1 << top) - 1)
    inside = room >= 0
    least, largest = exponent < 0, fmt.max_code
    return Binades(
        (field - np.where(inside, lead, 0)) << layout.mantissa_bits,
        np.where(inside, base, np.where(least, 1, largest)),
        np.where(inside, layout.mantissa_bits + cut, layout.largest_shift),
    )
