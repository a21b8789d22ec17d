"""Parameters of `convert`, and what it shares with `quantize`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.scalar import ScalarFormat, identifier
from hdl.formats import Format, IntFormat, LogFormat, PositFormat, parse_format

__all__ = ["DEFAULT_RANDOM_BITS", "ConversionParams", "ConvertParams"]

DEFAULT_RANDOM_BITS = 8


class ConversionParams(Params):
    """Options of units that round into a scalar format."""

    rounding: Literal["rne", "rtz", "rup", "rdn", "rna", "stochastic"] = Field(
        "rne",
        description="to nearest, ties to even; toward zero; toward +infinity; toward -infinity; "
        "to nearest, ties away from zero; a word of the port `rnd` added below the last bit kept",
    )
    random_bits: int | None = Field(
        None, ge=1, le=32, description="width of the port `rnd` of stochastic rounding; default 8"
    )

    def _complete(self, y: Format, overflow: str, *, integers: bool) -> None:
        """Put in what was left out, and check the options against each other."""
        from hdl.convert import check_conversion

        # Assigning by way of object: the model is frozen for everybody else.
        object.__setattr__(self, "overflow", overflow)
        if self.rounding == "stochastic" and self.random_bits is None:
            object.__setattr__(self, "random_bits", DEFAULT_RANDOM_BITS)
        if self.rounding != "stochastic" and self.random_bits is not None:
            raise RuleError("random_bits", "is for rounding = 'stochastic' only")
        try:
            check_conversion(
                y,
                integers=integers,
                rounding=self.rounding,
                overflow=overflow,
                subnormals="ieee",
                random_bits=self.random_bits or 0,
                stages=self.stages,
                objective=self.objective,
            )
        except ValueError as error:
            raise RuleError("overflow", str(error).partition(": ")[2]) from error

    def _option_suffixes(self, overflow: str | None, default: str) -> tuple[str, ...]:
        """Return what tells these options from the defaults."""
        random = (
            f"{self.random_bits}" if self.random_bits not in (None, DEFAULT_RANDOM_BITS) else ""
        )
        return (
            *((self.rounding + random,) if self.rounding != "rne" else ()),
            *((str(overflow),) if overflow != default else ()),
        )


class ConvertParams(ConversionParams):
    """Parameters of `convert`."""

    format_keys: ClassVar = ("x", "y")

    x: ScalarFormat = Field(description="format of the operand")
    y: ScalarFormat = Field(description="format of the result")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(
        None,
        description="what becomes of results beyond the range of y. Floats and e8m0: ieee "
        "(default) or saturate; all others saturate; integer to integer also wrap",
    )
    subnormals: Literal["ieee", "flush"] = Field(
        "ieee", description="flush: subnormal operands and results become zero of their sign"
    )

    @model_validator(mode="after")
    def _check(self) -> ConvertParams:
        from hdl.convert import conversion_overflow, needs_table
        from hdl.stages.tabulate import MAX_TABLE_BITS

        x, y = parse_format(self.x), parse_format(self.y)
        overflow = self.overflow or conversion_overflow(y)
        self._complete(y, overflow, integers=isinstance(x, IntFormat))
        if needs_table(x, y) and x.bits > MAX_TABLE_BITS:
            raise RuleError(
                "x", f"to {y.name} goes by a table, and has {MAX_TABLE_BITS} bits at most"
            )
        check_rounding(y, self.rounding)
        return self

    @property
    def base_name(self) -> str:
        return f"convert_{identifier(self.x)}_{identifier(self.y)}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        from hdl.convert import conversion_overflow

        return (
            *self._option_suffixes(self.overflow, conversion_overflow(parse_format(self.y))),
            *(("flush",) if self.subnormals == "flush" else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        return "y = round(x), rounded once"


def check_rounding(y: Format, rounding: str) -> None:
    """Raise `RuleError` for a rounding that `y` does not know."""
    if isinstance(y, PositFormat) and rounding not in ("rne", "stochastic"):
        raise RuleError("rounding", f"of {y.name} is rne or stochastic")
    if isinstance(y, LogFormat) and rounding == "stochastic":
        raise RuleError("rounding", f"of {y.name} is not stochastic")
