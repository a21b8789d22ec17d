"""Parameters of `dot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field, model_validator

from gen.params.base import RuleError
from gen.params.blocks import BlockSum, Sparsity, check_selection, complete
from gen.params.codebook import FactorFormat, TableFormat, check_tables, factor_name
from gen.params.rounding import OperandFormat, ResultFormat, RoundingParams
from gen.params.scale import ScaleTable
from hdl.formats import (
    BlockFormat,
    CodebookFormat,
    FloatFormat,
    FormatError,
    IntFormat,
    PositFormat,
    parse_format,
)

if TYPE_CHECKING:
    from hdl.stages.block_shape import BlockWindow

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
    gate_zero: bool = Field(
        False,
        description="keeps a factor from its multiplier where the other one is zero: the same "
        "result with less that moves; no codebooks or posits",
    )
    group: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="align = window, with scale: products that are added exactly before their "
        "scales join them; 1 by default",
    )
    sparsity: Sparsity | None = Field(
        None,
        description="N:M, as 2:4: b holds of every M elements the N that count, a all; `meta` says "
        "which",
    )
    scale: ScaleTable | None = Field(
        None, description="scales of vectors within the lanes, a table"
    )

    @model_validator(mode="after")
    def _complete(self) -> DotParams:
        check_tables({"a": (self.a, self.a_table), "b": (self.b, self.b_table)})
        self._check_posits()
        if self.accumulate and self.c is not None:
            raise RuleError(
                "accumulate", "excludes c: the unit adds either an addend or its last result"
            )
        check_selection(self.sparsity, self.lanes)
        if self.scale is not None:
            self._complete_scaled(self.scale)
            return self
        if self.group is not None:
            raise RuleError("group", "needs align = window with a scale")
        if self.y is None:
            self._complete_result()
        self._check_lsb()
        self._complete_overflow()
        self._check_window()
        self._check_accumulator()
        formats = [parse_format(name) for name in (self.a, self.b)]
        if self.gate_zero and any(isinstance(f, CodebookFormat | PositFormat) for f in formats):
            raise RuleError("gate_zero", "needs integers or floats, no codebooks or posits")
        return self

    def _check_posits(self) -> None:
        from hdl.dot import check_posits

        y = None if self.y is None else parse_format(self.y)
        for key in ("a", "b"):
            fmt = parse_format(getattr(self, key))
            try:
                check_posits([fmt] if isinstance(fmt, PositFormat) else [], y, self.lsb)
            except ValueError as error:
                raise RuleError(key, str(error).partition(": ")[2]) from error

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

    def _complete_scaled(self, scale: ScaleTable) -> None:
        if self.lsb:
            raise RuleError("lsb", "is 0 with scale")
        if self.accumulator != "binary":
            raise RuleError("accumulator", "is binary with scale")
        if self.gate_zero:
            raise RuleError("gate_zero", "is false with scale")
        if self.subnormals != "ieee":
            raise RuleError("subnormals", "is ieee with scale")
        for key, name in (("a", self.a), ("b", self.b)):
            fmt = parse_format(name)
            if not isinstance(fmt, IntFormat | FloatFormat):
                raise RuleError(key, f"is an integer or a float with scale, unlike {fmt.name}")
            if not fmt.is_signed:
                raise RuleError(key, "is signed with scale: its vectors are those of block formats")
            of_scale = parse_format(cast(str, getattr(scale, key)))
            if isinstance(of_scale, IntFormat) and not isinstance(fmt, IntFormat):
                raise RuleError(
                    key,
                    f"is an integer where its scales are ({of_scale.name}): the sum is one as well",
                )
        self._check_window_width()
        scale.complete_vector(self.lanes)
        y, overflow = complete(self._block_sum(scale), "scale")
        object.__setattr__(self, "y", y)
        object.__setattr__(self, "overflow", overflow)

    def _block_sum(self, scale: ScaleTable) -> BlockSum:
        a, b = (
            BlockFormat(
                element.name,
                element,
                parse_format(cast(str, name)),
                cast(int, scale.vector),
                "vsq" if scale.kind == "channel" else scale.kind,
            )
            for element, name in (
                (parse_format(self.a), scale.a),
                (parse_format(self.b), scale.b),
            )
        )
        return BlockSum(
            a=a,
            b=b,
            blocks=self.lanes // a.length,
            scale_bits=scale.bits,
            window=self._block_window,
            y=self.y,
            c=self.c,
            accumulate=self.accumulate,
            rounding=self.rounding,
            overflow=self.overflow,
        )

    @property
    def _block_window(self) -> BlockWindow | None:
        from hdl.stages.block_shape import BlockWindow

        if self.fraction_bits is None:
            return None
        return BlockWindow(self.fraction_bits, self.sticky, self.group or 1)

    def _check_window_width(self) -> None:
        if self.align == "exact":
            for key in ("fraction_bits", "sticky", "group"):
                if getattr(self, key):
                    raise RuleError(key, "needs align = window")
        elif self.fraction_bits is None:
            raise RuleError("fraction_bits", "is needed with align = window")

    def _check_window(self) -> None:
        self._check_window_width()
        if self.align == "exact":
            return
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
            *(("gz",) if self.gate_zero else ()),
            *((f"g{self.group}",) if self.group else ()),
            *((self.sparsity.replace(":", "of"),) if self.sparsity else ()),
            *(self.scale.words(self.lanes) if self.scale else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        addend = " + c" if self.c else " + (first ? 0 : previous y)" if self.accumulate else ""
        chosen = "a[position of meta]" if self.sparsity else "a[i]"
        products = f"sum({chosen} * b[i] for i in 0..{self.lanes - 1})"
        if self.scale:
            factor = "scale_a[j] * scale_b[j]"
            if self.scale.bits:
                factor = f"round({factor} to {self.scale.bits} bits)"
            products = f"sum({factor} * sum({chosen} * b[i] for i in vector j) for all j)"
        if self.lsb:
            products = f"2^{-self.lsb} * {products}"
        if self.align == "exact":
            return f"y = round({products}{addend}), rounded once"
        kept = f"{self.fraction_bits} fraction bits{' and g, r, s' if self.sticky else ''}"
        terms = f"terms of {self.group} products" if self.group and self.group > 1 else "terms"
        return f"y = round({products}{addend}), {terms} cut to {kept} of the largest"

    def constructor_arguments(self) -> dict[str, Any]:
        arguments = super().constructor_arguments()
        for key in ("sparsity", "scale", "group"):
            del arguments[key]
        if self.scale is None:
            return arguments
        asked = self._block_sum(self.scale)
        shared = ("y", "c", "accumulate", "rounding", "overflow", "stages", "objective")
        return {key: arguments[key] for key in shared} | {
            key: getattr(asked, key) for key in ("a", "b", "blocks", "scale_bits", "window")
        }
