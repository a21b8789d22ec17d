"""Parameters of `systolic`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from gen.params.base import RuleError
from gen.params.rounding import OperandFormat, RoundingParams

__all__ = ["SystolicParams"]

_CELLS = 1 << 12
"""Most cells: what comes of more takes simulators minutes to compile."""


class SystolicParams(RoundingParams):
    """Parameters of `systolic`."""

    format_keys: ClassVar = ("a", "b", "c", "y")

    rows: int = Field(ge=1, le=256, description="activations in a row, and rows of weights")
    cols: int = Field(ge=1, le=256, description="columns of weights, and results in a row")
    a: OperandFormat = Field(description="format of the activations")
    b: OperandFormat = Field(description="format of the weights")
    y: OperandFormat = Field(description="format of sums: they are operands of the next cell")
    c: OperandFormat | None = Field(
        None, description="format of addends, which adds their port; left out: sums start from +0"
    )
    stages: int = Field(
        0, ge=0, le=16, description="pipeline registers in a cell, beyond the one it has anyway"
    )

    @model_validator(mode="after")
    def _complete(self) -> SystolicParams:
        if self.rows * self.cols > _CELLS:
            raise RuleError("cols", f"rows * cols is at most {_CELLS}")
        self._complete_overflow()
        return self

    @property
    def _operands(self) -> tuple[str, ...]:
        # Sums are operands, too.
        return (self.a, self.b, *((self.c,) if self.c else ()), self.y)

    @property
    def _result(self) -> str:
        return self.y

    @property
    def base_name(self) -> str:
        factors = (self.a,) if self.a == self.b else (self.a, self.b)
        return "_".join((f"systolic{self.rows}x{self.cols}", *factors, self.y))

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (*((f"c_{self.c}",) if self.c else ()), *super().suffixes)

    @property
    def formula(self) -> str:
        start = "c[j]" if self.c else "0"
        return f"y[j] = {start} + a[0] * W[0, j] + a[1] * W[1, j] + ..., each sum rounded"
