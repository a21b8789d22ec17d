"""Parameters of `quantize`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gen.params.base import RuleError
from gen.params.convert import ConversionParams, check_rounding
from gen.params.scalar import ScalarFormat, identifier
from hdl.formats import FloatFormat, parse_format

__all__ = ["QuantizeParams"]

_OPERAND_BITS = 48
_DOUBLE_BITS = 53
_PRODUCT_BITS = 62
"""Longest operand, and product of significands: golden models compute it in 64 bits."""


class QuantizeParams(ConversionParams):
    """Parameters of `quantize`."""

    format_keys: ClassVar = ("x", "y", "scale")

    x: ScalarFormat = Field(description="format of the operand, an accumulator's for example")
    y: ScalarFormat = Field(description="format of the result, of at most 32 bits")
    scale: ScalarFormat = Field(
        description="format of what the operand is multiplied by: e8m0 is a power of two, uq0.16 "
        "an integer multiplication and a shift, a float both"
    )
    overflow: Literal["saturate", "ieee"] | None = Field(
        "saturate",
        description="what becomes of results beyond the range of y: the largest number, or for a "
        "float or e8m0 y what IEEE 754 says",
    )

    @model_validator(mode="after")
    def _check(self) -> QuantizeParams:
        from hdl.convert import needs_table
        from hdl.stages.decode import BINARY_FORMATS, decoded_range

        x, y, scale = (parse_format(name) for name in (self.x, self.y, self.scale))
        for key, fmt in (("x", x), ("scale", scale)):
            if fmt.bits > _OPERAND_BITS:
                raise RuleError(key, f"has {_OPERAND_BITS} bits at most, unlike {fmt.name}")
            if not isinstance(fmt, BINARY_FORMATS):
                raise RuleError(key, f"is no integer times a power of two, as {fmt.name} is not")
        if needs_table(x, y) or y.bits > 32:
            raise RuleError("y", f"is binary and has 32 bits at most, unlike {y.name}")
        bits = decoded_range(x).bits + decoded_range(scale).bits
        if bits > _PRODUCT_BITS:
            raise RuleError("scale", f"times x has {bits} bits, more than {_PRODUCT_BITS}")
        check_rounding(y, self.rounding)
        self._complete(y, self.overflow or "saturate", integers=False)
        # Golden models see the product in the 53 bits of a float64, the last one sticky.
        kept = (y.precision if isinstance(y, FloatFormat) else y.bits) + (self.random_bits or 0)
        if self.random_bits and bits > _DOUBLE_BITS and kept > _DOUBLE_BITS - 2:
            raise RuleError(
                "random_bits",
                f"has {_DOUBLE_BITS - 2 - kept + self.random_bits} bits at most into {y.name}, as "
                f"the product has {bits} bits",
            )
        return self

    @property
    def base_name(self) -> str:
        return f"quantize_{identifier(self.x)}_{identifier(self.y)}_by_{identifier(self.scale)}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (*self._option_suffixes(self.overflow, "saturate"), *super().suffixes)

    @property
    def formula(self) -> str:
        return "y = round(x * scale), rounded once"
