"""Integers and binary floating point: the formats of `fma` and `dot`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal, cast

from hdl.formats.base import (
    Format,
    FormatError,
    alias_of,
    is_alias,
    register,
    register_family,
)

__all__ = ["FloatFormat", "IntFormat", "Specials", "default_bias"]

Specials = Literal["ieee", "fn", "fnuz", "none"]
"""Which codes of a float are not numbers.

``ieee``: the largest exponent holds infinity (mantissa 0) and NaN (the rest).
``fn``: no infinity; only the all-ones magnitude is NaN.
``fnuz``: no infinity, no negative zero; the code of -0 is the one NaN.
``none``: every code is a finite number.
"""


@dataclass(frozen=True)
class IntFormat(Format):
    """Two's-complement (``int8``) or unsigned (``uint8``) integer; value = code."""

    width: int
    signed: bool = True

    kind: ClassVar[str] = "int"

    def __post_init__(self) -> None:
        low = 2 if self.signed else 1
        if not low <= self.width <= 64:
            raise FormatError(f"{self.name}: an integer format has {low} to 64 bits")

    @property
    def name(self) -> str:
        return f"{'int' if self.signed else 'uint'}{self.width}"

    @property
    def bits(self) -> int:
        return self.width

    @property
    def is_signed(self) -> bool:
        return self.signed

    @property
    def min_value(self) -> int:
        """Smallest value."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max_value(self) -> int:
        """Largest value."""
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1


@dataclass(frozen=True)
class FloatFormat(Format):
    """Binary floating point: sign, biased exponent, mantissa, from the top bit down.

    A code with exponent field ``E > 0`` is worth ``(-1)^s * 2^(E - bias) * (1 + M/2^m)``; with
    ``E == 0`` it is subnormal, ``(-1)^s * 2^(1 - bias) * (M/2^m)``. `specials` says which codes
    are infinite or NaN instead.
    """

    exponent_bits: int
    mantissa_bits: int
    bias: int
    specials: Specials = "none"
    signed: bool = field(default=True)

    kind: ClassVar[str] = "float"

    def __post_init__(self) -> None:
        label = f"e{self.exponent_bits}m{self.mantissa_bits}"
        if not 1 <= self.exponent_bits <= 11:
            raise FormatError(f"{label}: a float format has 1 to 11 exponent bits")
        if not 0 <= self.mantissa_bits <= 30:
            raise FormatError(f"{label}: a float format has 0 to 30 mantissa bits")
        if self.bits > 32:
            raise FormatError(f"{label}: a float format has at most 32 bits, this one {self.bits}")
        if self.specials == "ieee" and (self.exponent_bits < 2 or self.mantissa_bits < 1):
            raise FormatError(f"{label}ieee: IEEE specials need 2 exponent bits and 1 mantissa bit")
        if self.max_code == 0:
            raise FormatError(f"{label}{self.specials}: leaves no code for a number but zero")
        if self.specials == "fnuz" and not self.signed:
            raise FormatError(f"{label}fnuz: the NaN of fnuz is the code of -0, so it needs a sign")

    @property
    def name(self) -> str:
        alias = alias_of(self)
        if alias is not None:
            return alias
        suffix = "" if self.specials == "none" else self.specials
        prefix = "" if self.signed else "u"
        stem = f"{prefix}e{self.exponent_bits}m{self.mantissa_bits}"
        usual = self.bias == default_bias(self.exponent_bits, self.specials)
        # Without a suffix `e4m3` is the FN format of that alias, and `e8m0` no float at all.
        bias = "" if usual and not is_alias(stem + suffix) else f"b{self.bias}"
        return f"{stem}{bias}{suffix}"

    @property
    def bits(self) -> int:
        return int(self.signed) + self.exponent_bits + self.mantissa_bits

    @property
    def is_signed(self) -> bool:
        return self.signed

    @property
    def precision(self) -> int:
        """Bits of a normal significand, hidden bit included."""
        return self.mantissa_bits + 1

    @property
    def min_exponent(self) -> int:
        """Unbiased exponent of the smallest normal number and of all subnormals."""
        return 1 - self.bias

    @property
    def max_exponent(self) -> int:
        """Unbiased exponent of the largest finite number."""
        return (self.max_code >> self.mantissa_bits) - self.bias

    @property
    def min_ulp_exponent(self) -> int:
        """Weight of the lowest significand bit of subnormals, as a power of two."""
        return self.min_exponent - self.mantissa_bits

    @property
    def sign_mask(self) -> int:
        """The sign bit in a code; 0 for an unsigned format."""
        return 1 << (self.exponent_bits + self.mantissa_bits) if self.signed else 0

    @property
    def magnitude_mask(self) -> int:
        """All code bits below the sign."""
        return (1 << (self.exponent_bits + self.mantissa_bits)) - 1

    @property
    def max_code(self) -> int:
        """Code of the largest finite positive number."""
        if self.specials == "ieee":
            return (((1 << self.exponent_bits) - 1) << self.mantissa_bits) - 1
        if self.specials == "fn":
            return self.magnitude_mask - 1
        return self.magnitude_mask

    @property
    def has_inf(self) -> bool:
        """Whether the format has infinities."""
        return self.specials == "ieee"

    @property
    def has_nan(self) -> bool:
        """Whether the format has a NaN."""
        return self.specials != "none"

    @property
    def has_signaling_nan(self) -> bool:
        """Whether NaN codes with a clear quiet bit (top mantissa bit) exist besides infinity."""
        return self.specials == "ieee" and self.mantissa_bits >= 2

    @property
    def has_negative_zero(self) -> bool:
        """Whether the code with only the sign set is -0."""
        return self.signed and self.specials != "fnuz"

    @property
    def inf_code(self) -> int:
        """Code of +infinity."""
        if not self.has_inf:
            raise FormatError(f"{self.name} has no infinity")
        return ((1 << self.exponent_bits) - 1) << self.mantissa_bits

    @property
    def nan_code(self) -> int:
        """Canonical quiet NaN: sign 0, quiet bit set, rest 0; the only NaN where there is one."""
        if self.specials == "ieee":
            return self.inf_code | 1 << (self.mantissa_bits - 1)
        if self.specials == "fn":
            return self.magnitude_mask
        if self.specials == "fnuz":
            return self.sign_mask
        raise FormatError(f"{self.name} has no NaN")


def default_bias(exponent_bits: int, specials: Specials) -> int:
    """Bias of a float that names none: 2^(E-1) - 1, one more where `specials` is ``fnuz``.

    The extra one is what every published fnuz format does (E4M3FNUZ 8, E5M2FNUZ 16).
    """
    return (1 << (exponent_bits - 1)) - (specials != "fnuz")


register("e4m3", FloatFormat(4, 3, 7, "fn"), "float8_e4m3fn")
register("e5m2", FloatFormat(5, 2, 15, "ieee"), "float8_e5m2")
register("e4m3fnuz", FloatFormat(4, 3, 8, "fnuz"), "float8_e4m3fnuz")
register("e5m2fnuz", FloatFormat(5, 2, 16, "fnuz"), "float8_e5m2fnuz")
register("e4m3b11fnuz", FloatFormat(4, 3, 11, "fnuz"), "float8_e4m3b11fnuz")
register("e3m4", FloatFormat(3, 4, 3, "ieee"), "float8_e3m4")
register("e4m3ieee", FloatFormat(4, 3, 7, "ieee"), "float8_e4m3")
register("e2m3", FloatFormat(2, 3, 1, "none"), "float6_e2m3fn")
register("e3m2", FloatFormat(3, 2, 3, "none"), "float6_e3m2fn")
register("e2m1", FloatFormat(2, 1, 1, "none"), "float4_e2m1fn")
register("ue4m3", FloatFormat(4, 3, 7, "fn", signed=False))
register("fp16", FloatFormat(5, 10, 15, "ieee"), "float16")
register("bf16", FloatFormat(8, 7, 127, "ieee"), "bfloat16")
register("tf32", FloatFormat(8, 10, 127, "ieee"))
register("fp32", FloatFormat(8, 23, 127, "ieee"), "float32")


def _build_float(match: re.Match[str]) -> FloatFormat:
    specials = cast(Specials, match["specials"] or "none")
    exponent_bits = int(match["e"])
    if not 1 <= exponent_bits <= 11:
        raise FormatError(f"{match[0]}: a float format has 1 to 11 exponent bits")
    bias = int(match["b"]) if match["b"] else default_bias(exponent_bits, specials)
    return FloatFormat(exponent_bits, int(match["m"]), bias, specials, signed=not match["u"])


register_family(
    "int{N} or uint{N}",
    r"(?P<u>u?)int(?P<n>[0-9]{1,4})",
    lambda match: IntFormat(int(match["n"]), signed=not match["u"]),
)
register_family(
    "e{E}m{M} with suffix fn, fnuz, ieee or none",
    r"(?P<u>u?)e(?P<e>[0-9]{1,3})m(?P<m>[0-9]{1,3})(?:b(?P<b>[0-9]{1,4}))?(?P<specials>fnuz|fn|ieee)?",
    _build_float,
)
