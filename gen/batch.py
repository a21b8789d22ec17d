"""Generating many configs at a time, on all processors."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from gen.config import Config
from gen.emit import Artifact, StreamKind, generate

__all__ = ["FEW", "generate_all"]

FEW = 3
"""So many are generated sooner than processes for them start."""


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that waits for them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def generate_all(
    configs: Sequence[Config], stream: StreamKind | None = None, *, workers: int | None = None
) -> list[Artifact]:
    """Return what `gen.emit.generate` makes of each config, in their order.

    Parameters
    ----------
    configs
        Any number.
    stream
        As for `gen.emit.generate`.
    workers
        Processes to use; one a processor if left out.

    Raises
    ------
    ConfigError
        If the parameters of one make no hardware.
    ToolError
        If Yosys fails.
    """
    workers = min(workers or os.cpu_count() or 1, len(configs))
    if workers == 1 or len(configs) <= FEW:
        return [generate(config, stream) for config in configs]
    # Not forked: this process may have threads.
    with ProcessPoolExecutor(workers, get_context("spawn"), _ignore_interrupts) as pool:
        try:
            return list(pool.map(partial(generate, stream=stream), configs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
