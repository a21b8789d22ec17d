"""Parameters of `fma`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from gen.params.rounding import OperandFormat, ResultFormat, RoundingParams

__all__ = ["FmaParams"]


class FmaParams(RoundingParams):
    """Parameters of `fma`."""

    format_keys: ClassVar = ("a", "b", "c", "y")

    a: OperandFormat = Field(description="format of the multiplicand")
    b: OperandFormat = Field(description="format of the multiplier")
    c: OperandFormat = Field(description="format of the addend")
    y: ResultFormat = Field(description="format of the result")
    flags: bool = Field(
        False, description="adds a port with invalid, overflow, underflow, inexact, bit 3 to 0"
    )

    @model_validator(mode="after")
    def _complete(self) -> FmaParams:
        self._complete_overflow()
        return self

    @property
    def _operands(self) -> tuple[str, ...]:
        return self.a, self.b, self.c

    @property
    def _result(self) -> str:
        return self.y

    @property
    def base_name(self) -> str:
        return f"fma_{self.a}_{self.b}_{self.c}_{self.y}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (*(("flags",) if self.flags else ()), *super().suffixes)

    @property
    def formula(self) -> str:
        return "y = round(a * b + c), rounded once"
