"""Parameters of `vector_scale`."""

from __future__ import annotations

from typing import ClassVar, Literal, cast

from pydantic import Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.scalar import ScalarFormat, identifier
from hdl.formats import FloatFormat, IntFormat, parse_format

__all__ = ["VectorScaleParams"]


class VectorScaleParams(Params):
    """Parameters of `vector_scale`."""

    format_keys: ClassVar = ("x", "scale_a", "scale_b", "y")

    x: ScalarFormat = Field(description="integer format of the partial sum, of at most 48 bits")
    scale_a: ScalarFormat = Field(
        description="format of one scale: an unsigned integer of at most 16 bits, e8m0, ue4m3"
    )
    scale_b: ScalarFormat = Field(description="format of the other: integer if scale_a is")
    y: ScalarFormat | None = Field(
        None,
        description="format of the result: an integer if the scales are, else a float; left out "
        "for integers without accumulate: exact",
    )
    scale_bits: int | None = Field(
        None, ge=1, le=32, description="bits that the product of integer scales is rounded to"
    )
    accumulate: bool = Field(
        False, description="adds the previous result, which the port `first` restarts"
    )
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(
        None,
        description="what becomes of results beyond the range of y. Integer y: wrap (default) or "
        "saturate; float y: ieee (default) or saturate",
    )

    @model_validator(mode="after")
    def _check(self) -> VectorScaleParams:
        from hdl.vector_scale import check_scales, exact_scaled_format

        x, a, b = (parse_format(name) for name in (self.x, self.scale_a, self.scale_b))
        if not isinstance(x, IntFormat):
            raise RuleError("x", f"is an integer, unlike {x.name}")
        try:
            check_scales(x, a, b)
        except ValueError as error:
            raise RuleError("scale_a", str(error)) from error
        integers = isinstance(a, IntFormat)
        full = a.bits + b.bits
        if self.scale_bits is not None and not (integers and self.scale_bits <= full):
            rule = f"is at most {full} here" if integers else "is for integer scales only"
            raise RuleError("scale_bits", rule)
        if self.y is None:
            if self.accumulate or not integers:
                raise RuleError("y", "is needed with accumulate and with floating scales")
            exact = exact_scaled_format(x, self.scale_bits or full)
            object.__setattr__(self, "y", exact.name)
        y = parse_format(cast(str, self.y))
        if integers != isinstance(y, IntFormat):
            raise RuleError("y", "is an integer if the scales are, and otherwise a float")
        if not integers and not (isinstance(y, FloatFormat) and y.signed):
            raise RuleError("y", f"is a float with a sign, unlike {y.name}")
        allowed = ("wrap", "saturate") if integers else ("ieee", "saturate")
        if self.overflow is None:
            object.__setattr__(self, "overflow", allowed[0])
        if self.overflow not in allowed:
            raise RuleError("overflow", f"{y.name} takes {' or '.join(allowed)}")
        return self

    @property
    def base_name(self) -> str:
        scales = (self.scale_a,) if self.scale_a == self.scale_b else (self.scale_a, self.scale_b)
        return identifier("_".join(("vector_scale", self.x, *scales, str(self.y))))

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (
            *((f"m{self.scale_bits}",) if self.scale_bits else ()),
            *(("acc",) if self.accumulate else ()),
            *(("saturate",) if self.overflow == "saturate" else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        product = "x * scale_a * scale_b"
        if self.scale_bits:
            product = f"x * round(scale_a * scale_b to {self.scale_bits} bits)"
        return f"y = {product}" + (" + (first ? 0 : previous y)" if self.accumulate else "")
