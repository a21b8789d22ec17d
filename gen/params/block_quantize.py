"""Parameters of `block_quantize`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.rounding import OperandFormat
from gen.params.scalar import identifier
from hdl.formats import BlockFormat, FloatFormat, IntFormat, PowerFormat, parse_format

__all__ = ["BlockQuantizeParams"]


def _power_of_two(name: str) -> str:
    fmt = parse_format(name)
    if not isinstance(fmt, BlockFormat) or fmt.rule != "mx":
        raise ValueError(f"{fmt.name} is no block format with power-of-two scales")
    if fmt.length > 1024:
        raise ValueError(f"a block has at most 1024 elements, of {fmt.name} {fmt.length}")
    return fmt.name


_EXAMPLES = [
    "mxfp8-e4m3",
    "mxfp8-e5m2",
    "mxfp6-e2m3",
    "mxfp6-e3m2",
    "mxfp4",
    "mxint8",
    "msfp12",
    "bfp6v8",
]


class BlockQuantizeParams(Params):
    """Parameters of `block_quantize`."""

    format_keys: ClassVar = ("x", "y")

    x: OperandFormat = Field(description="format of the numbers, an accumulator's for example")
    y: Annotated[
        str,
        AfterValidator(_power_of_two),
        Field(examples=_EXAMPLES, json_schema_extra={"listed": True}),
    ] = Field(description="block format whose scale is a power of two")
    lanes: int | None = Field(
        None, ge=1, le=1024, description="numbers a cycle, which divide a block; left out: a block"
    )
    rounding: Literal["rne", "rtz", "rup", "rdn", "rna"] = Field(
        "rne", description="of the elements; MX asks for rne"
    )

    @model_validator(mode="after")
    def _check(self) -> BlockQuantizeParams:
        from hdl.block_quantize import check_block
        from hdl.stages.block_scale import PowerScale

        x, y = parse_format(self.x), cast(BlockFormat, parse_format(self.y))
        if self.lanes is None:
            object.__setattr__(self, "lanes", y.length)
        if y.length % cast(int, self.lanes):
            given = cast(int, self.lanes)
            divisors = [k for k in range(1, y.length + 1) if y.length % k == 0]
            nearest = min(divisors, key=lambda k: abs(k - given))
            rule = f"divides the {y.length} elements of a block of {y.name}; nearest: {nearest}"
            raise RuleError("lanes", rule)
        try:
            check_block(x, y, cast(int, self.lanes))
            PowerScale.check(
                cast("IntFormat | FloatFormat", x), y.element, cast(PowerFormat, y.scale)
            )
        except ValueError as error:
            rule = str(error).removeprefix(f"x = {x.name} ").removeprefix("x ")
            raise RuleError("x", rule) from error
        return self

    @property
    def base_name(self) -> str:
        return f"block_quantize{self.lanes}_{identifier(self.x)}_{identifier(self.y)}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (*((self.rounding,) if self.rounding != "rne" else ()), *super().suffixes)

    @property
    def formula(self) -> str:
        return "scale = 2^(floor(log2 max |x|) - emax) of a vector, y = round(x / scale)"
