"""Registers at balanced cuts through a chain of combinational steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from amaranth.hdl import Const, Fragment, Module, Signal, Value
from amaranth.lib.wiring import Component

from hdl.options import Objective

__all__ = ["Pipeline", "balanced_cuts", "segment_ps", "stages_for", "steps_of"]


def balanced_cuts(delays: Sequence[float], stages: int) -> tuple[int, ...]:
    """Return how many registers go after each step so that the slowest segment is fastest.

    Parameters
    ----------
    delays
        Estimated delay of each step, in datapath order, any unit.
    stages
        Registers to place. More registers than steps stack up, one round after the other, where a
        synthesis tool can retime them.

    Returns
    -------
    tuple of int
        One count a step; the register (if any) comes after the step. The last step counts too:
        its register is the output register, used only once every inner boundary has one.
    """
    steps = len(delays)
    rounds, chosen = divmod(stages, steps)
    counts = [rounds] * steps
    if chosen == 0:
        return tuple(counts)
    # Smallest possible worst segment: dynamic programme over (first k steps, cuts used).
    prefix = [0.0]
    for delay in delays:
        prefix.append(prefix[-1] + delay)
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {
        (k, 0): (prefix[k], ()) for k in range(1, steps + 1)
    }
    for cut in range(1, chosen + 1):
        for k in range(cut + 1, steps + 1):
            best[k, cut] = min(
                (max(best[j, cut - 1][0], prefix[k] - prefix[j]), (*best[j, cut - 1][1], j))
                for j in range(cut, k)
            )
    for boundary in best[steps, chosen][1]:
        counts[boundary - 1] += 1
    return tuple(counts)


_FOUND: ContextVar[list[dict[str, float]] | None] = ContextVar("found", default=None)
"""Delays of the pipelines that were made since `steps_of` was called."""


def steps_of(component: Component) -> dict[str, float]:
    """Return the estimated delay of each step of a unit, in datapath order.

    Parameters
    ----------
    component
        The unit, which is elaborated.

    Returns
    -------
    dict
        Delays by step; empty if the unit has no pipeline.
    """
    token = _FOUND.set(found := [])
    try:
        Fragment.get(component, None)
    finally:
        _FOUND.reset(token)
    return found[0] if found else {}  # pipelines of what it is made of come later


def stages_for(
    delays: Sequence[float], period_ps: float, objective: Objective, *, keeps_sum: bool = False
) -> int | None:
    """Return how many registers a clock period asks for, by estimate.

    Parameters
    ----------
    delays
        Of each step, see `steps_of`.
    period_ps
        The period.
    objective
        What the unit is built for.
    keeps_sum
        Whether the last step ends in a register of its own: an accumulator.

    Returns
    -------
    int or None
        The smallest number with which no segment is estimated to take longer than the period; None
        if a single step does.
    """
    for stages in range(len(delays)):
        if segment_ps(delays, stages, objective, keeps_sum=keeps_sum) <= period_ps:
            return stages
    return None


def segment_ps(
    delays: Sequence[float], stages: int, objective: Objective, *, keeps_sum: bool = False
) -> float:
    """Return the estimated delay of the slowest segment between registers, ps on NanGate45.

    Arguments are those of `stages_for`.
    """
    segments = [0.0]
    for delay, registers in zip(delays, balanced_cuts(delays, stages), strict=True):
        segments[-1] += delay
        if registers:
            segments.append(0.0)
    registered = REGISTER_PS if stages or keeps_sum else 0.0
    return max(segments) * STEP_PS[objective] + registered


STEP_PS: Mapping[Objective, float] = {"area": 80.0, "balanced": 30.0, "delay": 22.0}
"""Picoseconds of NanGate45, typical corner, that a unit of estimated delay stands for.

Rough: what was measured is 0.3 to 1.7 times the estimate, see docs/synthesis.md.
"""

REGISTER_PS = 120.0
"""From the clock to a register's output, and its setup time."""


class Pipeline:
    """Places the registers of a unit while its steps are being written down.

    Parameters
    ----------
    m
        Module of the unit; registers go to its ``sync`` domain.
    valid
        ``in_valid``.
    delays
        Estimated delay of each step, named in datapath order.
    stages
        Number of registers on the way.

    Attributes
    ----------
    valid
        `valid`, delayed to the point reached so far.
    """

    def __init__(self, m: Module, valid: Value, delays: dict[str, float], stages: int) -> None:
        found = _FOUND.get()
        if found is not None:
            found.append(dict(delays))
        self._m = m
        self._counts = dict(zip(delays, balanced_cuts(list(delays.values()), stages), strict=True))
        self.valid = valid

    def after(self, step: str, *live: Any) -> Any:
        """Return `live` as the step after `step` sees it, through that boundary's registers.

        `live` are all that later steps use: values, lists of them, or frozen dataclasses with
        values in their fields. Constants pass unchanged.
        """
        for stage in range(self._counts.pop(step)):
            live = tuple(self._delay(item, f"{step}_{stage}") for item in live)
            self.valid = self._register(self.valid, f"{step}_{stage}_valid", reset_less=False)
        return live[0] if len(live) == 1 else live

    def _delay(self, item: Any, name: str) -> Any:
        if isinstance(item, Const):
            return item
        if isinstance(item, Value):
            # What has no name of its own is named after where it stands.
            own = f"_{item.name}" if isinstance(item, Signal) else ""
            return self._register(item, name + own)
        if isinstance(item, list):
            return [self._delay(part, f"{name}_{index}") for index, part in enumerate(item)]
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            fields = {
                field.name: self._delay(getattr(item, field.name), f"{name}_{field.name}")
                for field in dataclasses.fields(item)
            }
            return dataclasses.replace(item, **fields)
        return item

    def _register(self, value: Value, name: str, *, reset_less: bool = True) -> Signal:
        # Data registers carry no reset: only `valid` says whether what they hold means anything.
        register = Signal(value.shape(), name=name, reset_less=reset_less)
        self._m.d.sync += register.eq(value)
        return register
