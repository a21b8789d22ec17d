"""One point of a sweep: generated, checked, priced."""

from __future__ import annotations

from typing import Any

from cosim.failure import Failure
from cosim.fidelity import digits_accuracy
from cosim.results import Options, story
from cosim.streams import accuracy
from cosim.verify import verify
from gen.config import Config, make_config
from gen.emit import generate, made_once
from gen.errors import ConfigError, ToolError
from hdl.formats import parse_format
from slipstick.costs import Pricing, closed, price
from synth.energy import macs_of

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
        ``result`` (that of `synth.flow.synthesize`, with ``sqnr_db``, ``digits_accuracy`` and
        ``verify``), ``manifest`` and ``verilog``; or ``error``, in a line, and ``log``.
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
    how: Pricing = {
        "library": options["library"],
        "period_ps": options["period_ps"],
        "effort": options["effort"],
        "workers": 1,  # the points are what keeps the processors busy
    }
    config = closed(make_config(job["unit"], job["params"], source=job["name"]), how)
    artifact = generate(config)
    known = {"manifest": artifact.manifest, "verilog": artifact.verilog}
    checked = None
    if options["vectors"]:
        outcome = verify(config, Options(vectors=options["vectors"], seed=options["seed"]))
        checked = {"vectors": outcome.vectors, "mismatches": outcome.mismatches}
        if not outcome.passed:
            return known | _disagreement(config, outcome.mismatches, outcome.failure)
    operands = options["operands"] if options["energy"] else None
    cost = price(config, how, operands=operands, seed=options["seed"])
    quality = {"sqnr_db": accuracy(config), "digits_accuracy": _digits_accuracy(config)}
    return known | {"result": cost.to_json() | quality | {"verify": checked}}


def _digits_accuracy(config: Config) -> float | None:
    """Return what a network gets right with activations in the format of a, weights in that of b.

    None for units that multiply no numbers in two formats, and where the formats are not all:
    scales of vectors beside them, or weights that are pruned.
    """
    params = config.params_dict()
    if not macs_of(params) or params.get("scale") or params.get("sparsity"):
        return None
    activations, weights = (params.get(key, params.get("format")) for key in "ab")
    if activations is None or weights is None or not parse_format(weights).is_signed:
        return None
    return digits_accuracy(activations, weights)


def _disagreement(config: Config, mismatches: int, failure: Failure | None) -> dict[str, Any]:
    return {
        "error": f"{config.name}: {mismatches:,} vectors differ from the golden model",
        "log": story(failure) if failure else None,
    }
