"""Parameters of `log_dot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from gen.params.base import Params, RuleError
from hdl.formats import LogFormat, parse_format

if TYPE_CHECKING:
    from hdl.stages.bins import BinPlan

__all__ = ["LogDotParams", "LogFormatName"]


def _log(name: str) -> str:
    fmt = parse_format(name)
    if not isinstance(fmt, LogFormat):
        raise ValueError(f"{fmt.name} is no log format")
    return fmt.name


LogFormatName = Annotated[
    str, AfterValidator(_log), Field(examples=["log4.3", "log2.2", "log3.0", "log5.4"])
]


class LogDotParams(Params):
    """Parameters of `log_dot`."""

    format_keys: ClassVar = ("format",)

    format: LogFormatName = Field(description="log format of the elements and of y_log")
    lanes: int = Field(ge=1, le=1024, description="products in a cycle")
    constant_bits: int = Field(
        8, ge=0, le=24, description="fraction bits G of the constants 2^(r / 2^F)"
    )
    bin_width: int | None = Field(
        None,
        ge=2,
        le=256,
        description="bits of a bin, beyond which it saturates; left out: for any sum of one cycle",
    )
    drop: int = Field(0, ge=0, le=126, description="quotients below this one count as zero")
    lut_entries: int | None = Field(
        None,
        ge=1,
        le=64,
        description="constants, and bins: a power of two up to 2^F (default); with fewer, "
        "the low bits of a remainder are approximated (Mitchell)",
    )
    accumulator: Literal["signed", "pairs", "linear"] = Field(
        "signed",
        description="bins with a sign; pairs of bins, up and down; or one sum for all, "
        "with the constants in front of it",
    )
    midpoint_bits: int = Field(
        8, ge=1, le=16, description="fraction bits that decide how y_log is rounded"
    )
    midpoints: Literal["geometric", "arithmetic"] = Field(
        "geometric", description="y_log goes to the nearest logarithm or to the nearest number"
    )
    finish: Literal["parallel", "serial"] = Field(
        "parallel",
        description="multiplies all bins by their constants at once, or one a cycle beside the "
        "next sum; then a `last` less than lut_entries valid cycles after another is not heard",
    )

    sort: int | None = Field(
        None,
        ge=1,
        le=64,
        description="lanes that are brought together by bin before they are added, a power of two "
        "that divides lanes; 1: none; left out: what takes least area",
    )

    @model_validator(mode="after")
    def _complete(self) -> LogDotParams:
        from hdl.log_dot import check_log_dot

        fmt = parse_format(self.format)
        broken = check_log_dot(fmt, self.model_dump())
        if broken:
            raise RuleError(*broken)
        assert isinstance(fmt, LogFormat)
        if self.lut_entries is None:
            # Assigning by way of object: the model is frozen for everybody else.
            object.__setattr__(self, "lut_entries", 1 << fmt.fraction_bits)
        plan = self._plan(fmt, self.bin_width)
        if plan.width <= plan.factor_bits:
            raise RuleError(
                "bin_width", f"{plan.width}: a single product needs {plan.factor_bits + 1} bits"
            )
        object.__setattr__(self, "bin_width", plan.width)
        if len(plan.constants) == 1:
            if self.finish == "serial":
                raise RuleError("finish", "serial needs more than one bin")
            if (self.sort or 1) > 1:
                raise RuleError("sort", f"{self.sort} needs more than one bin")
        if self.sort is None:
            object.__setattr__(self, "sort", self._usual_sort(plan))
        return self

    @staticmethod
    def _usual_sort(plan: BinPlan) -> int:
        """Return how many lanes are sorted together by default: pairs of powers of two."""
        from hdl.stages.sorted_lanes import MergePair

        return 2 if plan.lanes % 2 == 0 and MergePair.suits(plan) else 1

    def _plan(self, fmt: LogFormat, bin_width: int | None) -> BinPlan:
        from hdl.stages.bins import bin_plan

        return bin_plan(
            fmt,
            self.lanes,
            constant_bits=self.constant_bits,
            bin_width=bin_width,
            drop=self.drop,
            lut_entries=self.lut_entries,
            accumulator=self.accumulator,
        )

    @property
    def base_name(self) -> str:
        return f"log_dot{self.lanes}_{self.format.replace('.', 'p')}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        fmt = parse_format(self.format)
        assert isinstance(fmt, LogFormat)
        usual = self._plan(fmt, None)
        remainders, usual_width = 1 << fmt.fraction_bits, usual.width
        return (
            *((self.accumulator,) if self.accumulator != "signed" else ()),
            *((f"g{self.constant_bits}",) if self.constant_bits != 8 else ()),
            *((f"w{self.bin_width}",) if self.bin_width != usual_width else ()),
            *((f"drop{self.drop}",) if self.drop else ()),
            *((f"lut{self.lut_entries}",) if self.lut_entries != remainders else ()),
            *((f"m{self.midpoint_bits}",) if self.midpoint_bits != 8 else ()),
            *((self.midpoints,) if self.midpoints != "geometric" else ()),
            *((self.finish,) if self.finish != "parallel" else ()),
            *((f"sort{self.sort}",) if self.sort != self._usual_sort(usual) else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        return (
            "y = sum of a[i] * b[i] since first, bins by remainder times constants; "
            "y_log = y as a log number"
        )

    def constructor_arguments(self) -> dict[str, Any]:
        arguments = super().constructor_arguments()
        return {"fmt": arguments.pop("format")} | arguments
