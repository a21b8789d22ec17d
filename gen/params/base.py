"""Parameters that all units have, and how parameters are read."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from hdl.formats import parse_format

__all__ = ["Params", "RuleError"]


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


class Params(BaseModel):
    """Parameters that every unit has, and how all are read: exact types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format_keys: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that name a format."""

    deciding_keys: ClassVar[tuple[str, ...]] = ("period",)
    """Parameters that decide others and are no part of a complete config."""

    stages: int = Field(
        0, ge=0, le=64, description="pipeline registers between inputs and outputs; 0: no clock"
    )
    period: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        exclude=True,
        description="instead of stages: the clock period in ps that decides their number, by the "
        "delays of NanGate45 that the generator estimates",
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

    def constructor_arguments(self) -> dict[str, Any]:
        """Return the parameters under the same names, with formats for the names of formats."""
        arguments = self.model_dump()
        for key in self.format_keys:
            if arguments[key] is not None:
                arguments[key] = parse_format(arguments[key])
        return arguments
