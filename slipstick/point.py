"""One point of a sweep: generated, checked, priced."""

from __future__ import annotations

from typing import Any

from cosim.failure import Failure
from cosim.results import Options, story
from cosim.streams import accuracy
from cosim.verify import verify
from gen.config import Config, make_config
from gen.emit import generate, made_once
from gen.errors import ConfigError, ToolError
from slipstick.costs import workload_of
from synth.flow import synthesize

__all__ = ["TARGET", "evaluate"]

TARGET = "slipstick.point:evaluate"
"""What a worker process is told to call."""


def evaluate(job: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a point, as JSON types.

    Parameters
    ----------
    job
        As `synth.grid.Point.job` has it.

    Returns
    -------
    dict
        ``result`` (that of `synth.flow.synthesize`, with ``sqnr_db`` and ``verify``), ``manifest``
        and ``verilog``; or ``error``, in a line, and ``log``.
    """
    try:
        with made_once():
            return _evaluate(job)
    except ConfigError as error:
        return {"error": str(error), "log": None}
    except ToolError as error:
        log = error.tail
        if error.log is not None and error.log.is_file():
            log = error.log.read_text(errors="replace")[-20_000:]
        return {"error": str(error), "log": log}


def _evaluate(job: dict[str, Any]) -> dict[str, Any]:
    options = job["options"]
    config = make_config(job["unit"], job["params"], source=job["name"])
    artifact = generate(config)
    known = {"manifest": artifact.manifest, "verilog": artifact.verilog}
    checked = None
    if options["vectors"]:
        outcome = verify(config, Options(vectors=options["vectors"], seed=options["seed"]))
        checked = {"vectors": outcome.vectors, "mismatches": outcome.mismatches}
        if not outcome.passed:
            return known | _disagreement(config, outcome.mismatches, outcome.failure)
    workload = None
    if options["energy"]:
        workload = workload_of(config, options["operands"], seed=options["seed"])
    # The points are what keeps the processors busy.
    cost = synthesize(
        config,
        library=options["library"],
        period_ps=options["period_ps"],
        effort=options["effort"],
        workload=workload,
        workers=1,
    )
    result = cost.to_json() | {"sqnr_db": accuracy(config), "verify": checked}
    return known | {"result": result}


def _disagreement(config: Config, mismatches: int, failure: Failure | None) -> dict[str, Any]:
    return {
        "error": f"{config.name}: {mismatches:,} vectors differ from the golden model",
        "log": story(failure) if failure else None,
    }
