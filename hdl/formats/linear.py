"""Fixed point and sign-magnitude: equally spaced values in other clothes than an integer's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hdl.formats.base import Format, FormatError, register_family

__all__ = ["FixedFormat", "SignMagnitudeFormat"]


@dataclass(frozen=True)
class FixedFormat(Format):
    """Fixed point: a two's-complement (``q4.4``) or unsigned (``uq0.8``) integer times 2^-F.

    `integer_bits` counts the sign (the convention of Arm), so that ``q4.4`` has 8 bits.
    """

    integer_bits: int
    fraction_bits: int
    signed: bool = True

    kind: ClassVar[str] = "fixed"

    def __post_init__(self) -> None:
        low = 2 if self.signed else 1
        if not low <= self.bits <= 32:
            raise FormatError(f"{self.name}: a fixed-point format has {low} to 32 bits")

    @property
    def name(self) -> str:
        return f"{'q' if self.signed else 'uq'}{self.integer_bits}.{self.fraction_bits}"

    @property
    def bits(self) -> int:
        return self.integer_bits + self.fraction_bits

    @property
    def is_signed(self) -> bool:
        return self.signed

    @property
    def min_integer(self) -> int:
        """Smallest value, in units of 2^-F."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def max_integer(self) -> int:
        """Largest value, in units of 2^-F."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


@dataclass(frozen=True)
class SignMagnitudeFormat(Format):
    """An integer as sign and magnitude (``sm8``): -127 to 127, and two codes that equal zero."""

    width: int

    kind: ClassVar[str] = "sign-magnitude"

    def __post_init__(self) -> None:
        if not 2 <= self.width <= 32:
            raise FormatError(f"{self.name}: a sign-magnitude format has 2 to 32 bits")

    @property
    def name(self) -> str:
        return f"sm{self.width}"

    @property
    def bits(self) -> int:
        return self.width

    @property
    def is_signed(self) -> bool:
        return True

    @property
    def sign_mask(self) -> int:
        """The sign bit in a code."""
        return 1 << (self.width - 1)

    @property
    def max_value(self) -> int:
        """Largest value, and code."""
        return self.sign_mask - 1


register_family("sm{N}", r"sm(?P<n>[0-9]{1,4})", lambda match: SignMagnitudeFormat(int(match["n"])))
register_family(
    "q{I}.{F} or uq{I}.{F}",
    r"(?P<u>u?)q(?P<i>[0-9]{1,3})\.(?P<f>[0-9]{1,3})",
    lambda match: FixedFormat(int(match["i"]), int(match["f"]), signed=not match["u"]),
)
