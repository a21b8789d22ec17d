"""Parameters of units that round sums of products: formats of their terms, rounding, overflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gen.params.base import Params, RuleError
from hdl.formats import FloatFormat, IntFormat, parse_format

__all__ = ["OperandFormat", "ResultFormat", "RoundingParams", "operand"]


_UNITS_FOR = {"log": "log_dot", "block": "block_dot"}
"""By kind of format: who multiplies and adds it."""


def _term(name: str) -> str:
    fmt = parse_format(name)
    if not isinstance(fmt, IntFormat | FloatFormat):
        other = _UNITS_FOR.get(fmt.kind)
        raise ValueError(
            f"{fmt.name} is neither an integer nor a float"
            + (f"; the unit for it is {other}" if other else "")
        )
    if isinstance(fmt, FloatFormat) and not fmt.is_signed:
        raise ValueError(f"{fmt.name} has no sign: it is a format of scales, not of terms")
    return fmt.name


def operand(name: str) -> str:
    """Return the canonical name of an integer or signed float of up to 32 bits."""
    canonical = _term(name)
    bits = parse_format(name).bits
    if bits > 32:
        raise ValueError(f"an operand has at most 32 bits, {canonical} has {bits}")
    return canonical


OperandFormat = Annotated[str, AfterValidator(operand), Field(examples=["e4m3", "int8", "bf16"])]
ResultFormat = Annotated[str, AfterValidator(_term), Field(examples=["fp16", "fp32", "int32"])]


class RoundingParams(Params):
    """Options of units that round their result."""

    rounding: Literal["rne", "rtz", "rup", "rdn", "rna"] = Field(
        "rne",
        description="to nearest, ties to even; toward zero; toward +infinity; toward -infinity; "
        "to nearest, ties away from zero",
    )
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(
        None,
        description="what becomes of results beyond the range of y. Float y: ieee (default) or "
        "saturate; integer y: wrap (operands all integers; the default there) or saturate",
    )
    subnormals: Literal["ieee", "flush"] = Field(
        "ieee", description="flush: subnormal operands and results become zero of their sign"
    )

    @property
    def suffixes(self) -> tuple[str, ...]:
        default = _default_overflow(self._result, self._operands)
        return (
            *((self.rounding,) if self.rounding != "rne" else ()),
            *((str(self.overflow),) if self.overflow != default else ()),
            *(("flush",) if self.subnormals == "flush" else ()),
            *super().suffixes,
        )

    @property
    def _operands(self) -> tuple[str, ...]:
        """Names of the formats that the result is computed from."""
        raise NotImplementedError

    @property
    def _result(self) -> str:
        """Name of the format of the result."""
        raise NotImplementedError

    def _complete_overflow(self) -> None:
        """Put in the default overflow, or check the one given."""
        if self.overflow is None:
            # Assigning by way of object: the model is frozen for everybody else.
            object.__setattr__(self, "overflow", _default_overflow(self._result, self._operands))
            return
        float_result = isinstance(parse_format(self._result), FloatFormat)
        if float_result and self.overflow == "wrap":
            raise RuleError("overflow", f"{self._result} takes ieee or saturate")
        if not float_result and self.overflow == "ieee":
            raise RuleError("overflow", f"{self._result} takes wrap or saturate")
        others = [name for name in self._operands if not isinstance(parse_format(name), IntFormat)]
        if self.overflow == "wrap" and others:
            kind = parse_format(others[0]).kind
            raise RuleError(
                "overflow", f"with a {kind} operand ({others[0]}), {self._result} takes saturate"
            )


def _default_overflow(result: str, operands: Sequence[str]) -> str:
    from hdl.options import default_overflow

    return default_overflow(parse_format(result), [parse_format(name) for name in operands])
