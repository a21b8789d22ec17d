from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from gen.errors import ConfigError, ToolError
from synth.executors import ClusterExecutor, LocalExecutor, executor_for
from tests.synth.jobs import notes, point

ROOT = Path(__file__).parents[2]
WORK = "tests.synth.jobs:work"


@pytest.fixture(autouse=True)
def _find_this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def outcomes(executor: LocalExecutor, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    answers: SimpleQueue[tuple[str, dict[str, Any]]] = SimpleQueue()
    for job in jobs:
        executor.submit(job, lambda key, outcome: answers.put((key, outcome)))
    return dict(answers.get(timeout=30) for _ in jobs)


def test_jobs_are_worked_on_and_a_lost_process_is_replaced() -> None:
    jobs = [point(1).job(), point(2, die=True).job(), point(3).job()]
    with closing(LocalExecutor(WORK, 1)) as executor:
        assert executor.capacity == 1
        found = outcomes(executor, jobs)
    assert found["key1"]["result"] == {"name": "toy1"}
    assert found["key2"] == {"error": "the worker process ended: signal 9", "log": "last words\n"}
    assert found["key3"]["result"] == {"name": "toy3"}


def test_closing_ends_what_is_going_on(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    answers: SimpleQueue[tuple[str, dict[str, Any]]] = SimpleQueue()
    executor = LocalExecutor(WORK, 1)
    job = point(2, sleep=60, notes=str(file)).job()
    executor.submit(job, lambda key, outcome: answers.put((key, outcome)))
    while not notes(file, "begin"):
        time.sleep(0.01)
    executor.close()
    key, outcome = answers.get(timeout=10)
    assert key == "key2"
    assert "ended" in outcome["error"]


def test_without_a_scheduler_it_is_this_machine() -> None:
    with closing(executor_for(WORK, jobs=3, scheduler=None)) as executor:
        assert executor.capacity == 3


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError) as caught:
        ClusterExecutor(WORK, "tcp://localhost:1")
    assert str(caught.value) == "--scheduler needs Dask: pip install 'slipstick[distributed]'"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_without_a_cluster(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.executors.PATIENCE", 0.5)
    with pytest.raises(ToolError, match=f"dask: {address}: no scheduler there"):
        ClusterExecutor(WORK, address)
