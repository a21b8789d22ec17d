"""What a unit costs: from its Verilog to area, delay and a breakdown by block."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from gen.config import Config
from gen.emit import generate
from gen.errors import ConfigError
from hdl.options import OBJECTIVES, Objective
from synth.energy import Workload, measure
from synth.gates import netlist_verilog
from synth.job import BY_BLOCK, FLAT, Job
from synth.libraries import load_library
from synth.mapping import FRONTENDS, Frontend
from synth.netlist import Netlist
from synth.recipes import EFFORTS, Effort
from synth.result import Block, Candidate, SynthResult

__all__ = ["netlist_of", "synthesize", "synthesize_verilog"]


def synthesize(
    config: Config,
    *,
    library: str | Path = "nangate45",
    objective: Objective | None = None,
    period_ps: float | None = None,
    effort: Effort = "full",
    workload: Workload | None = None,
    workers: int | None = None,
    timeout: float = 600,
) -> SynthResult:
    """Synthesize a unit.

    Parameters
    ----------
    config
        The unit.
    library
        Name of a built-in library or a Liberty file.
    objective
        What to synthesize for; the config's own objective if left out.
    period_ps
        Clock period to meet with the smallest area, whatever the objective.
    effort
        ``quick`` for short recipes, whose results are worse by some per cents; ``long`` for some
        that take minutes and are better by as much.
    workload
        Operands to measure the energy of an operation with.
    workers
        How many runs of Yosys at a time; one a processor if left out.
    timeout
        Seconds for one run of Yosys; six times as many where `effort` is ``long``.

    Raises
    ------
    ConfigError
        If the library, the objective or the period is unusable.
    ToolError
        If a tool fails or runs out of time, or the mapped netlist disagrees with the workload.
    """
    artifact = generate(config)
    result = synthesize_verilog(
        artifact.verilog,
        artifact.name,
        library=library,
        objective=objective or config.params_dict().get("objective", "balanced"),
        period_ps=period_ps,
        effort=effort,
        workload=workload,
        workers=workers,
        timeout=timeout,
    )
    return dataclasses.replace(
        result,
        unit=config.unit,
        config_hash=config.config_hash,
        latency=artifact.manifest["latency"],
    )


def synthesize_verilog(
    text: str,
    top: str,
    *,
    library: str | Path = "nangate45",
    objective: Objective = "balanced",
    period_ps: float | None = None,
    effort: Effort = "full",
    frontend: Frontend = "verilog",
    workload: Workload | None = None,
    workers: int | None = None,
    timeout: float = 600,
) -> SynthResult:
    """Synthesize Verilog from anywhere, to compare with.

    Initial values of registers are ignored, memories become flip-flops; what the library has no
    cell for is an error.

    Parameters
    ----------
    text
        The source, all modules in one string.
    top
        Name of the top module.
    library, objective, period_ps, effort, workload, workers, timeout
        As in `synthesize`.
    frontend
        Who reads it: Yosys' own Verilog reader, or ``slang`` for more of SystemVerilog.

    Raises
    ------
    ConfigError, ToolError
        As in `synthesize`.
    """
    job = _checked_job(
        text,
        top,
        library,
        objective=objective,
        period_ps=period_ps,
        effort=effort,
        frontend=frontend,
        timeout=timeout,
    )
    directory = job.cached_result(workers)
    found = json.loads((directory / "result.json").read_text())
    energy = None
    if workload is not None:
        flat, by_block = (
            Netlist.load((directory / file).read_bytes()) for file in (FLAT, BY_BLOCK)
        )
        energy = measure(flat, by_block, job.library, workload)
    return SynthResult(
        name=top,
        unit=None,
        config_hash=None,
        latency=None,
        energy=energy,
        **found
        | {
            "blocks": tuple(Block(**block) for block in found["blocks"]),
            "candidates": tuple(Candidate(**candidate) for candidate in found["candidates"]),
        },
    )


def netlist_of(
    config: Config,
    *,
    library: str | Path = "nangate45",
    objective: Objective | None = None,
    workers: int | None = None,
    timeout: float = 600,
) -> str:
    """Synthesize the unit of a config and return its netlist, as `netlist_verilog` writes it.

    Arguments and errors are those of `synthesize`, of which it is the result.
    """
    artifact = generate(config)
    job = _checked_job(
        artifact.verilog,
        artifact.name,
        library,
        objective=objective or config.params_dict().get("objective", "balanced"),
        period_ps=None,
        effort="full",
        frontend="verilog",
        timeout=timeout,
    )
    content = (job.cached_result(workers) / FLAT).read_bytes()
    return netlist_verilog(Netlist.load(content), job.library)


def _checked_job(
    text: str,
    top: str,
    library: str | Path,
    *,
    objective: Objective,
    period_ps: float | None,
    effort: Effort,
    frontend: Frontend,
    timeout: float,
) -> Job:
    if objective not in OBJECTIVES:
        raise ConfigError(f"objective = {objective!r}: not one of {', '.join(OBJECTIVES)}")
    if effort not in EFFORTS:
        raise ConfigError(f"effort = {effort!r}: not one of {', '.join(EFFORTS)}")
    if frontend not in FRONTENDS:
        raise ConfigError(f"frontend = {frontend!r}: not one of {', '.join(FRONTENDS)}")
    if period_ps is not None and not 0 < period_ps < 1e9:
        raise ConfigError(f"period = {period_ps:g} ps: must be more than 0 and at most 1e9")
    if not re.fullmatch(r"[A-Za-z_]\w*", top):
        raise ConfigError(f"top = {top!r}: not a plain module name")
    return Job(text, top, load_library(library), objective, period_ps, effort, frontend, timeout)
