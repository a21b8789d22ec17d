# amaranth: UnusedElaboratable=no
# A unit may be made only to be asked for its ports and latency.
"""The catalogue of units: what each is called, takes, and is built by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hdl.formats import FloatFormat, FormatError, IntFormat, parse_format

if TYPE_CHECKING:
    from hdl.dot import Dot
    from hdl.fma import Fma

    Unit = Fma | Dot
__all__ = ["UNITS", "DotParams", "FmaParams", "Params", "RuleError", "UnitEntry"]

# Units are imported where they are built, not here: loading amaranth takes longer than everything
# else that a command like `slipstick list` does.


class RuleError(ValueError):
    """A parameter that is fine by itself breaks a rule together with others.

    Parameters
    ----------
    key
        The parameter to name in the message.
    rule
        What is asked of it.
    """

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(rule)
        self.key = key


def _term(name: str) -> str:
    fmt = parse_format(name)
    if not isinstance(fmt, IntFormat | FloatFormat):
        raise ValueError(f"{fmt.name} is neither an integer nor a float")
    if isinstance(fmt, FloatFormat) and not fmt.is_signed:
        raise ValueError(f"{fmt.name} has no sign: it is a format of scales, not of terms")
    return fmt.name


def _operand(name: str) -> str:
    canonical = _term(name)
    bits = parse_format(name).bits
    if bits > 32:
        raise ValueError(f"an operand has at most 32 bits, {canonical} has {bits}")
    return canonical


OperandFormat = Annotated[str, AfterValidator(_operand), Field(examples=["e4m3", "int8", "bf16"])]
ResultFormat = Annotated[str, AfterValidator(_term), Field(examples=["fp16", "fp32", "int32"])]


class Params(BaseModel):
    """Parameters that every unit has, and how all are read: exact types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    stages: int = Field(
        0, ge=0, le=64, description="pipeline registers between inputs and outputs; 0: no clock"
    )
    objective: Literal["area", "delay", "balanced"] = Field(
        "balanced", description="what the hardware is built for"
    )

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Return the names of all parameters, the unit's own before those it shares."""
        bases = [base for base in cls.__bases__ if issubclass(base, Params)]
        shared = [key for base in bases for key in base.parameter_names()]
        return [*(key for key in cls.model_fields if key not in shared), *shared]

    @property
    def base_name(self) -> str:
        """Name of the module without what `suffixes` add; unique among units and formats."""
        raise NotImplementedError

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What tells this unit from one with default options, for its name."""
        return (
            *((f"s{self.stages}",) if self.stages else ()),
            *((self.objective,) if self.objective != "balanced" else ()),
        )

    @property
    def formula(self) -> str:
        """What the unit computes, in one line."""
        raise NotImplementedError


class _RoundingParams(Params):
    """Options of units that round their result."""

    rounding: Literal["rne", "rtz", "rup", "rdn", "rna"] = Field(
        "rne",
        description="to nearest, ties to even; toward zero; toward +infinity; toward -infinity; "
        "to nearest, ties away from zero",
    )
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(
        None,
        description="what becomes of results beyond the range of y. Float y: ieee (default) or "
        "saturate; integer y: wrap (operands all integers; the default there) or saturate",
    )
    subnormals: Literal["ieee", "flush"] = Field(
        "ieee", description="flush: subnormal operands and results become zero of their sign"
    )

    @property
    def suffixes(self) -> tuple[str, ...]:
        default = _default_overflow(self._result, self._operands)
        return (
            *((self.rounding,) if self.rounding != "rne" else ()),
            *((str(self.overflow),) if self.overflow != default else ()),
            *(("flush",) if self.subnormals == "flush" else ()),
            *super().suffixes,
        )

    @property
    def _operands(self) -> tuple[str, ...]:
        """Names of the formats that the result is computed from."""
        raise NotImplementedError

    @property
    def _result(self) -> str:
        """Name of the format of the result."""
        raise NotImplementedError

    def _complete_overflow(self) -> None:
        """Put in the default overflow, or check the one given."""
        if self.overflow is None:
            # Assigning by way of object: the model is frozen for everybody else.
            object.__setattr__(self, "overflow", _default_overflow(self._result, self._operands))
            return
        float_result = isinstance(parse_format(self._result), FloatFormat)
        if float_result and self.overflow == "wrap":
            raise RuleError("overflow", f"{self._result} takes ieee or saturate")
        if not float_result and self.overflow == "ieee":
            raise RuleError("overflow", f"{self._result} takes wrap or saturate")
        floats = [name for name in self._operands if isinstance(parse_format(name), FloatFormat)]
        if self.overflow == "wrap" and floats:
            raise RuleError(
                "overflow", f"with a float operand ({floats[0]}), {self._result} takes saturate"
            )


def _default_overflow(result: str, operands: Sequence[str]) -> str:
    from hdl.options import default_overflow

    return default_overflow(parse_format(result), [parse_format(name) for name in operands])


class FmaParams(_RoundingParams):
    """Parameters of `fma`."""

    a: OperandFormat = Field(description="format of the multiplicand")
    b: OperandFormat = Field(description="format of the multiplier")
    c: OperandFormat = Field(description="format of the addend")
    y: ResultFormat = Field(description="format of the result")
    flags: bool = Field(
        False, description="adds a port with invalid, overflow, underflow, inexact, bit 3 to 0"
    )

    @model_validator(mode="after")
    def _complete(self) -> FmaParams:
        self._complete_overflow()
        return self

    @property
    def _operands(self) -> tuple[str, ...]:
        return self.a, self.b, self.c

    @property
    def _result(self) -> str:
        return self.y

    @property
    def base_name(self) -> str:
        return f"fma_{self.a}_{self.b}_{self.c}_{self.y}"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (*(("flags",) if self.flags else ()), *super().suffixes)

    @property
    def formula(self) -> str:
        return "y = round(a * b + c), rounded once"


class DotParams(_RoundingParams):
    """Parameters of `dot`."""

    a: OperandFormat = Field(description="format of one lane of the first vector")
    b: OperandFormat = Field(description="format of one lane of the second vector")
    y: ResultFormat | None = Field(
        None,
        description="format of the result; left out for integers without accumulate: the smallest "
        "that holds every sum",
    )
    lanes: int = Field(ge=1, le=1024, description="products in a sum")
    c: OperandFormat | None = Field(None, description="format of an addend, which adds its port")
    accumulate: bool = Field(
        False, description="adds the previous result instead, which the port `first` restarts"
    )
    align: Literal["exact"] = Field(
        "exact", description="how products are added: exactly, before the one rounding"
    )

    @model_validator(mode="after")
    def _complete(self) -> DotParams:
        if self.accumulate and self.c is not None:
            raise RuleError(
                "accumulate", "excludes c: the unit adds either an addend or its last result"
            )
        if self.y is None:
            object.__setattr__(self, "y", self._exact_result())
        self._complete_overflow()
        return self

    def _exact_result(self) -> str:
        from hdl.dot import exact_sum_format

        operands = [parse_format(name) for name in self._operands]
        if self.accumulate:
            raise RuleError("y", "is needed with accumulate = true: a running sum has no bound")
        if not all(isinstance(fmt, IntFormat) for fmt in operands):
            raise RuleError("y", "is needed, as not all operands are integers")
        a, b, *c = cast(list[IntFormat], operands)
        try:
            return exact_sum_format(a, b, self.lanes, c[0] if c else None).name
        except FormatError as error:
            raise RuleError("y", "is needed: the exact sum has more than 64 bits") from error

    @property
    def _operands(self) -> tuple[str, ...]:
        return (self.a, self.b, *((self.c,) if self.c else ()))

    @property
    def _result(self) -> str:
        return cast(str, self.y)

    @property
    def base_name(self) -> str:
        factors = (self.a,) if self.a == self.b else (self.a, self.b)
        return "_".join((f"dot{self.lanes}", *factors, self._result))

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (
            *((f"c_{self.c}",) if self.c else ()),
            *(("acc",) if self.accumulate else ()),
            *super().suffixes,
        )

    @property
    def formula(self) -> str:
        addend = " + c" if self.c else " + (first ? 0 : previous y)" if self.accumulate else ""
        return f"y = round(sum(a[i] * b[i] for i in 0..{self.lanes - 1}){addend}), rounded once"


def _fma(params: FmaParams) -> Unit:
    from hdl.fma import Fma

    return Fma(**_constructor_arguments(params))


def _dot(params: DotParams) -> Unit:
    from hdl.dot import Dot

    return Dot(**_constructor_arguments(params))


def _constructor_arguments(params: Params) -> dict[str, Any]:
    """Return the parameters under the same names, with formats for their names."""
    arguments = params.model_dump()
    for key in ("a", "b", "c", "y"):
        if arguments[key] is not None:
            arguments[key] = parse_format(arguments[key])
    return arguments


@dataclass(frozen=True)
class UnitEntry:
    """One unit.

    Attributes
    ----------
    name
        The word that names it everywhere: config, golden model, stimuli.
    summary
        What it does, in a few words.
    params
        Its parameters.
    component
        Makes the hardware from parameters.
    """

    name: str
    summary: str
    params: type[Params]
    component: Callable[[Any], Unit]


UNITS: Mapping[str, UnitEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            UnitEntry("fma", "fused multiply-add of any formats: a * b + c", FmaParams, _fma),
            UnitEntry("dot", "dot product of two vectors, exact before rounding", DotParams, _dot),
        )
    }
)
"""Every unit, by name."""
