"""What a unit costs at work: `synth` prices what `cosim` knows the operands and answers of."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from cosim.operands import unit_of
from cosim.streams import stream_of
from gen.config import Config
from hdl.options import Objective
from synth.closing import close_timing, is_open
from synth.curve import curve_of
from synth.energy import Workload, macs_of
from synth.flow import synthesize
from synth.recipes import Effort
from synth.result import SynthResult

__all__ = ["Pricing", "closed", "curve", "price", "workload_of"]


class Pricing(TypedDict, total=False):
    """How to synthesize, the arguments of `synth.flow.synthesize`."""

    library: str | Path
    objective: Objective | None
    period_ps: float | None
    effort: Effort
    workers: int | None


def price(
    config: Config, how: Pricing, *, operands: str | Path | None = None, seed: int = 1
) -> SynthResult:
    """Return what a unit costs, at work if there are operands, see `workload_of`.

    A unit whose config has a period is sized for it.

    Raises
    ------
    ConfigError, ToolError
        As `synth.flow.synthesize`.
    """
    workload = None if operands is None else workload_of(config, operands, seed=seed)
    period = how.get("period_ps")
    how = {**how, "period_ps": config.params.period if period is None else period}
    return synthesize(config, workload=workload, **how)


def curve(
    config: Config, how: Pricing, targets: int, *, operands: str | Path | None = None
) -> list[SynthResult]:
    """Return what a unit costs at several delays, see `synth.curve.curve_of`.

    Objective and period of `how` and a period of the config do not count.

    Raises
    ------
    ConfigError, ToolError
        As `synth.flow.synthesize`.
    """
    workload = None if operands is None else workload_of(config, operands)

    def priced(objective: Objective | None, period: float | None) -> SynthResult:
        wanted: Pricing = {**how, "objective": objective, "period_ps": period}
        return synthesize(config, workload=workload, **wanted)

    return curve_of(priced, targets)


def closed(config: Config, how: Pricing) -> Config:
    """Return a unit with as few stages as meet the period, if there is one and it is free to.

    Raises
    ------
    ConfigError, ToolError
        As `synth.closing.close_timing` and `synth.flow.synthesize`.
    """
    period = how.get("period_ps")
    if period is None or not is_open(config):
        return config
    return close_timing(config, period, lambda one: price(one, how))[0]


def workload_of(config: Config, source: str | Path = "gaussian", *, seed: int = 1) -> Workload:
    """Return operands for a unit, and its golden answers, to measure its energy with.

    Parameters
    ----------
    config
        The unit.
    source
        ``gaussian``, ``uniform`` or an .npz file, see `cosim.streams.stream_of`.
    seed
        Where random operands start from.

    Raises
    ------
    ConfigError
        If the file does not fit the unit.
    """
    stream = stream_of(config, source, seed=seed)
    unit = unit_of(config)
    return Workload(
        name=str(source) if isinstance(source, str) else source.name,
        ports=unit.ports,
        latency=unit.latency,
        operands=stream.operands,
        expected=stream.expected,
        due=stream.due,
        streams=stream.streams,
        macs=macs_of(unit.params),
    )
