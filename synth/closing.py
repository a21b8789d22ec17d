"""Meeting a clock period by the number of pipeline stages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from gen.config import Config, make_config
from gen.emit import unit_of
from gen.errors import ConfigError
from hdl.pipeline import stages_for, steps_of
from synth.result import SynthResult

__all__ = ["close_timing", "is_open"]

Price = Callable[[Config], SynthResult]
"""Synthesizes a unit for the period."""


def is_open(config: Config) -> bool:
    """Return whether nobody has said how many stages a unit has."""
    return "stages" not in config.given() or config.params.period is not None


def close_timing(config: Config, period_ps: float, price: Price) -> tuple[Config, SynthResult]:
    """Return a unit with as few stages as meet a period, by measurement, and what it costs.

    The generator's estimate is where the search starts; from there, a register is taken away as
    long as the period is met, or added until it is. If none of these does, fewer registers are
    tried as well: what is optimized across a register can be quicker than what is divided by it.

    Parameters
    ----------
    config
        The unit; its own number of stages does not count.
    period_ps
        The longest path that is allowed, registers included.
    price
        Synthesizes a unit for that period.

    Raises
    ------
    ConfigError
        If no number of stages meets it: a step, or the loop of an accumulator, takes longer.
    """
    tried: dict[int, tuple[Config, SynthResult]] = {}

    def meets(stages: int) -> bool:
        if stages not in tried:
            one = _with_stages(config, stages)
            tried[stages] = one, price(one)
        return tried[stages][1].delay_ps <= period_ps

    delays = list(steps_of(unit_of(_with_stages(config, 0))).values())
    keeps_sum = bool(getattr(config.params, "accumulate", False))
    # Past a register after each step but the last, registers only stack up.
    most = max(len(delays) - 1, 0)
    # Recipes that meet a period are those for speed, whatever the unit is built for.
    guess = stages_for(delays, period_ps, "delay", keeps_sum=keeps_sum) if delays else 0
    stages = most if guess is None else guess
    if meets(stages):
        while stages and meets(stages - 1):
            stages -= 1
        return tried[stages]
    for other in (*range(stages + 1, most + 1), *reversed(range(stages))):
        if meets(other):
            return tried[other]
    raise _out_of_reach(period_ps, tried.values())


def _with_stages(config: Config, stages: int) -> Config:
    given = {key: value for key, value in config.given().items() if key != "stages"}
    return make_config(config.unit, given | {"stages": stages})


def _out_of_reach(period_ps: float, tried: Iterable[tuple[Config, SynthResult]]) -> ConfigError:
    config, result = min(tried, key=lambda one: one[1].delay_ps)
    loop = ""
    if getattr(config.params, "accumulate", False):
        loop = "; no register divides the loop of its accumulator"
    return ConfigError(
        f"period = {period_ps:g}: {config.name}, with stages = {config.params.stages}, takes "
        f"{result.delay_ps:.0f} ps from {result.path['from']} to {result.path['to']}{loop}; "
        f"nearest: {math.ceil(result.delay_ps)}"
    )
