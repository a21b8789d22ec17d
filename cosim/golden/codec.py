"""Codes to values and back: what each bit pattern of a format stands for, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.rounding import NumberFormat, Target, round_float, round_int
from hdl.formats import FloatFormat, Format, FormatError, IntFormat, parse_format

__all__ = [
    "INFINITE",
    "NAN",
    "NEGATIVE",
    "SIGNALING",
    "ZERO",
    "Operand",
    "Span",
    "Unpacked",
    "as_codes",
    "as_format",
    "code_dtype",
    "decode",
    "encode",
    "span_of",
]

Codes = NDArray[np.unsignedinteger[Any]]

NEGATIVE = np.uint8(1)
ZERO = np.uint8(2)
INFINITE = np.uint8(4)
NAN = np.uint8(8)
SIGNALING = np.uint8(16)
"""Bits of `Operand.traits`; a signaling NaN has `NAN` set too."""

_TABLE_BITS = 16
"""Formats up to this width are decoded by table: 65536 entries still sit in a level-2 cache."""


class Unpacked(NamedTuple):
    """Values as ``significand * 2^exponent``; infinities and NaN have significand 0.

    Attributes
    ----------
    significand
        Signed, with the hidden bit of normal numbers; an integer is its own significand.
    exponent
        Weight of the lowest significand bit, as a power of two.
    """

    significand: NDArray[np.int64]
    exponent: NDArray[np.int64]


class Span(NamedTuple):
    """The fixed-point word that holds every finite value of a format.

    Attributes
    ----------
    exponent
        Weight of the lowest bit: every value is a multiple of ``2^exponent``.
    magnitude
        Largest absolute value, in units of ``2^exponent``.
    """

    exponent: int
    magnitude: int


@dataclass(frozen=True)
class Operand:
    """An array of codes with what they mean.

    Parameters
    ----------
    codes
        Unsigned codes of any shape.
    fmt
        Their format.
    flush
        Whether subnormals count as zeros.
    """

    codes: NDArray[Any]
    fmt: NumberFormat
    flush: bool = False

    @property
    def span(self) -> Span:
        """The fixed-point word that holds every finite value of the format."""
        return span_of(self.fmt)

    @property
    def precision(self) -> int:
        """Largest number of bits in a significand."""
        return self.fmt.bits if isinstance(self.fmt, IntFormat) else self.fmt.precision

    def __getitem__(self, rows: Any) -> Operand:
        return Operand(self.codes[rows], self.fmt, self.flush)

    def unpack(self) -> Unpacked:
        """Split into signed significands and exponents; not for ``uint64``, which int64 lacks."""
        if self.fmt.bits > _TABLE_BITS:
            return _unpack(self.codes, self.fmt, self.flush)
        significand, exponent = _unpack_table(self.fmt, self.flush)
        return Unpacked(significand.take(self.codes), exponent.take(self.codes))

    def traits(self) -> NDArray[np.uint8]:
        """Classify: an or of `NEGATIVE`, `ZERO`, `INFINITE`, `NAN` and `SIGNALING` each."""
        if self.fmt.bits > _TABLE_BITS:
            return _traits(self.codes, self.fmt, self.flush)
        return _traits_table(self.fmt, self.flush).take(self.codes)

    def is_special(self) -> NDArray[np.bool_] | None:
        """Tell which codes are infinite or NaN; None where the format has neither."""
        fmt = self.fmt
        if isinstance(fmt, IntFormat) or fmt.specials == "none":
            return None
        if fmt.specials == "fnuz":
            return self.codes == fmt.sign_mask
        return (self.codes & self.codes.dtype.type(fmt.magnitude_mask)) > fmt.max_code

    def fixed_point(self, exponent: int) -> NDArray[np.int64]:
        """Return the values in units of ``2^exponent``, which must divide all of them exactly.

        Infinities and NaN give 0. The caller sees to it that `span` at `exponent` fits into int64.
        """
        if self.fmt.bits > _TABLE_BITS:
            values = self.unpack()
            return values.significand << (values.exponent - exponent)
        return _fixed_point_table(self.fmt, exponent, self.flush).take(self.codes)


def as_format(fmt: Format | str) -> NumberFormat:
    """Return `fmt` itself, or the format of that name; integers and floats only."""
    fmt = parse_format(fmt) if isinstance(fmt, str) else fmt
    if not isinstance(fmt, IntFormat | FloatFormat):
        raise FormatError(f"{fmt.name}: no golden model for {fmt.kind} formats")
    return fmt


def code_dtype(bits: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the smallest of uint8, uint16, uint32 and uint64 that holds `bits` bits."""
    width = next(width for width in (8, 16, 32, 64) if bits <= width)
    return np.dtype(f"uint{width}")


def as_codes(codes: ArrayLike, fmt: Format) -> Codes:
    """Return `codes` as an unsigned array of the dtype that `fmt` travels in.

    Raises
    ------
    ValueError
        If they are not integers or one does not fit into the format's bits.
    """
    array = np.asarray(codes)
    dtype = code_dtype(fmt.bits)
    if array.dtype == dtype and dtype.itemsize * 8 == fmt.bits:
        return array
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"codes of {fmt.name} are integers, not {array.dtype}")
    if array.size and (int(array.min()) < 0 or int(array.max()) >= 1 << fmt.bits):
        raise ValueError(
            f"codes of {fmt.name} are 0 to {(1 << fmt.bits) - 1}, "
            f"not {int(array.min())} to {int(array.max())}"
        )
    return array.astype(dtype, copy=False)


def decode(codes: ArrayLike, fmt: Format | str) -> NDArray[Any]:
    """Return the values of codes.

    Parameters
    ----------
    codes
        Unsigned integers of any shape.
    fmt
        Format or its name.

    Returns
    -------
    NDArray
        float64 for a float format (exact wherever the value lies in float64's range, which only
        floats of 11 exponent bits or an unusual bias can leave); int64 for an integer one, uint64
        for ``uint64``.
    """
    fmt = as_format(fmt)
    array = as_codes(codes, fmt)
    if isinstance(fmt, IntFormat):
        return array if fmt.name == "uint64" else Operand(array, fmt).unpack().significand
    operand = Operand(array, fmt)
    significand, exponent = operand.unpack()
    kinds = operand.traits()
    with np.errstate(over="ignore", under="ignore"):
        values = np.ldexp(np.abs(significand).astype(np.float64), exponent)
    values = np.where(kinds & INFINITE, np.inf, np.where(kinds & NAN, np.nan, values))
    return np.where(kinds & NEGATIVE, -values, values)


def encode(
    values: ArrayLike,
    fmt: Format | str,
    *,
    rounding: str = "rne",
    overflow: str | None = None,
    subnormals: str = "ieee",
) -> Codes:
    """Return the codes of the values, rounded once into a format.

    Parameters
    ----------
    values
        Floats (float64 or narrower) or integers (64 bits at most) of any shape.
    fmt
        Format or its name. One without a sign gives 0 for what is below 0.
    rounding, overflow, subnormals
        As in the units. `overflow` is by default ``ieee`` for a float format and ``saturate``
        for an integer one; ``wrap`` needs integer `values`.
    """
    fmt = as_format(fmt)
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ValueError(f"values to encode are integers or floats, not {array.dtype}")
    target = Target(
        fmt,
        rounding,
        overflow or ("saturate" if isinstance(fmt, IntFormat) else "ieee"),
        subnormals,
        integers=array.dtype.kind != "f",
    )
    flat = array.ravel()
    if array.dtype.kind == "f":
        codes = _encode_floats(flat.astype(np.float64), target)
    else:
        codes = _encode_integers(flat, target)
    return codes.astype(code_dtype(fmt.bits)).reshape(array.shape)


def _encode_floats(values: NDArray[np.float64], target: Target) -> NDArray[np.uint64]:
    numbers = np.where(np.isfinite(values), values, 0.0)
    negative = np.signbit(values)
    if isinstance(target.fmt, IntFormat):
        fraction, whole = np.modf(np.abs(numbers))
        # Classes of the fraction as round_int wants them, above the floor.
        kind = (fraction > 0).astype(np.int64) + (fraction >= 0.5) + (fraction > 0.5)
        down = negative & (fraction > 0)
        kind = np.where(down, 4 - kind, kind)
        low = np.fmod(whole, 2.0**32).astype(np.int64)
        high = np.minimum(np.floor(whole / 2.0**32), 2.0**62).astype(np.int64)
        sign = np.where(negative, -1, 1)
        low = sign * low - down
        rounded = round_int(sign * high + (low >> 32), low & 0xFFFF_FFFF, kind, target)
    else:
        fraction, exponent = np.frexp(numbers)
        significand = np.ldexp(fraction, 53).astype(np.int64)
        rounded = round_float(significand, exponent.astype(np.int64) - 53, target)
    codes = rounded.codes
    codes[(numbers == 0) & negative] = target.zero_code(True)
    codes[np.isnan(values)] = target.nan_code
    codes[np.isposinf(values)] = target.infinity_code(False)
    codes[np.isneginf(values)] = target.infinity_code(True)
    return codes


def _encode_integers(values: NDArray[Any], target: Target) -> NDArray[np.uint64]:
    if values.dtype.kind == "u":
        wide = values.astype(np.uint64)
        high, low = (wide >> 32).astype(np.int64), (wide & 0xFFFF_FFFF).astype(np.int64)
    else:
        high, low = values.astype(np.int64) >> 32, values.astype(np.int64) & 0xFFFF_FFFF
    if isinstance(target.fmt, IntFormat):
        return round_int(high, low, np.zeros_like(low), target).codes
    # 61 bits hold what matters of 64: the lowest of them stands for all below (round to odd).
    small = np.abs(high) < 1 << 28
    word = np.where(small, high << 32 | low, high << 28 | low >> 4 | ((low & 15) > 0))
    return round_float(word, np.where(small, 0, 4), target).codes


def _unpack(codes: NDArray[Any], fmt: NumberFormat, flush: bool) -> Unpacked:
    code = codes.astype(np.int64)
    if isinstance(fmt, IntFormat):
        sign = 64 - fmt.bits if fmt.signed else 0
        return Unpacked((code << sign) >> sign, np.zeros_like(code))
    field = (code & fmt.magnitude_mask) >> fmt.mantissa_bits
    mantissa = code & ((1 << fmt.mantissa_bits) - 1)
    normal = field > 0
    significand = np.where(normal, mantissa | 1 << fmt.mantissa_bits, 0 if flush else mantissa)
    significand[(_traits(codes, fmt, flush) & (INFINITE | NAN)) > 0] = 0
    significand = np.where(code & fmt.sign_mask, -significand, significand)
    return Unpacked(significand, np.maximum(field, 1) - 1 + fmt.min_ulp_exponent)


def _traits(codes: NDArray[Any], fmt: NumberFormat, flush: bool) -> NDArray[np.uint8]:
    if isinstance(fmt, IntFormat):
        negative = codes >> (fmt.bits - 1) if fmt.signed else np.zeros_like(codes)
        return np.where(negative, NEGATIVE, 0).astype(np.uint8) | np.where(codes, 0, ZERO)
    magnitude = codes & codes.dtype.type(fmt.magnitude_mask)
    kinds = np.where(codes > fmt.magnitude_mask, NEGATIVE, np.uint8(0))
    kinds |= np.where(magnitude < (1 << fmt.mantissa_bits if flush else 1), ZERO, np.uint8(0))
    if fmt.specials == "ieee":
        quiet = 1 << (fmt.mantissa_bits - 1)
        kinds |= np.where(magnitude == fmt.inf_code, INFINITE, np.uint8(0))
        kinds |= np.where(magnitude > fmt.inf_code, NAN, np.uint8(0))
        if fmt.has_signaling_nan:
            signaling = (magnitude > fmt.inf_code) & ((codes & codes.dtype.type(quiet)) == 0)
            kinds |= np.where(signaling, SIGNALING, np.uint8(0))
    elif fmt.specials == "fn":
        kinds |= np.where(magnitude == fmt.magnitude_mask, NAN, np.uint8(0))
    elif fmt.specials == "fnuz":
        kinds[codes == fmt.sign_mask] = NAN
    return kinds


@lru_cache(maxsize=64)
def span_of(fmt: NumberFormat) -> Span:
    """Return the fixed-point word that holds every finite value of a format."""
    if isinstance(fmt, IntFormat):
        return Span(0, max(fmt.max_value, -fmt.min_value))
    largest = _unpack(np.array([fmt.max_code]), fmt, False)
    shift = int(largest.exponent[0]) - fmt.min_ulp_exponent
    return Span(fmt.min_ulp_exponent, int(largest.significand[0]) << shift)


def _all_codes(fmt: NumberFormat) -> NDArray[Any]:
    return np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


@lru_cache(maxsize=64)
def _unpack_table(fmt: NumberFormat, flush: bool) -> Unpacked:
    significand, exponent = _unpack(_all_codes(fmt), fmt, flush)
    return Unpacked(_frozen(significand), _frozen(exponent))


@lru_cache(maxsize=64)
def _traits_table(fmt: NumberFormat, flush: bool) -> NDArray[np.uint8]:
    return _frozen(_traits(_all_codes(fmt), fmt, flush))


@lru_cache(maxsize=64)
def _fixed_point_table(fmt: NumberFormat, exponent: int, flush: bool) -> NDArray[np.int64]:
    values = _unpack_table(fmt, flush)
    return _frozen(values.significand << (values.exponent - exponent))
