"""Parameters of `sparse_mux`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from gen.params.base import Params, RuleError
from gen.params.scalar import ScalarFormat, identifier

__all__ = ["SparseMuxParams"]


class SparseMuxParams(Params):
    """Parameters of `sparse_mux`."""

    format_keys: ClassVar = ("x",)

    x: ScalarFormat = Field(description="format of an operand; its codes pass as they are")
    n: int = Field(2, ge=1, le=32, description="operands that meet a weight, of every m")
    m: int = Field(4, ge=1, le=64, description="operands in a group")
    groups: int = Field(1, ge=1, le=1024, description="groups side by side")

    @model_validator(mode="after")
    def _check(self) -> SparseMuxParams:
        from hdl.sparse_mux import MAX_LANES, MAX_META_BITS
        from hdl.stages.select import index_bits

        if self.n > self.m:
            raise RuleError("n", f"is at most m, which is {self.m}")
        if self.n * index_bits(self.m) > MAX_META_BITS:
            raise RuleError("n", f"{self.n}:{self.m} has more than {MAX_META_BITS} bits a group")
        if self.groups * self.m > MAX_LANES:
            raise RuleError("groups", f"of {self.m} are more than {MAX_LANES} operands")
        return self

    @property
    def base_name(self) -> str:
        groups = f"x{self.groups}" if self.groups > 1 else ""
        return f"sparse_mux{groups}_{self.n}of{self.m}_{identifier(self.x)}"

    @property
    def formula(self) -> str:
        return f"y[{self.n} g + k] = x[{self.m} g + position k of meta[g]]"
