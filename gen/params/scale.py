"""The table `scale` of a dot product: what scales its vectors have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gen.params.base import RuleError
from gen.params.scalar import identifier
from hdl.formats import FloatFormat, IntFormat, PowerFormat, parse_format

__all__ = ["ScaleTable"]


def _scale(name: str) -> str:
    fmt = parse_format(name)
    usable = isinstance(fmt, PowerFormat)
    if isinstance(fmt, IntFormat):
        usable = not fmt.signed and fmt.width <= 16
    if isinstance(fmt, FloatFormat):
        usable = not fmt.signed
    if not usable:
        raise ValueError(
            f"{fmt.name} is no scale: these are unsigned integers of at most 16 bits, e8m0, ue4m3"
        )
    return fmt.name


ScaleFormat = Annotated[
    str,
    AfterValidator(_scale),
    Field(
        examples=["uint6", "e8m0", "ue4m3", "uint4", "uint8", "uint1"],
        json_schema_extra={"listed": True},
    ),
]

_USUAL = {"vsq": ("uint6", 16), "mx": ("e8m0", 32), "nvfp4": ("ue4m3", 16), "channel": ("uint8", 0)}
"""Of each kind: the format of a scale, and how many lanes share one; 0 for all."""

_KINDS = {"vsq": IntFormat, "mx": PowerFormat, "nvfp4": FloatFormat}


class ScaleTable(BaseModel):
    """Scales beside the vectors of a dot product."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["vsq", "mx", "nvfp4", "channel"] = Field(
        description="integer scales (VS-Quant), powers of two (OCP MX), floats (NVFP4), or any of "
        "these with one scale for all lanes"
    )
    a: ScaleFormat | None = Field(
        None, description="format of the scales of a; vsq: uint6, mx: e8m0, nvfp4: ue4m3"
    )
    b: ScaleFormat | None = Field(None, description="format of the scales of b; as a by default")
    bits: int | None = Field(
        None, ge=1, le=32, description="bits that the product of integer scales is rounded to"
    )
    vector: int | None = Field(
        None, ge=1, le=1024, description="lanes that share a scale; mx: 32, vsq and nvfp4: 16"
    )

    @model_validator(mode="after")
    def _complete(self) -> ScaleTable:
        usual, _ = _USUAL[self.kind]
        for key, fallback in (("a", usual), ("b", self.a or usual)):
            name = getattr(self, key) or fallback
            wanted = _KINDS.get(self.kind)
            if wanted is not None and not isinstance(parse_format(name), wanted):
                raise RuleError(key, f"is no scale of kind {self.kind}; nearest: {usual}")
            object.__setattr__(self, key, name)
        return self

    def complete_vector(self, lanes: int) -> int:
        """Put in the default for `vector`, and return how many vectors there are in `lanes`."""
        usual = _USUAL[self.kind][1] or lanes
        vector = self.vector or min(usual, lanes)
        if self.kind == "channel" and vector != lanes:
            raise RuleError("scale.vector", f"is {lanes} with kind channel: all lanes")
        if lanes % vector:
            raise RuleError("scale.vector", f"of {vector} lanes does not divide the {lanes} lanes")
        object.__setattr__(self, "vector", vector)
        return lanes // vector

    def words(self, lanes: int) -> tuple[str, ...]:
        """Return what tells these scales from others, for a name."""
        usual, vector = _USUAL[self.kind]
        formats = (self.a,) if self.a == self.b else (self.a, self.b)
        return (
            self.kind,
            *(identifier(str(fmt)) for fmt in formats if formats != (usual,)),
            *((f"v{self.vector}",) if self.vector != min(vector or lanes, lanes) else ()),
            *((f"m{self.bits}",) if self.bits else ()),
        )
