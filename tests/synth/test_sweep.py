from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

import pytest

from synth.database import read_rows
from synth.executors import Executor, LocalExecutor
from synth.grid import Point, Sweep
from synth.sweep import run_sweep
from tests.synth.jobs import notes, point

ROOT = Path(__file__).parents[2]
WORK = "tests.synth.jobs:work"


@pytest.fixture(autouse=True)
def _find_this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def sweep(*points: Point) -> Sweep:
    return Sweep(points, 0, 0)


def local(processes: int = 1) -> Callable[[], Executor]:
    return lambda: LocalExecutor(WORK, processes)


def must_not_start() -> Executor:
    raise AssertionError


def test_everything_is_done_once_and_failures_are_told(tmp_path: Path) -> None:
    database, file = tmp_path / "x.db", tmp_path / "notes"
    points = sweep(point(1, notes=str(file)), point(2, fail="it broke"), point(3, notes=str(file)))
    told: list[tuple[int, int]] = []
    summary = run_sweep(points, database, local(2), progress=lambda *now: told.append(now))
    assert (summary.points, summary.done, summary.failed, summary.worked) == (3, 2, 1, 3)
    assert [(row.name, row.error, row.log) for row in summary.failures] == [
        ("toy2", "it broke", "why")
    ]
    assert told[0] == (0, 3)
    assert told[-1] == (3, 3)
    again = run_sweep(points, database, must_not_start)
    assert (again.done, again.failed, again.worked) == (2, 1, 0)
    assert sorted(notes(file, "begin")) == ["key1", "key3"]
    retried = run_sweep(points, database, local(), retry=True)
    assert retried.worked == 1
    assert [row.attempts for row in read_rows(database)] == [1, 2, 1]


def start_sweep(database: Path, points: str) -> subprocess.Popen[bytes]:
    """Start a process that works on points, given as Python source."""
    script = (
        "from pathlib import Path\n"
        "from synth.executors import LocalExecutor\n"
        "from synth.grid import Sweep\n"
        "from synth.sweep import run_sweep\n"
        "from tests.synth.jobs import point\n"
        f"run_sweep(Sweep(({points}), 0, 0), Path({str(database)!r}), "
        f"lambda: LocalExecutor({WORK!r}, 2))\n"
    )
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_and_taken_up_again(tmp_path: Path) -> None:
    database, file = tmp_path / "x.db", tmp_path / "notes"
    source = f"*(point(i, notes={str(file)!r}, sleep=0.1) for i in range(12)),"
    process = start_sweep(database, source)
    wait_for(lambda: len(notes(file, "end")) >= 4)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {row.key for row in read_rows(database) if row.status == "done"}
    assert 2 <= len(done) < 12
    time.sleep(0.5)  # until its workers have noticed
    points = sweep(*(point(i, notes=str(file), sleep=0.1) for i in range(12)))
    summary = run_sweep(points, database, local(2))
    assert (summary.done, summary.worked) == (12, 12 - len(done))
    assert {row.status for row in read_rows(database)} == {"done"}
    # What had been written was not done again; what was lost on the way was.
    began = notes(file, "begin")
    assert all(began.count(key) == 1 for key in done)
    assert [entry.name for entry in tmp_path.glob("x.db-run-*")] == []


def test_two_writers_share_the_work(tmp_path: Path) -> None:
    database, file = tmp_path / "x.db", tmp_path / "notes"
    source = f"*(point(i, notes={str(file)!r}, sleep=0.05) for i in range(30)),"
    processes = [start_sweep(database, source) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    rows = read_rows(database)
    assert {row.status for row in rows} == {"done"}
    assert [row.attempts for row in rows] == [1] * 30
    assert sorted(notes(file, "end")) == sorted(row.key for row in rows)


# On a cluster. Dask warns of things that it does itself.


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_on_a_local_cluster(tmp_path: Path) -> None:
    from distributed import LocalCluster

    from synth.executors import ClusterExecutor

    def most_at_once(workers: int) -> int:
        file = tmp_path / f"{workers}.txt"
        points = sweep(
            *(point(i, sleep=0.2, notes=str(file)) for i in range(20)), point(20, fail="it broke")
        )
        options = {"threads_per_worker": 1, "dashboard_address": ":0"}
        with cast(Any, LocalCluster(n_workers=workers, **options)) as cluster:
            address = cluster.scheduler_address
            summary = run_sweep(
                points, tmp_path / f"{workers}.db", lambda: ClusterExecutor(WORK, address)
            )
        assert (summary.done, summary.failed, summary.worked) == (20, 1, 21)
        steps = [1 if line.startswith("begin") else -1 for line in file.read_text().splitlines()]
        assert len(steps) == 40
        return max(accumulate(steps))

    assert (most_at_once(1), most_at_once(2)) == (1, 2)


def dask(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_worker_is_lost_on_the_way(tmp_path: Path) -> None:
    from synth.executors import ClusterExecutor

    scheduler_file, file = tmp_path / "scheduler.json", tmp_path / "notes"
    words = ("--scheduler-file", str(scheduler_file))
    processes = [dask("scheduler", "--port", "0", "--no-dashboard", *words)]
    try:
        wait_for(scheduler_file.exists)
        processes += [dask("worker", "--no-nanny", "--nthreads", "1", *words) for _ in range(2)]
        address = json.loads(scheduler_file.read_text())["address"]
        points = sweep(*(point(i, notes=str(file), sleep=0.2) for i in range(24)))
        killed = False

        def kill_one(done: int, total: int) -> None:
            nonlocal killed
            if done >= 6 and not killed:
                os.kill(processes[-1].pid, signal.SIGKILL)
                killed = True

        summary = run_sweep(
            points,
            tmp_path / "x.db",
            lambda: ClusterExecutor(WORK, address),
            progress=kill_one,
        )
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert killed
    assert (summary.done, summary.failed, summary.worked) == (24, 0, 24)
    rows = read_rows(tmp_path / "x.db")
    assert [(row.status, row.attempts) for row in rows] == [("done", 1)] * 24
    # Only what the lost worker was at, and what it had not handed in yet, began twice.
    began = notes(file, "begin")
    assert set(began) == {row.key for row in rows}
    assert len(began) <= 24 + 3
