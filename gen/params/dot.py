"""Parameters of `dot`."""

from __future__ import annotations

from typing import ClassVar, Literal, cast

from pydantic import Field, model_validator

from gen.params.base import RuleError
from gen.params.codebook import FactorFormat, TableFormat, check_tables, factor_name
from gen.params.rounding import OperandFormat, ResultFormat, RoundingParams
from hdl.formats import FloatFormat, FormatError, IntFormat, parse_format

__all__ = ["DotParams"]


class DotParams(RoundingParams):
    """Parameters of `dot`."""

    format_keys: ClassVar = ("a", "b", "a_table", "b_table", "c", "y")

    a: FactorFormat = Field(description="format of one lane of the first vector")
    b: FactorFormat = Field(description="format of one lane of the second vector")
    y: ResultFormat | None = Field(
        None,
        description="format of the result; left out, without accumulate: the smallest integer that "
        "holds every sum, with the lsb that makes it exact",
    )
    lanes: int = Field(ge=1, le=1024, description="products in a sum")
    a_table: TableFormat | None = Field(
        None,
        description="a codebook in a: format its entries are rounded into, to nearest even and "
        "saturating: what is multiplied",
    )
    b_table: TableFormat | None = Field(None, description="the same for a codebook in b")
    c: OperandFormat | None = Field(None, description="format of an addend, which adds its port")
    accumulate: bool = Field(
        False, description="adds the previous result instead, which the port `first` restarts"
    )
    accumulator: Literal["binary", "carry_save"] = Field(
        "binary",
        description="what accumulates: y; or (integers that wrap) two numbers that y is the sum "
        "of, formed behind the loop, which is shorter for it",
    )
    lsb: int = Field(
        0,
        ge=-400,
        le=400,
        description="integer y of float products: weight of its lowest bit, as a power of two",
    )
    align: Literal["exact", "window"] = Field(
        "exact",
        description="how terms are added: exactly, or (floats only) cut off, toward zero, a number "
        "of bits below the largest exponent; one rounding follows",
    )
    fraction_bits: int | None = Field(
        None, ge=1, le=40, description="align = window: bits kept below the largest exponent"
    )
    sticky: bool = Field(
        False,
        description="align = window: keep guard and round bits as well, and whether anything is "
        "below them",
    )

    @model_validator(mode="after")
    def _complete(self) -> DotParams:
        check_tables({"a": (self.a, self.a_table), "b": (self.b, self.b_table)})
        if self.accumulate and self.c is not None:
            raise RuleError(
                "accumulate", "excludes c: the unit adds either an addend or its last result"
            )
        if self.y is None:
            self._complete_result()
        self._check_lsb()
        self._complete_overflow()
        self._check_window()
        self._check_accumulator()
        return self

    def _check_accumulator(self) -> None:
        if self.accumulator == "binary":
            return
        if not self.accumulate:
            raise RuleError("accumulator", "carry_save needs accumulate = true")
        if self.overflow != "wrap":
            raise RuleError(
                "accumulator",
                f"carry_save needs integers and overflow = wrap, not {self.overflow}: "
                "any other sum has to be known before the next one",
            )

    def _check_window(self) -> None:
        if self.align == "exact":
            for key, given in (("fraction_bits", self.fraction_bits), ("sticky", self.sticky)):
                if given:
                    raise RuleError(key, "needs align = window")
            return
        if self.fraction_bits is None:
            raise RuleError("fraction_bits", "is needed with align = window")
        for name in (*self._operands, self._result):
            if not isinstance(parse_format(name), FloatFormat):
                raise RuleError("align", f"window needs floats: {name} has no exponent to align by")

    def _complete_result(self) -> None:
        from hdl.stages.codebook import as_factor
        from hdl.stages.exact_sum import exact_sum

        if self.accumulate:
            raise RuleError("y", "is needed with accumulate = true: a running sum has no bound")
        arguments = self.constructor_arguments()
        a, b, c = (arguments[key] for key in "abc")
        if c and not all(isinstance(fmt, IntFormat) for fmt in (a, b, c)):
            raise RuleError("y", "is needed with c, as not all operands are integers")
        a_factor = as_factor(a, arguments["a_table"], "a")
        b_factor = as_factor(b, arguments["b_table"], "b")
        try:
            y, lsb = exact_sum(a_factor, b_factor, self.lanes, c)
        except FormatError as error:
            raise RuleError("y", "is needed: the exact sum has more than 64 bits") from error
        if self.lsb not in (0, lsb):
            raise RuleError("lsb", f"is {lsb} where y is left out")
        object.__setattr__(self, "y", y.name)
        object.__setattr__(self, "lsb", lsb)

    def _check_lsb(self) -> None:
        if self.lsb == 0:
            return
        factors = [parse_format(name) for name in self._operands[:2]]
        if all(isinstance(fmt, IntFormat) for fmt in factors):
            raise RuleError("lsb", "is 0 where a and b are integers")
        if not isinstance(parse_format(self._result), IntFormat):
            raise RuleError("lsb", f"needs an integer y: {self._result} has an exponent")
        if self.c is not None:
            raise RuleError("lsb", "is 0 with c")

    @property
    def _operands(self) -> tuple[str, ...]:
        factors = (self.a_table or self.a, self.b_table or self.b)
        return (*factors, *((self.c,) if self.c else ()))

    @property
    def _result(self) -> str:
        return cast(str, self.y)

    @property
    def base_name(self) -> str:
        a, b = factor_name(self.a, self.a_table), factor_name(self.b, self.b_table)
        factors = (a,) if a == b else (a, b)
        return "_".join((f"dot{self.lanes}", *factors, self._result))

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (
            *((f"c_{self.c}",) if self.c else ()),
            *(("acc",) if self.accumulate else ()),
            *(("cs",) if self.accumulator == "carry_save" else ()),
            *((f"lsb{self.lsb}".replace("-", "m"),) if self.lsb else ()),
            *((f"w{self.fraction_bits}",) if self.fraction_bits else ()),
            *(("sticky",) if self.sticky else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        addend = " + c" if self.c else " + (first ? 0 : previous y)" if self.accumulate else ""
        products = f"sum(a[i] * b[i] for i in 0..{self.lanes - 1})"
        if self.lsb:
            products = f"2^{-self.lsb} * {products}"
        if self.align == "exact":
            return f"y = round({products}{addend}), rounded once"
        kept = f"{self.fraction_bits} fraction bits{' and g, r, s' if self.sticky else ''}"
        return f"y = round({products}{addend}), terms cut to {kept} of the largest"
