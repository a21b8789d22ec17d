"""Codebook and posit operands: the numbers that a multiplier meets in their place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.golden import codec, encoder, posit
from cosim.golden.rounding import NumberFormat
from hdl.formats import CodebookFormat, FixedFormat, FloatFormat, Format, FormatError, PositFormat

__all__ = ["Factor", "factor"]


class Factor(NamedTuple):
    """An operand of a product.

    Attributes
    ----------
    fmt
        Format of the numbers that are multiplied.
    table
        Their codes by the codes of a codebook or posit; None where the operand is such a number
        itself.
    """

    fmt: NumberFormat
    table: NDArray[Any] | None

    def numbers(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Return codes in `fmt` for those of the operand, in the same shape."""
        return codes if self.table is None else self.table.take(codes)


def factor(fmt: Format, table: Format | None) -> Factor:
    """Return what is multiplied for an operand of a format.

    Parameters
    ----------
    fmt
        A number format, a posit, or a codebook.
    table
        With a codebook: format into which its entries are rounded, to nearest even and saturating;
        a float, an integer, or fixed point. None otherwise.

    Returns
    -------
    Factor
        Fixed-point entries come as floats of which all but zero are normal, so that nothing takes
        them for subnormals; posits likewise as floats that hold them exactly.
    """
    if isinstance(fmt, PositFormat) and table is None:
        return _posit(fmt)
    if not isinstance(fmt, CodebookFormat):
        if table is not None:
            raise FormatError(f"{fmt.name} has no entries to be rounded to {table.name}")
        return Factor(codec.as_format(fmt), None)
    if table is None:
        raise FormatError(f"{fmt.name} needs a format of its entries")
    entries = np.array(fmt.values)
    rounded = encoder.encode(entries, table, rounding="rne", overflow="saturate")
    if not isinstance(table, FixedFormat):
        return Factor(codec.as_format(table), rounded)
    # From 2^-F, the least exponent, up to that of the leading bit: as many as there are bits.
    bits, fraction_bits = table.bits, table.fraction_bits
    number = FloatFormat((bits + 1).bit_length(), bits - 1, 1 + fraction_bits)
    sign = 1 << (bits - 1) if table.signed else 0
    units = rounded.astype(np.int64)
    values = np.ldexp((units ^ sign) - np.int64(sign), -fraction_bits)
    return Factor(number, codec.encode(values, number))


def _posit(fmt: PositFormat) -> Factor:
    """Return the float that holds all values of a posit as normal numbers, and NaR as its NaN."""
    # Without regime there are 3 bits of sign and shortest regime, and the exponent's.
    fraction_bits = max(1, fmt.width - 3 - fmt.exponent_size)
    # One exponent more than there are, at the top, so that none of them meets the NaN.
    exponent_bits = (2 * fmt.max_exponent + 2).bit_length()
    number = FloatFormat(exponent_bits, fraction_bits, fmt.max_exponent + 1, specials="fn")
    values = posit.decode_posit(np.arange(1 << fmt.bits), fmt)
    return Factor(number, codec.encode(values, number))
