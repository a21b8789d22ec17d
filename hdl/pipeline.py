"""Registers at balanced cuts through a chain of combinational steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value

__all__ = ["Pipeline", "balanced_cuts"]


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
