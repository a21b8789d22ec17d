"""What docs/semantics.md says, once more: one sum at a time, in exact rationals.

Shares nothing with the models under test. Values are Fractions; "inf" and "nan" are words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdl.formats import FloatFormat, Format, IntFormat, parse_format

NV, OF, UF, NX = 8, 4, 2, 1


@dataclass(frozen=True)
class Term:
    """An operand or a product: sign, and a magnitude that is a Fraction, "inf" or "nan"."""

    negative: bool
    magnitude: Fraction | str
    signaling: bool = False


def term_of(code: int, fmt: Format, flush: bool = False) -> Term:
    """Decode a code, field by field."""
    if isinstance(fmt, IntFormat):
        value = code - (1 << fmt.width) if fmt.signed and code >> (fmt.width - 1) else code
        return Term(value < 0, Fraction(abs(value)))
    assert isinstance(fmt, FloatFormat)
    m = fmt.mantissa_bits
    mantissa = code % 2**m
    exponent = (code >> m) % 2**fmt.exponent_bits
    negative = fmt.signed and bool(code >> (m + fmt.exponent_bits))
    top = 2**fmt.exponent_bits - 1
    if fmt.specials == "ieee" and exponent == top:
        if mantissa == 0:
            return Term(negative, "inf")
        return Term(negative, "nan", signaling=m >= 2 and mantissa < 2 ** (m - 1))
    if fmt.specials == "fn" and exponent == top and mantissa == 2**m - 1:
        return Term(negative, "nan")
    if fmt.specials == "fnuz" and negative and exponent == mantissa == 0:
        return Term(False, "nan")
    if exponent == 0:
        fraction = Fraction(0) if flush else Fraction(mantissa, 2**m)
        return Term(negative, fraction * Fraction(2) ** (1 - fmt.bias))
    return Term(negative, (1 + Fraction(mantissa, 2**m)) * Fraction(2) ** (exponent - fmt.bias))


def product(x: Term, y: Term) -> Term:
    """Multiply; zero times infinity is a NaN that signals."""
    negative = x.negative != y.negative
    magnitudes = (x.magnitude, y.magnitude)
    if "inf" in magnitudes and 0 in magnitudes:
        return Term(False, "nan", signaling=True)
    signaling = x.signaling or y.signaling
    for word in ("nan", "inf"):
        if word in magnitudes:
            return Term(negative, word, signaling)
    assert isinstance(x.magnitude, Fraction)
    assert isinstance(y.magnitude, Fraction)
    return Term(negative, x.magnitude * y.magnitude)


def floor_log2(x: Fraction) -> int:
    guess = x.numerator.bit_length() - x.denominator.bit_length()
    return guess if Fraction(2) ** guess <= x else guess - 1


def to_grid(x: Fraction, ulp: Fraction, rounding: str) -> Fraction:
    """Round a signed value to a multiple of `ulp`."""
    units = x / ulp
    low = units.numerator // units.denominator
    rest = units - low
    if rest == 0:
        return x
    if rounding == "rne":
        up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1)
    elif rounding == "rna":
        up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and x > 0)
    else:
        up = {"rup": True, "rdn": False, "rtz": x < 0}[rounding]
    return (low + up) * ulp


@dataclass(frozen=True)
class Oracle:
    """round(sum of terms) into `fmt`, as code and flags."""

    fmt: Format
    rounding: str = "rne"
    overflow: str = "ieee"
    flush: bool = False
    tensor_core: bool = False

    def __call__(self, terms: list[Term]) -> tuple[int, int]:
        signs = {term.negative for term in terms if term.magnitude == "inf"}
        is_nan = any(term.magnitude == "nan" for term in terms)
        invalid = any(term.signaling for term in terms) or (len(signs) == 2 and not is_nan)
        integer = isinstance(self.fmt, IntFormat)
        if is_nan or len(signs) == 2:
            return self.nan(), NV if invalid or integer else 0
        if signs:
            return self.infinity(signs.pop()), NV if invalid or integer else 0
        total = Fraction(0)
        for term in terms:
            assert isinstance(term.magnitude, Fraction)
            total += -term.magnitude if term.negative else term.magnitude
        return self.integer(total) if integer else self.number(total, terms)

    def nan(self) -> int:
        fmt = self.fmt
        if isinstance(fmt, IntFormat):
            return 0
        assert isinstance(fmt, FloatFormat)
        e, m = fmt.exponent_bits, fmt.mantissa_bits
        if self.tensor_core and fmt.specials == "ieee":
            return 2 ** (e + m) - 1
        return {
            "ieee": (2**e - 1) * 2**m + 2 ** max(m - 1, 0),
            "fn": 2 ** (e + m) - 1,
            "fnuz": 2 ** (e + m),
            "none": 2 ** (e + m) - 1,
        }[fmt.specials]

    def infinity(self, negative: bool) -> int:
        fmt = self.fmt
        if isinstance(fmt, IntFormat):
            if fmt.signed:
                return 2 ** (fmt.width - 1) - (not negative)
            return 0 if negative else 2**fmt.width - 1
        assert isinstance(fmt, FloatFormat)
        e, m = fmt.exponent_bits, fmt.mantissa_bits
        sign = negative * 2 ** (e + m)
        if self.overflow == "saturate" or fmt.specials == "none":
            return self.largest() + sign
        return (2**e - 1) * 2**m + sign if fmt.specials == "ieee" else self.nan()

    def largest(self) -> int:
        fmt = self.fmt
        assert isinstance(fmt, FloatFormat)
        all_ones = 2 ** (fmt.exponent_bits + fmt.mantissa_bits) - 1
        return {
            "ieee": all_ones - 2**fmt.mantissa_bits,
            "fn": all_ones - 1,
            "fnuz": all_ones,
            "none": all_ones,
        }[fmt.specials]

    def integer(self, total: Fraction) -> tuple[int, int]:
        fmt = self.fmt
        assert isinstance(fmt, IntFormat)
        value = int(to_grid(total, Fraction(1), self.rounding))
        low = -(2 ** (fmt.width - 1)) if fmt.signed else 0
        high = low + 2**fmt.width - 1
        if low <= value <= high:
            return value % 2**fmt.width, NX if value != total else 0
        if self.overflow == "saturate":
            value = min(max(value, low), high)
        return value % 2**fmt.width, NV

    def number(self, total: Fraction, terms: list[Term]) -> tuple[int, int]:
        fmt = self.fmt
        assert isinstance(fmt, FloatFormat)
        m = fmt.mantissa_bits
        if total == 0:
            signs = {term.negative if term.magnitude == 0 else None for term in terms}
            negative = self.rounding == "rdn" if len(signs) > 1 or None in signs else signs.pop()
            return self.sign_bit(bool(negative), 0), 0
        negative = total < 0
        least_normal = Fraction(2) ** (1 - fmt.bias)
        exponent = floor_log2(abs(total))
        finest = Fraction(2) ** (exponent - m)
        unbounded = to_grid(total, finest, self.rounding)
        if m == 0 and self.rounding == "rne":
            # Every significand of one bit is odd: a tie goes to the larger magnitude.
            unbounded = to_grid(total, finest, "rna")
        largest = term_of(self.largest(), fmt).magnitude
        assert isinstance(largest, Fraction)
        if abs(unbounded) > largest:
            stopped = self.rounding in ("rtz", "rup" if negative else "rdn")
            stopped = stopped and not self.tensor_core
            code = self.sign_bit(negative, self.largest()) if stopped else self.infinity(negative)
            return code, OF | NX
        if exponent >= 1 - fmt.bias:
            result = unbounded
        else:
            result = to_grid(total, least_normal / 2**m, self.rounding)
        inexact = result != total
        flags = NX * inexact | UF * (inexact and abs(unbounded) < least_normal)
        if self.flush and abs(result) < least_normal:
            result, flags = Fraction(0), UF | NX
        return self.sign_bit(negative, self.magnitude_code(abs(result))), flags

    def sign_bit(self, negative: bool, magnitude_code: int) -> int:
        fmt = self.fmt
        assert isinstance(fmt, FloatFormat)
        if fmt.specials == "fnuz" and magnitude_code == 0:
            return 0
        return magnitude_code + negative * 2 ** (fmt.exponent_bits + fmt.mantissa_bits)

    def magnitude_code(self, value: Fraction) -> int:
        """Encode a value that the format has."""
        fmt = self.fmt
        assert isinstance(fmt, FloatFormat)
        m = fmt.mantissa_bits
        if value < Fraction(2) ** (1 - fmt.bias):
            mantissa, field = value * Fraction(2) ** (m + fmt.bias - 1), 0
        else:
            exponent = floor_log2(value)
            mantissa, field = (value / Fraction(2) ** exponent - 1) * 2**m, exponent + fmt.bias
        assert mantissa.denominator == 1
        return field * 2**m + int(mantissa)


def exponent_of(x: Term, fmt: Format) -> int:
    """Return the exponent that a number is written with, zero and subnormals with the least."""
    assert isinstance(fmt, FloatFormat)
    least = 1 - fmt.bias
    if not isinstance(x.magnitude, Fraction) or x.magnitude == 0:
        return least
    return max(least, floor_log2(x.magnitude))


def cut(terms: list[Term], exponents: list[int], fraction_bits: int, *, sticky: bool) -> list[Term]:
    """Return what numerics.md, section 4, leaves of the terms that are added in a window."""
    largest = max([-126, *(e for x, e in zip(terms, exponents, strict=True) if x.magnitude != 0)])
    unit = Fraction(2) ** (largest - fraction_bits - (3 if sticky else 0))
    kept: list[Term] = []
    for term in terms:
        if isinstance(term.magnitude, Fraction):
            units = term.magnitude // unit
            if sticky and units * unit != term.magnitude and units % 2 == 0:
                units += 1
            kept.append(Term(term.negative, units * unit))
        else:
            kept.append(term)
    return kept


def answers(
    params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]]
) -> list[tuple[int, int]]:
    """Return code and flags for every row of a `dot`, or of an `fma`: a `dot` of one lane."""
    flush = params["subnormals"] == "flush"
    window = params.get("fraction_bits")
    fmt = parse_format(params["y"])
    oracle = Oracle(fmt, params["rounding"], params["overflow"], flush, window is not None)
    terms = {
        port: {
            code: term_of(code, parse_format(params[port]), flush)
            for code in np.unique(operands[port]).tolist()
        }
        for port in ("a", "b", "c")
        if port in operands
    }
    a, b = (operands[port].reshape(len(operands[port]), -1).tolist() for port in "ab")
    rows = []
    running = 0
    for row, (codes_a, codes_b) in enumerate(zip(a, b, strict=True)):
        summands = [
            product(terms["a"][x], terms["b"][y]) for x, y in zip(codes_a, codes_b, strict=True)
        ]
        if "c" in operands:
            summands.append(terms["c"][int(operands["c"][row])])
        elif "first" in operands and not operands["first"][row]:
            summands.append(term_of(running, oracle.fmt, flush))
        if params.get("lsb"):
            unit = Fraction(2) ** params["lsb"]
            scaled = [
                Term(x.negative, x.magnitude / unit) if isinstance(x.magnitude, Fraction) else x
                for x in summands[: len(codes_a)]
            ]
            summands = [*scaled, *summands[len(codes_a) :]]
        if window is not None:
            formats = [parse_format(params[port]) for port in "ab"]
            exponents = [
                exponent_of(terms["a"][x], formats[0]) + exponent_of(terms["b"][y], formats[1])
                for x, y in zip(codes_a, codes_b, strict=True)
            ]
            if len(summands) > len(exponents):
                addend = parse_format(params["c"]) if "c" in operands else fmt
                exponents.append(exponent_of(summands[-1], addend))
            summands = cut(summands, exponents, window, sticky=params["sticky"])
        rows.append(oracle(summands))
        running = rows[-1][0]
    return rows


def shown(params: Mapping[str, Any], operands: Mapping[str, NDArray[Any]], row: int) -> str:
    """Return a row's operands as text, for a failure message."""
    codes = {port: [hex(code) for code in np.atleast_1d(operands[port][row])] for port in operands}
    return f"{dict(params)} row {row}: {codes}"
