"""What a table that converts between formats holds, in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, cast

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
from hdl.stages.encode import RoundingMode
from hdl.stages.pack import Overflow

__all__ = ["MAX_TABLE_BITS", "Magnitude", "Table", "Value", "tabulate", "value_of"]

MAX_TABLE_BITS = 12
"""Bits of the address of the largest table that is worth building."""


class Table(NamedTuple):
    """Results, an entry for each code.

    Attributes
    ----------
    lower
        Codes of the results. For stochastic rounding of the nearest number toward zero (of a
        codebook: downward),
    upper
        of the next one, and
    place
        how far between them the operand lies, cut off after the bits of the random word.
    """

    lower: list[int]
    upper: list[int]
    place: list[int]


@dataclass(frozen=True)
class Magnitude:
    """A number ``power ** (1 / root)``, so that roots of two are exact as well.

    Attributes
    ----------
    power
        Not negative.
    root
        At least 1.
    """

    power: Fraction
    root: int = 1

    def compared(self, other: Magnitude) -> int:
        """Return -1, 0 or 1 where it is less, equal or greater."""
        left, right = self.power**other.root, other.power**self.root
        return (left > right) - (left < right)

    def at_least(self, other: Magnitude) -> bool:
        return self.compared(other) >= 0


@dataclass(frozen=True)
class Value:
    """What a code is worth; `magnitude` is None for infinity and NaN."""

    negative: bool
    magnitude: Magnitude | None
    is_nan: bool = False


_ZERO = Magnitude(Fraction(0))


def _two(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def value_of(code: int, fmt: Format, *, flush: bool = False) -> Value:
    """Return the value of a code; with `flush`, a float's subnormals are zero."""
    match fmt:
        case IntFormat() | FixedFormat():
            is_signed, top = fmt.signed, 1 << (fmt.bits - 1)
            number = code - 2 * top if is_signed and code & top else code
            return Value(number < 0, _steps(fmt, abs(number)))
        case CodebookFormat():
            entry = Fraction(fmt.values[code])
            return Value(entry < 0, Magnitude(abs(entry)))
        case PowerFormat():
            is_nan = code == fmt.nan_code
            return Value(False, None if is_nan else _steps(fmt, code), is_nan)
        case PositFormat():
            if code == fmt.nan_code:
                return Value(False, None, is_nan=True)
            negative = code > fmt.nan_code
            return Value(negative, _steps(fmt, (1 << fmt.width) - code if negative else code))
        case SignMagnitudeFormat() | LogFormat():
            return Value(bool(code & fmt.sign_mask), _steps(fmt, code & ~fmt.sign_mask))
        case FloatFormat():
            negative, magnitude = bool(code & fmt.sign_mask), code & fmt.magnitude_mask
            if fmt.specials == "fnuz" and code == fmt.nan_code:
                return Value(False, None, is_nan=True)
            if magnitude > fmt.max_code:
                return Value(negative, None, not fmt.has_inf or magnitude != fmt.inf_code)
            tiny = flush and magnitude >> fmt.mantissa_bits == 0
            return Value(negative, _ZERO if tiny else _steps(fmt, magnitude))
        case _:
            raise ValueError(f"format {fmt.name} has no values of single codes")


def _steps(fmt: Format, step: int) -> Magnitude:
    """Return the magnitude `step` steps up from a format's least, as if it went on for ever."""
    match fmt:
        case IntFormat() | SignMagnitudeFormat():
            return Magnitude(Fraction(step))
        case FixedFormat():
            return Magnitude(step * _two(-fmt.fraction_bits))
        case PowerFormat():
            return Magnitude(_two(step - fmt.bias))
        case LogFormat():
            if step == 0:
                return _ZERO
            return Magnitude(_two(step - fmt.bias), 1 << fmt.fraction_bits)
        case PositFormat():
            return Magnitude(_posit(fmt.width, fmt.exponent_size, step))
        case FloatFormat():
            field, mantissa = divmod(step, 1 << fmt.mantissa_bits)
            hidden = 1 << fmt.mantissa_bits if field else 0
            return Magnitude((hidden + mantissa) * _two(max(field, 1) - 1 + fmt.min_ulp_exponent))
        case _:
            raise ValueError(f"format {fmt.name} does not go up in steps")


def _posit(width: int, exponent_size: int, code: int) -> Fraction:
    """Return the value of a posit that is not negative (Posit Standard 2022, 3.2)."""
    if code == 0:
        return Fraction(0)
    bits = f"{code:0{width - 1}b}"
    run = len(bits) - len(bits.lstrip(bits[0]))
    regime = run - 1 if bits[0] == "1" else -run
    rest = bits[run + 1 :]
    exponent = int(rest[:exponent_size].ljust(exponent_size, "0") or "0", 2)
    fraction = rest[exponent_size:]
    significand = Fraction(int("1" + fraction, 2), 1 << len(fraction))
    return significand * _two((regime << exponent_size) + exponent)


def tabulate(
    x: Format,
    y: Format,
    *,
    rounding: RoundingMode,
    overflow: Overflow,
    flush: bool,
    random_bits: int,
) -> Table:
    """Return the codes of `y` for all codes of `x`.

    Nearest numbers tie to the even code; where a format has no even codes (one significand bit, log
    numbers, codebooks) to the larger magnitude. Log numbers are nearest in their logarithm, or in
    value where the choice is between zero and the smallest. Posits are rounded as their bits are,
    and never to zero.
    """
    values = [value_of(code, x, flush=flush) for code in range(1 << x.bits)]
    if isinstance(y, CodebookFormat):
        rows = [_in_codebook(value, y, rounding, random_bits) for value in values]
    else:
        encoder = _Encoder(y, rounding, overflow, flush, random_bits)
        rows = [encoder(value) for value in values]
    return Table(*(list(column) for column in zip(*rows, strict=True)))


_Row = tuple[int, int, int]


@dataclass(frozen=True)
class _Encoder:
    """Rounds values to a format whose magnitudes go up in steps."""

    fmt: Format
    rounding: RoundingMode
    overflow: Overflow
    flush: bool
    random_bits: int

    def __call__(self, value: Value) -> _Row:
        fmt = self.fmt
        if value.magnitude is None:
            code = self._nan() if value.is_nan else self._infinity(value.negative)
            return code, code, 0
        if isinstance(fmt, PowerFormat) and (value.negative or value.magnitude == _ZERO):
            return fmt.nan_code, fmt.nan_code, 0
        lower = self._below(value.magnitude)
        place = 0
        if self.rounding == "stochastic":
            place = self._place(value.magnitude, lower)
        elif self._goes_up(value, lower):
            lower += 1
        return self._code(value, lower), self._code(value, lower + 1), place

    def _below(self, magnitude: Magnitude) -> int:
        """Return the last step that is not above a magnitude; -1 if even the first is."""
        reach = 1
        while magnitude.at_least(_steps(self.fmt, reach)) and reach <= self._last:
            reach *= 2
        low, high = -1, reach
        while high - low > 1:
            middle = (low + high) // 2
            if magnitude.at_least(_steps(self.fmt, middle)):
                low = middle
            else:
                high = middle
        return low

    @property
    def _last(self) -> int:
        """Beyond this step all is the same: too large."""
        return 2 << self.fmt.bits if not isinstance(self.fmt, PositFormat) else self._largest - 1

    @property
    def _largest(self) -> int:
        """The last step that positive numbers have."""
        match self.fmt:
            case IntFormat() | SignMagnitudeFormat():
                return self.fmt.max_value
            case FixedFormat():
                return self.fmt.max_integer
            case FloatFormat() | PowerFormat() | LogFormat() | PositFormat():
                return self.fmt.max_code
            case _:
                raise ValueError(f"format {self.fmt.name} does not go up in steps")

    def _goes_up(self, value: Value, lower: int) -> bool:
        magnitude = cast(Magnitude, value.magnitude)
        fmt = self.fmt
        if lower >= 0 and magnitude.compared(_steps(fmt, lower)) == 0:
            return False
        if isinstance(fmt, PositFormat):
            return self._posit_goes_up(magnitude, lower)
        if self.rounding in ("rtz", "rup", "rdn"):
            return self.rounding == ("rdn" if value.negative else "rup")
        if lower < 0:
            return False
        low, high = _steps(fmt, lower), _steps(fmt, lower + 1)
        if not isinstance(fmt, LogFormat):
            middle = Magnitude((low.power + high.power) / 2)
        elif lower:
            # Half way between the logarithms.
            middle = Magnitude(_two(2 * (lower - fmt.bias) + 1), 2 << fmt.fraction_bits)
        else:
            middle = Magnitude(high.power / 2**high.root, high.root)
        side = magnitude.compared(middle)
        return side > 0 or (side == 0 and self._ties_up(lower))

    def _ties_up(self, lower: int) -> bool:
        fmt = self.fmt
        if isinstance(fmt, LogFormat | PowerFormat):
            return True
        if isinstance(fmt, FloatFormat) and fmt.mantissa_bits == 0 and self.rounding == "rne":
            return lower > 0
        return self.rounding == "rna" or lower % 2 == 1

    def _posit_goes_up(self, magnitude: Magnitude, lower: int) -> bool:
        fmt = cast(PositFormat, self.fmt)
        if lower == 0:
            return True
        middle = Magnitude(_posit(fmt.width + 1, fmt.exponent_size, 2 * lower + 1))
        side = magnitude.compared(middle)
        return side > 0 or (side == 0 and lower % 2 == 1)

    def _place(self, magnitude: Magnitude, lower: int) -> int:
        """Return how far up from `lower` to the next step a magnitude lies, in random_bits bits."""
        fmt, bits = self.fmt, self.random_bits
        low, high = _steps(fmt, lower), _steps(fmt, lower + 1)

        def between(k: int) -> Magnitude:
            if isinstance(fmt, PositFormat):  # where a longer code would have its bits
                return Magnitude(_posit(fmt.width + bits, fmt.exponent_size, (lower << bits) + k))
            return Magnitude(low.power + (high.power - low.power) * k / (1 << bits))

        place = 0
        for bit in reversed(range(bits)):
            if magnitude.at_least(between(place | 1 << bit)):
                place |= 1 << bit
        return place

    def _code(self, value: Value, step: int) -> int:
        """Return the code of a step, or what becomes of steps that do not exist."""
        fmt, negative = self.fmt, value.negative
        mask = (1 << fmt.bits) - 1
        match fmt:
            case IntFormat() | FixedFormat():
                least = 0 if not fmt.signed else 1 << (fmt.bits - 1)
                return -min(step, least) & mask if negative else min(step, self._largest)
            case SignMagnitudeFormat() | LogFormat():
                return min(step, self._largest) | (fmt.sign_mask if negative else 0)
            case PositFormat():
                # Zero is for zero only.
                step = max(step, int(value.magnitude != _ZERO))
                step = min(step, self._largest)
                return -step & mask if negative else step
            case PowerFormat():
                return self._limit(negative) if step > fmt.max_code else max(step, 0)
            case _:
                return self._float_code(cast(FloatFormat, fmt), negative, step)

    def _float_code(self, fmt: FloatFormat, negative: bool, step: int) -> int:
        if negative and not fmt.signed:
            return 0
        if step > fmt.max_code:
            return self._limit(negative)
        if self.flush and step >> fmt.mantissa_bits == 0:
            step = 0
        if not step and not fmt.has_negative_zero:
            return 0
        return step | (fmt.sign_mask if negative else 0)

    def _limit(self, negative: bool) -> int:
        """Return the code of a finite number that is too large (IEEE 754-2019, 7.4)."""
        stops = ("rtz", "rup" if negative else "rdn")
        if self.rounding in stops:
            sign = self.fmt.sign_mask if isinstance(self.fmt, FloatFormat) and negative else 0
            return self._largest | sign
        return self._infinity(negative)

    def _infinity(self, negative: bool) -> int:
        fmt = self.fmt
        match fmt:
            case PowerFormat():
                saturates = self.overflow == "saturate" and not negative
                return fmt.max_code if saturates else fmt.nan_code
            case PositFormat():
                return fmt.nan_code
            case FloatFormat():
                if negative and not fmt.signed:
                    return 0
                if self.overflow == "ieee" and fmt.has_nan and not fmt.has_inf:
                    return fmt.nan_code
                ieee = self.overflow == "ieee" and fmt.has_inf
                return (fmt.inf_code if ieee else fmt.max_code) | (fmt.sign_mask if negative else 0)
            case _:
                return self._code(Value(negative, None), 2 << fmt.bits)

    def _nan(self) -> int:
        match self.fmt:
            case PowerFormat() | PositFormat():
                return self.fmt.nan_code
            case FloatFormat():
                return self.fmt.nan_code if self.fmt.has_nan else self.fmt.max_code
            case LogFormat():
                return self.fmt.max_code
            case _:
                return 0


def _in_codebook(
    value: Value, fmt: CodebookFormat, rounding: RoundingMode, random_bits: int
) -> _Row:
    """Return the entries on both sides, or twice the one that rounding picks."""
    order = sorted(range(len(fmt.values)), key=lambda code: fmt.values[code])
    if value.magnitude is None:
        code = order[0] if value.negative and not value.is_nan else order[-1]
        return code, code, 0
    rank = -1
    while rank + 1 < len(order) and _reaches(value, Fraction(fmt.values[order[rank + 1]])):
        rank += 1
    if rank < 0 or rank == len(order) - 1:
        code = order[max(rank, 0)]
        return code, code, 0
    low, high = (Fraction(fmt.values[order[k]]) for k in (rank, rank + 1))
    if rounding == "stochastic":
        place = 0
        for bit in reversed(range(random_bits)):
            finer = place | 1 << bit
            if _reaches(value, low + (high - low) * finer / (1 << random_bits)):
                place = finer
        return order[rank], order[rank + 1], place
    if rounding in ("rne", "rna"):
        middle = (low + high) / 2
        up = _reaches(value, middle)
        if up and abs(high) < abs(low) and not _exceeds(value, middle):
            up = False
    elif rounding == "rtz" and low < 0 < high:
        up = not value.negative
    else:
        # On an entry, nothing is rounded; `value` reaches `low` here.
        away = rounding == "rup" or (rounding == "rtz" and high <= 0)
        up = away and _exceeds(value, low)
    code = order[rank + up]
    return code, code, 0


def _reaches(value: Value, bound: Fraction) -> bool:
    """Return whether a finite value is `bound` or more."""
    magnitude = cast(Magnitude, value.magnitude)
    if value.negative:
        return bound <= 0 and not magnitude.compared(Magnitude(-bound)) > 0
    return bound <= 0 or magnitude.at_least(Magnitude(bound))


def _exceeds(value: Value, bound: Fraction) -> bool:
    """Return whether a finite value is more than `bound`."""
    magnitude = cast(Magnitude, value.magnitude)
    if value.negative:
        return bound < 0 and magnitude.compared(Magnitude(-bound)) < 0
    return bound < 0 or magnitude.compared(Magnitude(bound)) > 0
