"""Parameters of `block_dot`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.rounding import ResultFormat
from gen.params.scalar import identifier
from hdl.formats import BlockFormat, FloatFormat, FormatError, IntFormat, parse_format

__all__ = ["BlockDotParams", "BlockFormatName"]

_TOTAL_BITS = 60
_INTEGER_BITS = 48
"""Widths of exact sums and of integer results: golden models compute them in 64 bits."""


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
        json_schema_extra={"block": True},
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
    sparsity: Literal["1:2", "2:4", "1:4", "4:8"] | None = Field(
        None, description="b holds of every M elements the N that count; `meta` says which"
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
        from hdl.stages.block_shape import (
            BlockShape,
            check_block_options,
            check_sparsity,
            exact_block_format,
        )

        a, b = (cast(BlockFormat, parse_format(name)) for name in (self.a, self.b))
        c = None if self.c is None else parse_format(self.c)
        try:
            shape = BlockShape(a, b, self.blocks, self.scale_bits)
            if self.sparsity is not None:
                check_sparsity(shape, *_two_numbers(self.sparsity))
        except ValueError as error:
            raise RuleError("a", str(error)) from error
        if shape.integer_scales and shape.total_bits > _TOTAL_BITS:
            raise RuleError("a", f"has sums of {shape.total_bits} bits, more than {_TOTAL_BITS}")
        try:
            if self.y is None:
                exact = exact_block_format(shape, c, accumulate=self.accumulate)
                object.__setattr__(self, "y", exact.name)
            if self.overflow is None:
                default = "wrap" if shape.integer_scales else "ieee"
                object.__setattr__(self, "overflow", default)
            y = parse_format(cast(str, self.y))
            check_block_options(
                shape,
                y,
                c,
                accumulate=self.accumulate,
                rounding=self.rounding,
                overflow=cast(str, self.overflow),
            )
        except (ValueError, FormatError) as error:
            raise RuleError("y", str(error)) from error
        for key, fmt in (("y", y), ("c", c)):
            limit = _TOTAL_BITS + 1 if key == "y" else _INTEGER_BITS
            if isinstance(fmt, IntFormat) and fmt.bits > limit:
                raise RuleError(key, f"has at most {limit} bits, unlike {fmt.name}")
            if isinstance(fmt, FloatFormat) and fmt.exponent_bits > 8:
                raise RuleError(key, f"has at most 8 exponent bits, unlike {fmt.name}")
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
            *((self.rounding,) if self.rounding != "rne" else ()),
            *((str(self.overflow),) if self.overflow != default else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        addend = " + c" if self.c else " + (first ? 0 : previous y)" if self.accumulate else ""
        return (
            "y = round(sum over blocks j of scale_a[j] * scale_b[j] * sum(a[i] * b[i] in j)"
            f"{addend})"
        )

    def constructor_arguments(self) -> dict[str, Any]:
        arguments = super().constructor_arguments()
        if self.sparsity is not None:
            arguments["sparsity"] = _two_numbers(self.sparsity)
        return arguments


def _two_numbers(text: str) -> tuple[int, int]:
    n, m = text.split(":")
    return int(n), int(m)
