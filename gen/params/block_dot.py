"""Parameters of `block_dot`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.blocks import BlockSum, Sparsity, check_selection, complete
from gen.params.rounding import OperandFormat, ResultFormat
from gen.params.scalar import identifier
from hdl.formats import BlockFormat, parse_format

__all__ = ["BlockDotParams", "BlockFormatName"]


def _block(name: str) -> str:
    fmt = parse_format(name)
    if not isinstance(fmt, BlockFormat):
        raise ValueError(f"{fmt.name} is not a block format")
    return fmt.name


BlockFormatName = Annotated[
    str,
    AfterValidator(_block),
    Field(
        examples=["mxfp8-e4m3", "nvfp4", "vsq4", "bfp4v2", "bfp3v2", "vsq4m4v2", "vsq3m2v2"],
        json_schema_extra={"listed": True},
    ),
]


class BlockDotParams(Params):
    """Parameters of `block_dot`."""

    format_keys: ClassVar = ("a", "b", "c", "y")

    a: BlockFormatName = Field(description="block format of the first vector")
    b: BlockFormatName = Field(description="block format of the second, of the same length")
    y: ResultFormat | None = Field(
        None,
        description="format of the result: an integer if the scales are, else a float; left out "
        "for integers without accumulate: exact",
    )
    blocks: int = Field(1, ge=1, le=64, description="blocks in a sum")
    c: ResultFormat | None = Field(None, description="format of an addend, which adds its port")
    accumulate: bool = Field(
        False, description="adds the previous result instead, which the port `first` restarts"
    )
    scale_bits: int | None = Field(
        None, ge=1, le=32, description="bits that the product of integer scales is rounded to"
    )
    sparsity: Sparsity | None = Field(
        None, description="b holds of every M elements the N that count; `meta` says which"
    )
    outer: OperandFormat | None = Field(
        None,
        description="format of the product of the outer scales, of tensors or channels, which adds "
        "its port: the sum, rounded, is multiplied by it, and rounded again; of float results",
    )
    rounding: Literal["rne", "rtz", "rup", "rdn", "rna"] = Field(
        "rne", description="of a float result, as in dot"
    )
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(
        None,
        description="what becomes of results beyond the range of y. Integer y: wrap (default) or "
        "saturate; float y: ieee (default) or saturate",
    )

    @model_validator(mode="after")
    def _check(self) -> BlockDotParams:
        a, b = (cast(BlockFormat, parse_format(name)) for name in (self.a, self.b))
        asked = BlockSum(
            a=a,
            b=b,
            blocks=self.blocks,
            scale_bits=self.scale_bits,
            window=None,
            y=self.y,
            c=self.c,
            accumulate=self.accumulate,
            rounding=self.rounding,
            overflow=self.overflow,
        )
        y, overflow = complete(asked, "a")
        check_selection(self.sparsity, self.blocks * a.length)
        object.__setattr__(self, "y", y)
        object.__setattr__(self, "overflow", overflow)
        if self.outer is not None:
            from hdl.outer_dot import check_outer

            try:
                check_outer(parse_format(y), parse_format(self.outer))
            except ValueError as error:
                rule = str(error).removeprefix(f"outer = {self.outer} ").removeprefix("outer ")
                raise RuleError("outer", rule) from error
        return self

    @property
    def base_name(self) -> str:
        vectors = (self.a,) if self.a == self.b else (self.a, self.b)
        blocks = f"{self.blocks}x" if self.blocks > 1 else ""
        return identifier("_".join((f"block_dot{blocks}", *vectors, str(self.y))))

    @property
    def suffixes(self) -> tuple[str, ...]:
        default = "wrap" if str(self.y).lstrip("u").startswith("int") else "ieee"
        return (
            *((f"c_{self.c}",) if self.c else ()),
            *(("acc",) if self.accumulate else ()),
            *((f"m{self.scale_bits}",) if self.scale_bits else ()),
            *((identifier(f"{self.sparsity}"),) if self.sparsity else ()),
            *((f"outer_{self.outer}",) if self.outer else ()),
            *((self.rounding,) if self.rounding != "rne" else ()),
            *((str(self.overflow),) if self.overflow != default else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        addend = " + c" if self.c else " + (first ? 0 : previous y)" if self.accumulate else ""
        total = (
            f"round(sum over blocks j of scale_a[j] * scale_b[j] * sum(a[i] * b[i] in j){addend})"
        )
        if self.outer is None:
            return f"y = {total}"
        if self.accumulate:
            return f"s = {total.replace('previous y', 'previous s')}, y = round(s * outer)"
        return f"y = round({total} * outer)"

    def constructor_arguments(self) -> dict[str, Any]:
        arguments = super().constructor_arguments()
        del arguments["sparsity"], arguments["outer"]
        return arguments
