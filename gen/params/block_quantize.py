"""Parameters of `block_quantize`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.rounding import OperandFormat, operand
from gen.params.scalar import identifier
from hdl.formats import BlockFormat, FloatFormat, IntFormat, PowerFormat, parse_format

__all__ = ["BlockQuantizeParams"]


def _block(name: str) -> str:
    fmt = parse_format(name)
    if not isinstance(fmt, BlockFormat):
        raise ValueError(f"{fmt.name} is not a block format")
    if fmt.length > 1024:
        raise ValueError(f"a block has at most 1024 elements, of {fmt.name} {fmt.length}")
    return fmt.name


def _outer(name: str) -> str:
    if name == NONE:
        return name
    fmt = parse_format(name)
    return fmt.name if isinstance(fmt, PowerFormat) else operand(name)


NONE = "none"
"""In place of the format of an outer scale: there is none."""

_EXAMPLES = [
    "mxfp8-e4m3",
    "mxfp8-e5m2",
    "mxfp6-e2m3",
    "mxfp6-e3m2",
    "mxfp4",
    "mxint8",
    "msfp12",
    "bfp6v8",
    "nvfp4",
    "vsq4",
    "vsq8m8v8",
]


class BlockQuantizeParams(Params):
    """Parameters of `block_quantize`."""

    format_keys: ClassVar = ("x", "y")

    x: OperandFormat = Field(description="format of the numbers, an accumulator's for example")
    y: Annotated[
        str,
        AfterValidator(_block),
        Field(examples=_EXAMPLES, json_schema_extra={"listed": True}),
    ] = Field(description="block format of the result")
    lanes: int | None = Field(
        None, ge=1, le=1024, description="numbers a cycle, which divide a block; left out: a block"
    )
    outer: (
        Annotated[
            str,
            AfterValidator(_outer),
            Field(examples=["fp32", "bf16", "e8m0", NONE], json_schema_extra={"listed": True}),
        ]
        | None
    ) = Field(
        None,
        description="nvfp4 and vsq: format of the scale of the tensor or channel, a port; none for "
        "1; left out: fp32",
    )
    order: Literal["published", "scaled"] | None = Field(
        None,
        description="vsq: whether elements are over the scale as it would be best, as published, "
        "or over the one that is stored, times the outer one",
    )
    rounding: Literal["rne", "rtz", "rup", "rdn", "rna"] = Field(
        "rne", description="of the elements; all rules ask for rne"
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
        self._complete_scale(y)
        outer = None if self.outer in (None, NONE) else parse_format(cast(str, self.outer))
        try:
            check_block(x, y, cast(int, self.lanes), outer)
            if y.rule == "mx":
                PowerScale.check(
                    cast("IntFormat | FloatFormat", x), y.element, cast(PowerFormat, y.scale)
                )
        except ValueError as error:
            key = str(error).partition(" ")[0]
            name = {"x": x.name, "outer": self.outer}.get(key, y.name)
            rule = str(error).removeprefix(f"{key} = {name}").removeprefix(key)
            raise RuleError(key, rule.lstrip(": ")) from error
        return self

    def _complete_scale(self, y: BlockFormat) -> None:
        """Put in the defaults of what some scales need and others do not take."""
        if y.rule != "mx" and self.outer is None:
            object.__setattr__(self, "outer", "fp32")
        if y.rule == "vsq" and self.order is None:
            object.__setattr__(self, "order", "published")
        if y.rule != "vsq" and self.order is not None:
            raise RuleError("order", f"is for integer scales, not for {y.name}")

    @property
    def base_name(self) -> str:
        return f"block_quantize{self.lanes}_{identifier(self.x)}_{identifier(self.y)}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        usual = (None, "fp32")
        return (
            *((f"outer_{identifier(str(self.outer))}",) if self.outer not in usual else ()),
            *((self.order,) if self.order == "scaled" else ()),
            *((self.rounding,) if self.rounding != "rne" else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        y = cast(BlockFormat, parse_format(self.y))
        times = "" if self.outer == NONE else " * outer"
        if y.rule == "mx":
            return "scale = 2^(floor(log2 max |x|) - emax) of a vector, y = round(x / scale)"
        if y.rule == "nvfp4":
            divisor = f"(6{times})" if times else "6"
            over = f"(scale{times})" if times else "scale"
            return f"scale = round(max |x| / {divisor}) of a vector, y = round(x / {over})"
        top = (1 << (y.element.bits - 1)) - 1
        divisor = f"({top}{times})" if times else f"{top}"
        if self.order == "published":
            return f"scale = round(max |x| / {divisor}) of a vector, y = round({top} * x / max |x|)"
        over = f"(scale{times})" if times else "scale"
        return f"scale = ceil(max |x| / {divisor}) of a vector, y = round(x / {over})"

    def constructor_arguments(self) -> dict[str, Any]:
        arguments = super().constructor_arguments()
        named = self.outer not in (None, NONE)
        return arguments | {"outer": parse_format(cast(str, self.outer)) if named else None}
