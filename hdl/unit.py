"""What all units are: pipelines of fixed latency that take operands in every cycle."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.lib import wiring

from hdl.options import OBJECTIVES, Objective, check_choices, check_stages
from hdl.ports import Port, members

__all__ = ["Unit"]


class Unit(wiring.Component):
    """A component with ``in_valid`` and ``out_valid`` beside its operands and results.

    Parameters
    ----------
    inputs, outputs
        The ports beside those two.
    stages
        Number of pipeline registers; 0 is combinational.
    objective
        What to build for: ``area``, ``delay`` or ``balanced``.
    extra_latency
        Cycles beyond `stages`, for an accumulator say.

    Attributes
    ----------
    latency : int
        Cycles from operands to result.
    ports : tuple of Port
        All ports but clock and reset.

    Raises
    ------
    ValueError
        If `stages` or `objective` is not one of those there are.
    """

    def __init__(
        self,
        inputs: Iterable[Port],
        outputs: Iterable[Port],
        *,
        stages: int,
        objective: Objective,
        extra_latency: int = 0,
    ) -> None:
        check_choices(("objective", objective, OBJECTIVES))
        check_stages(stages)
        self.stages = stages
        self.objective: Objective = objective
        self.latency = stages + extra_latency
        self.ports: tuple[Port, ...] = (
            Port("in_valid", "in", 1, "valid"),
            *inputs,
            Port("out_valid", "out", 1, "valid"),
            *outputs,
        )
        super().__init__(members(self.ports))
