"""Parameters of `tile`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from gen.params.base import Params, RuleError
from gen.params.block_dot import BlockDotParams
from gen.params.codebook import FactorFormat
from gen.params.dot import DotParams
from hdl.formats import BlockFormat, parse_format

__all__ = ["TileParams"]

_PRODUCTS = 1 << 14
"""Most products in a cycle: what comes of more takes simulators minutes to compile."""

_LENGTHS = {DotParams: "lanes", BlockDotParams: "blocks"}
"""The parameter of a dot product that follows from k."""

_FACTOR: TypeAdapter[str] = TypeAdapter(FactorFormat)


def _vector(name: str) -> str:
    fmt = parse_format(name)
    return fmt.name if isinstance(fmt, BlockFormat) else _FACTOR.validate_python(name)


VectorFormat = Annotated[
    str, AfterValidator(_vector), Field(examples=["e4m3", "int8", "nf4", "mxfp8-e4m3"])
]


def _options() -> dict[str, Any]:
    """Return the fields of all dot products that mean the same in a tile."""
    scalars, blocks = (kind.model_fields for kind in _LENGTHS)
    fields: dict[str, FieldInfo] = {**blocks, **scalars}
    # Outer scales are for whole sums, of several steps.
    others = {*_LENGTHS.values(), "outer", *Params.model_fields}
    return {key: (one.annotation, one) for key, one in fields.items() if key not in others}


_Options: type[Params] = create_model("_Options", __base__=Params, **_options())


class TileParams(_Options):
    """Parameters of `tile`: the size, and all that say how an element is computed."""

    m: int = Field(ge=1, le=64, description="rows of a and y")
    n: int = Field(ge=1, le=64, description="columns of b and y")
    k: int = Field(
        ge=1,
        le=1024,
        description="columns of a and rows of b: products in a sum; of block formats whole blocks",
    )
    a: VectorFormat = Field(description="format of a; a block format's blocks lie along k")
    b: VectorFormat = Field(description="format of b; a block format if and only if that of a is")

    _dot: DotParams | BlockDotParams = PrivateAttr()

    @property
    def dot(self) -> DotParams | BlockDotParams:
        """Parameters of the dot product behind an element of y."""
        return self._dot

    @model_validator(mode="after")
    def _complete(self) -> TileParams:
        if self.m * self.n * self.k > _PRODUCTS:
            raise RuleError("k", f"m * n * k is at most {_PRODUCTS}")
        self._dot = self._checked()
        for key in type(self).model_fields:
            if key in type(self._dot).model_fields:
                object.__setattr__(self, key, getattr(self._dot, key))
        return self

    def _checked(self) -> DotParams | BlockDotParams:
        formats = [parse_format(name) for name in (self.a, self.b)]
        blocks = [fmt for fmt in formats if isinstance(fmt, BlockFormat)]
        if len(blocks) == 1:
            raise RuleError("b", f"{self.a} and {self.b}: both are block formats or neither")
        length, kind = self.k, DotParams
        if blocks:
            kind = BlockDotParams
            length, rest = divmod(self.k, blocks[0].length)
            if rest or not length:
                raise RuleError("k", f"is whole blocks of {self.a}: {blocks[0].length} products")
        given = {key: getattr(self, key) for key in self.model_fields_set - {"m", "n", "k"}}
        for key, value in given.items():
            if key not in kind.model_fields and value != type(self).model_fields[key].default:
                raise RuleError(key, f"is not for products of {self.a} and {self.b}")
        known = {key: value for key, value in given.items() if key in kind.model_fields}
        try:
            return kind.model_validate(known | {_LENGTHS[kind]: length})
        except ValidationError as error:
            details = error.errors(include_url=False)[0]
            cause = details.get("ctx", {}).get("error")
            if isinstance(cause, RuleError):
                key = "k" if cause.key == _LENGTHS[kind] else cause.key
                raise RuleError(key, str(cause)) from error
            problem = details["msg"][:1].lower() + details["msg"][1:]
            raise RuleError("k", f"makes {length} {_LENGTHS[kind]}: {problem}") from error

    @property
    def base_name(self) -> str:
        return f"tile{self.m}x{self.n}_{self.dot.base_name}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return self.dot.suffixes

    @property
    def formula(self) -> str:
        return f"for each row a of A and column b of B: {self.dot.formula}"
