"""Working through the points of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from synth.database import Database, Row
from synth.executors import Executor
from synth.grid import Sweep

__all__ = ["Summary", "run_sweep"]

_POLL = 0.5
"""Seconds between looks at what other processes are doing."""


@dataclass(frozen=True)
class Summary:
    """How a sweep ended.

    Attributes
    ----------
    points, done, failed
        How many there are, and of which kind.
    worked
        How many of them this call worked on.
    failures
        The rows of those that failed.
    """

    points: int
    done: int
    failed: int
    worked: int
    failures: tuple[Row, ...]


def run_sweep(
    sweep: Sweep,
    database: Path,
    start: Callable[[], Executor],
    *,
    retry: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Work on all points that the database has no result of.

    Parameters
    ----------
    sweep
        The points.
    database
        File with results, of this sweep and others.
    start
        Starts whoever does the work; not called if there is nothing to do.
    retry
        Whether points that failed are tried again.
    progress
        Is told how many points there are a result or a failure of, and how many there are.

    Raises
    ------
    ConfigError
        If the file cannot be used.
    """
    with Database(database) as store:
        store.want(sweep.points, retry=retry)
        store.free_orphans()
        worked = 0
        if store.counts()["pending"] or store.counts()["running"]:
            with closing(start()) as executor:
                worked = _work(store, executor, progress)
        counts = store.counts()
        if progress is not None:
            progress(counts["done"] + counts["failed"], len(sweep.points))
        failures = tuple(row for row in store.rows() if row.status == "failed")
    return Summary(len(sweep.points), counts["done"], counts["failed"], worked, failures)


def _work(store: Database, executor: Executor, progress: Callable[[int, int], None] | None) -> int:
    answers: SimpleQueue[tuple[str, dict[str, Any]]] = SimpleQueue()
    handed_over = worked = 0
    while True:
        while handed_over < executor.capacity and (job := store.claim()) is not None:
            executor.submit(job, lambda key, outcome: answers.put((key, outcome)))
            handed_over += 1
        counts = store.counts()
        if progress is not None:
            progress(counts["done"] + counts["failed"], sum(counts.values()))
        # What other processes work on comes in through the file, or is left if they end.
        if not handed_over and not counts["running"] and not counts["pending"]:
            return worked
        try:
            key, outcome = answers.get(timeout=_POLL)
        except Empty:
            store.free_orphans()
            continue
        handed_over -= 1
        worked += store.finish(key, outcome)
