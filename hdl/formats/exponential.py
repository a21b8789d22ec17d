"""Formats whose code is an exponent: the powers of two of MX scales, log numbers, posits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from hdl.formats.base import Format, FormatError, register, register_family

__all__ = ["LogFormat", "PositFormat", "PowerFormat"]


@dataclass(frozen=True)
class PowerFormat(Format):
    """An exponent alone (``e8m0``), worth ``2^(code - bias)``; all ones is NaN; no zero."""

    exponent_bits: int
    bias: int

    kind: ClassVar[str] = "power"

    @property
    def name(self) -> str:
        return f"e{self.exponent_bits}m0"

    @property
    def bits(self) -> int:
        return self.exponent_bits

    @property
    def is_signed(self) -> bool:
        return False

    @property
    def max_code(self) -> int:
        """Code of the largest number."""
        return self.nan_code - 1

    @property
    def nan_code(self) -> int:
        """Code of the one NaN."""
        return (1 << self.exponent_bits) - 1


@dataclass(frozen=True)
class LogFormat(Format):
    """Sign and a fixed-point base-2 logarithm: value ``(-1)^s * 2^((e - bias) / 2^F)``.

    `e` has `integer_bits` + `fraction_bits` bits, below the sign; ``e == 0`` is zero with either
    sign.
    """

    integer_bits: int
    fraction_bits: int
    bias: int

    kind: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        if self.integer_bits < 1 or not 2 <= self.bits <= 16:
            raise FormatError(
                f"{self.name}: a log format has 1 integer bit or more, and 16 bits at most"
            )

    @property
    def name(self) -> str:
        usual = self.bias == default_log_bias(self.integer_bits, self.fraction_bits)
        bias = "" if usual else f"b{self.bias}"
        return f"log{self.integer_bits}.{self.fraction_bits}{bias}"

    @property
    def bits(self) -> int:
        return 1 + self.integer_bits + self.fraction_bits

    @property
    def is_signed(self) -> bool:
        return True

    @property
    def sign_mask(self) -> int:
        """The sign bit in a code."""
        return 1 << (self.bits - 1)

    @property
    def max_code(self) -> int:
        """Code of the largest number: all ones but the sign."""
        return self.sign_mask - 1


def default_log_bias(integer_bits: int, fraction_bits: int) -> int:
    """Bias of a log format that names none: 1.0 in the middle, so that reciprocals are codes."""
    return 1 << (integer_bits + fraction_bits - 1)


@dataclass(frozen=True)
class PositFormat(Format):
    """Posit of the Posit Standard (2022), with any exponent size; the standard's is 2.

    Below the sign: a run of equal bits and its end, `exponent_size` exponent bits and a fraction,
    the last two cut off where the run leaves no room. Negative codes are two's complements. The
    code with only its top bit set is NaR, not a real.
    """

    width: int
    exponent_size: int = 2

    kind: ClassVar[str] = "posit"

    def __post_init__(self) -> None:
        if not 3 <= self.width <= 32:
            raise FormatError(f"{self.name}: a posit format has 3 to 32 bits")
        if not 0 <= self.exponent_size <= 3:
            raise FormatError(f"{self.name}: a posit format has 0 to 3 exponent bits")

    @property
    def name(self) -> str:
        return f"posit{self.width}es{self.exponent_size}"

    @property
    def bits(self) -> int:
        return self.width

    @property
    def is_signed(self) -> bool:
        return True

    @property
    def max_code(self) -> int:
        """Code of the largest number."""
        return self.nan_code - 1

    @property
    def nan_code(self) -> int:
        """Code of NaR."""
        return 1 << (self.width - 1)

    @property
    def max_exponent(self) -> int:
        """Unbiased exponent of the largest number; the smallest is its reciprocal."""
        return (self.width - 2) << self.exponent_size


register("e8m0", PowerFormat(8, 127), "float8_e8m0fnu")
register("posit8es2", PositFormat(8), "posit8")
register("posit16es2", PositFormat(16), "posit16")
register("posit32es2", PositFormat(32), "posit32")


def _build_log(match: re.Match[str]) -> LogFormat:
    integer_bits, fraction_bits = int(match["i"]), int(match["f"])
    bias = int(match["b"]) if match["b"] else default_log_bias(integer_bits, fraction_bits)
    return LogFormat(integer_bits, fraction_bits, bias)


register_family(
    "log{I}.{F}", r"log(?P<i>[0-9]{1,2})\.(?P<f>[0-9]{1,2})(?:b(?P<b>[0-9]{1,5}))?", _build_log
)
register_family(
    "posit{N}es{K}",
    r"posit(?P<n>[0-9]{1,3})es(?P<k>[0-9]{1,2})",
    lambda match: PositFormat(int(match["n"]), int(match["k"])),
)
