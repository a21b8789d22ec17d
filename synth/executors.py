"""Who works on points: processes here, or a Dask cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock, local
from typing import Any, Protocol

from gen.errors import ConfigError, ToolError
from synth.worker import call

__all__ = ["ClusterExecutor", "Executor", "LocalExecutor", "executor_for"]

Job = dict[str, Any]
Outcome = dict[str, Any]
Done = Callable[[str, Outcome], None]
"""Is told the key of a job and what came of it, in any thread."""

PATIENCE = 10.0
"""Seconds to wait for a scheduler."""

_LOG_BYTES = 20_000


class Executor(Protocol):
    """Works on jobs."""

    @property
    def capacity(self) -> int:
        """How many jobs it is worth to have handed over at a time."""
        ...

    def submit(self, job: Job, done: Done) -> None:
        """Have a job worked on; `done` is called when it is."""
        ...

    def close(self) -> None:
        """Stop, whatever is still going on."""
        ...


class _Process:
    """A worker process, started when it is first needed and again if it ended."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.process: subprocess.Popen[str] | None = None
        self.stopped = False
        self.lock = Lock()
        file, name = tempfile.mkstemp(prefix="slipstick-")
        os.unlink(name)  # it lives as long as it is open
        self.log = os.fdopen(file, "w+b")

    def work(self, job: Job) -> Outcome:
        """Return what came of a job; a process that ends over it is a failure of the job."""
        with self.lock:
            if self.stopped:
                return {"error": "the worker process ended: stopped", "log": ""}
            if self.process is not None and self.process.poll() is not None:
                self.forget()
            self.process = self.process or self.start()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.log.truncate(0)
        self.log.seek(0)
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except (OSError, ValueError):
            answer = ""
        if answer:
            return json.loads(answer)
        code = self.process.wait()
        self.forget()
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.log.seek(0)
        log = self.log.read()[-_LOG_BYTES:].decode(errors="replace")
        return {"error": f"the worker process ended: {cause}", "log": log}

    def forget(self) -> None:
        """Close what connects to a process that has ended."""
        if self.process is not None:
            for stream in (self.process.stdin, self.process.stdout):
                assert stream is not None
                with suppress(OSError):
                    stream.close()
            self.process = None

    def start(self) -> subprocess.Popen[str]:
        # -P: no module from the directory that the user happens to be in.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "synth.worker", self.target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def stop(self) -> None:
        """End the process; whoever waits for its answer gets none."""
        with self.lock:
            self.stopped = True
            if self.process is not None:
                self.process.terminate()


class LocalExecutor:
    """Worker processes on this machine.

    Parameters
    ----------
    target
        ``module:function`` to call with each job.
    processes
        How many; as many as there are processors if left out.
    """

    def __init__(self, target: str, processes: int | None = None) -> None:
        self.target = target
        self.processes = processes or os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self.processes)
        self._own = local()
        self._lock = Lock()
        self._started: list[_Process] = []

    @property
    def capacity(self) -> int:
        return self.processes

    def submit(self, job: Job, done: Done) -> None:
        def work() -> None:
            if not hasattr(self._own, "process"):
                self._own.process = _Process(self.target)
                with self._lock:
                    self._started.append(self._own.process)
            done(job["key"], self._own.process.work(job))

        self._threads.submit(work)

    def close(self) -> None:
        for process in self._started:
            process.stop()
        self._threads.shutdown(cancel_futures=True)
        for process in self._started:
            if process.process is not None:
                process.process.wait()
            process.forget()
            process.log.close()


class ClusterExecutor:
    """Workers of a Dask scheduler, on any number of machines that have slipstick installed.

    A worker that is lost loses nothing: the scheduler gives its points to others.

    Parameters
    ----------
    target
        As for `LocalExecutor`.
    address
        Of the scheduler, ``tcp://host:8786``.

    Raises
    ------
    ConfigError
        If Dask is not installed.
    ToolError
        If there is no scheduler.
    """

    def __init__(self, target: str, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise ConfigError(
                "--scheduler needs Dask: pip install 'slipstick[distributed]'"
            ) from error
        self.target = target
        try:
            self.client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ToolError("dask", f"{address}: no scheduler there ({error})") from error
        self._futures: dict[str, Any] = {}

    @property
    def capacity(self) -> int:
        # One more for each worker in the queue, so that none waits for an answer to get here.
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return max(1, sum(worker["nthreads"] + 1 for worker in workers))

    def submit(self, job: Job, done: Done) -> None:
        future = self.client.submit(call, self.target, job, pure=False, key=f"point-{job['key']}")
        # Without the reference, the scheduler would drop the job.
        self._futures[job["key"]] = future
        future.add_done_callback(partial(self._finished, job["key"], done))

    def _finished(self, key: str, done: Done, future: Any) -> None:
        try:
            outcome = future.result()
        except BaseException as error:  # a job that took several workers down with it
            outcome = {"error": f"{type(error).__name__}: {error}", "log": None}
        self._futures.pop(key, None)
        done(key, outcome)

    def close(self) -> None:
        self.client.close()


def executor_for(target: str, *, jobs: int | None, scheduler: str | None) -> Executor:
    """Return who is to work on points: a cluster if there is a scheduler, else this machine."""
    return ClusterExecutor(target, scheduler) if scheduler else LocalExecutor(target, jobs)
