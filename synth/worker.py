"""A process that works on points: one JSON object a line comes in, one goes out for each.

``python -m synth.worker MODULE:FUNCTION`` calls the function with each object. It ends when its
input does, so that no worker outlives whoever feeds it by more than the point it is at.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

__all__ = ["call", "main"]

Job = dict[str, Any]


def call(target: str, job: Job) -> dict[str, Any]:
    """Call ``module:function`` with a job; whatever goes wrong becomes ``error`` and ``log``.

    Returns
    -------
    dict
        What the function returned, and ``seconds``.
    """
    start = time.perf_counter()
    try:
        module, _, name = target.partition(":")
        function: Callable[[Job], dict[str, Any]] = getattr(importlib.import_module(module), name)
        outcome = function(job)
    except Exception as error:  # whatever it is, the others are to go on
        outcome = {"error": f"{type(error).__name__}: {error}", "log": traceback.format_exc()}
    return outcome | {"seconds": round(time.perf_counter() - start, 3)}


def main(arguments: list[str]) -> None:
    """Serve standard input until it ends."""
    (target,) = arguments
    # So that what the job has started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # What anything prints goes to the log; answers have the output for themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(call(target, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
