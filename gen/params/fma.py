"""Parameters of `fma`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gen.params.base import RuleError
from gen.params.convert import DEFAULT_RANDOM_BITS
from gen.params.rounding import OperandFormat, ResultFormat, RoundingParams
from hdl.formats import parse_format

__all__ = ["FmaParams"]


class FmaParams(RoundingParams):
    """Parameters of `fma`."""

    format_keys: ClassVar = ("a", "b", "c", "y")

    a: OperandFormat = Field(description="format of the multiplicand")
    b: OperandFormat = Field(description="format of the multiplier")
    c: OperandFormat = Field(description="format of the addend")
    y: ResultFormat = Field(description="format of the result")
    # One choice more than others have. Nobody assigns to it: the model is frozen.
    rounding: Literal["rne", "rtz", "rup", "rdn", "rna", "stochastic"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        "rne",
        description="to nearest, ties to even; toward zero; toward +infinity; toward -infinity; "
        "to nearest, ties away from zero; (float y) a word of the port `rnd` added to the "
        "magnitude below the last bit kept, and the rest cut off",
    )
    flags: bool = Field(
        False, description="adds a port with invalid, overflow, underflow, inexact, bit 3 to 0"
    )
    gate_zero: bool = Field(
        False,
        description="keeps a factor from the multiplier where the other one is zero: the same "
        "result with less that moves",
    )
    random_bits: int | None = Field(
        None, ge=1, le=24, description="width of the port `rnd` of stochastic rounding; default 8"
    )

    @model_validator(mode="after")
    def _complete(self) -> FmaParams:
        self._complete_overflow()
        if self.rounding == "stochastic":
            self._check_stochastic()
        elif self.random_bits is not None:
            raise RuleError("random_bits", "is for rounding = 'stochastic' only")
        return self

    def _check_stochastic(self) -> None:
        if self.random_bits is None:
            # Assigning by way of object: the model is frozen for everybody else.
            object.__setattr__(self, "random_bits", DEFAULT_RANDOM_BITS)
        from hdl.fma import check_stochastic

        try:
            a, b, y = (parse_format(name) for name in (self.a, self.b, self.y))
            check_stochastic(a, b, y, self.flags)
        except ValueError as error:
            raise RuleError("rounding", str(error)) from error

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
        words = () if self.random_bits in (None, DEFAULT_RANDOM_BITS) else (f"r{self.random_bits}",)
        return (
            *(("flags",) if self.flags else ()),
            *(("gz",) if self.gate_zero else ()),
            *super().suffixes,
            *words,
        )

    @property
    def formula(self) -> str:
        if self.rounding == "stochastic":
            return f"y = a * b + c, rnd * 2^-{self.random_bits} of the last bit kept, cut off once"
        return "y = round(a * b + c), rounded once"
