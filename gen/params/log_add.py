"""Parameters of `log_add`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.log_dot import LogFormatName
from hdl.formats import LogFormat, parse_format

__all__ = ["LogAddParams"]


class LogAddParams(Params):
    """Parameters of `log_add`."""

    format_keys: ClassVar = ("format",)

    format: LogFormatName = Field(
        description="log format of operands and sum: up to 6 integer bits, 12 with the fraction"
    )
    variant: Literal["correct", "faithful"] = Field(
        "correct", description="the nearest log number, or for a smaller table one of both nearest"
    )

    @model_validator(mode="after")
    def _check(self) -> LogAddParams:
        from hdl.log_add import MAX_EXPONENT_BITS, MAX_INTEGER_BITS

        fmt = parse_format(self.format)
        assert isinstance(fmt, LogFormat)
        if fmt.integer_bits > MAX_INTEGER_BITS or fmt.bits - 1 > MAX_EXPONENT_BITS:
            raise RuleError(
                "format",
                f"{fmt.name} has more than {MAX_INTEGER_BITS} integer bits "
                f"or {MAX_EXPONENT_BITS} in all",
            )
        return self

    @property
    def base_name(self) -> str:
        return f"log_add_{self.format.replace('.', 'p')}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (*((self.variant,) if self.variant != "correct" else ()), *super().suffixes)

    @property
    def formula(self) -> str:
        return "y = a + b, to the nearest logarithm"

    def constructor_arguments(self) -> dict[str, Any]:
        arguments = super().constructor_arguments()
        return {"fmt": arguments.pop("format")} | arguments
