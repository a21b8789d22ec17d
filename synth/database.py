"""Results of sweeps in one SQLite file: a row a point.

Any number of processes may use a file at once: a point is claimed in a transaction before anybody
works on it, and what it gave is written in another. A process holds a lock on a file of its own
beside the database for as long as it lives; the system frees the lock however the process ends, and
whatever it had claimed is then anybody's again.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

from gen.errors import ConfigError
from synth.grid import Point

__all__ = ["SCHEMA", "Database", "Row", "Status", "read_rows"]

SCHEMA = 1
Status = Literal["pending", "running", "done", "failed"]

_TABLES = """
CREATE TABLE IF NOT EXISTS points (
    key TEXT PRIMARY KEY,       -- hash of config and options
    position INTEGER NOT NULL,  -- in the order of the sweep that it was first part of
    unit TEXT NOT NULL,
    name TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    params TEXT NOT NULL,       -- JSON, as given
    options TEXT NOT NULL,      -- JSON
    status TEXT NOT NULL,       -- pending, running, done, failed
    attempts INTEGER NOT NULL,
    owner TEXT NOT NULL,        -- of a point that is running
    seconds REAL,
    result TEXT,                -- JSON
    manifest TEXT,              -- JSON
    verilog BLOB,               -- zlib
    error TEXT,
    log TEXT
);
CREATE INDEX IF NOT EXISTS points_by_status ON points (status, position);
"""


@dataclass(frozen=True)
class Row:
    """A point with what came of it; see `_TABLES` for the columns."""

    key: str
    unit: str
    name: str
    config_hash: str
    params: Mapping[str, Any]
    options: Mapping[str, Any]
    status: Status
    attempts: int
    seconds: float | None
    result: Mapping[str, Any] | None
    manifest: Mapping[str, Any] | None
    verilog: str | None
    error: str | None
    log: str | None


class Database:
    """The file, open for one process; to be used in a ``with`` statement.

    Parameters
    ----------
    path
        The file; created if there is none.

    Raises
    ------
    ConfigError
        If it cannot be used, or is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = uuid.uuid4().hex
        self._lock_file = path.with_name(f"{path.name}-run-{self.owner}")
        self._connection = _connect(path)
        # Locked before it has its name: nobody ever sees it without the lock.
        unnamed = path.with_name(f".{path.name}-{self.owner}")
        try:
            self._lock = os.open(unnamed, os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            self._connection.close()
            raise ConfigError(f"{path}: cannot write beside it: {error.strerror}") from error
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unnamed.rename(self._lock_file)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(sqlite3.Error), self._transaction():
            self._connection.execute(
                "UPDATE points SET status = 'pending', owner = '' "
                "WHERE status = 'running' AND owner = ?",
                (self.owner,),
            )
        self._connection.close()
        self._lock_file.unlink(missing_ok=True)
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run the block with the file locked against other writers; all of it counts or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def want(self, points: Iterable[Point], *, retry: bool = False) -> None:
        """Say which points `claim` is to choose from, and add those that are new.

        Parameters
        ----------
        points
            Those of a sweep. What makes no unit fails at once.
        retry
            Whether those that failed before are to be tried again.
        """
        rows = [
            (
                *(point.key, position, point.unit, point.name, point.config_hash),
                *(json.dumps(dict(part), sort_keys=True) for part in (point.params, point.options)),
                "failed" if point.problem else "pending",
                point.problem or None,
            )
            for position, point in enumerate(points)
        ]
        self._connection.execute("DROP TABLE IF EXISTS temp.wanted")
        self._connection.execute("CREATE TEMP TABLE wanted (key TEXT PRIMARY KEY)")
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO temp.wanted VALUES (?)", [row[:1] for row in rows]
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO points "
                "(key, position, unit, name, config_hash, params, options, status, error, "
                "attempts, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '')",
                rows,
            )
            if retry:
                self._connection.execute(
                    "UPDATE points SET status = 'pending', error = NULL, log = NULL "
                    "WHERE status = 'failed' AND config_hash != '' "
                    "AND key IN (SELECT key FROM temp.wanted)"
                )

    def claim(self) -> dict[str, Any] | None:
        """Return a point that nobody works on, now this process's, as `Point.job` does; or None."""
        with self._transaction():
            row = self._connection.execute(
                "SELECT key, unit, name, params, options FROM points WHERE status = 'pending' "
                "AND key IN (SELECT key FROM temp.wanted) ORDER BY position LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            self._connection.execute(
                "UPDATE points SET status = 'running', owner = ?, attempts = attempts + 1 "
                "WHERE key = ?",
                (self.owner, row["key"]),
            )
        job = dict(row)
        return job | {column: json.loads(job[column]) for column in ("params", "options")}

    def finish(self, key: str, outcome: Mapping[str, Any]) -> bool:
        """Write what came of a claimed point; return whether it still was this process's.

        Parameters
        ----------
        key
            Of the point.
        outcome
            ``seconds``; and ``result``, ``manifest`` and ``verilog``, or ``error`` and ``log``.
        """
        failed = outcome.get("error") is not None
        verilog = outcome.get("verilog")
        packed = [
            None if outcome.get(column) is None else json.dumps(outcome[column])
            for column in ("result", "manifest")
        ]
        with self._transaction():
            cursor = self._connection.execute(
                "UPDATE points SET status = ?, owner = '', seconds = ?, result = ?, manifest = ?, "
                "verilog = ?, error = ?, log = ? "
                "WHERE key = ? AND status = 'running' AND owner = ?",
                (
                    "failed" if failed else "done",
                    outcome.get("seconds"),
                    *packed,
                    None if verilog is None else zlib.compress(verilog.encode()),
                    outcome.get("error"),
                    outcome.get("log"),
                    *(key, self.owner),
                ),
            )
        return cursor.rowcount == 1

    def free_orphans(self) -> int:
        """Give up the claims of processes that have ended; return how many there were."""
        owners = self._connection.execute(
            "SELECT DISTINCT owner FROM points WHERE status = 'running' AND owner != ?",
            (self.owner,),
        ).fetchall()
        freed = 0
        for (owner,) in owners:
            if self._is_alive(owner):
                continue
            with self._transaction():
                freed += self._connection.execute(
                    "UPDATE points SET status = 'pending', owner = '' "
                    "WHERE status = 'running' AND owner = ?",
                    (owner,),
                ).rowcount
        for leftover in self.path.parent.glob(f"{self.path.name}-run-*"):
            if not self._is_alive(leftover.name.rpartition("-")[2]):
                leftover.unlink(missing_ok=True)
        return freed

    def _is_alive(self, owner: str) -> bool:
        if owner == self.owner:
            return True
        try:
            file = os.open(self.path.with_name(f"{self.path.name}-run-{owner}"), os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def counts(self) -> dict[Status, int]:
        """Return how many of the wanted points there are of each status."""
        found = self._connection.execute(
            "SELECT status, count(*) FROM points WHERE key IN (SELECT key FROM temp.wanted) "
            "GROUP BY status"
        )
        return dict.fromkeys(get_args(Status), 0) | dict(tuple(row) for row in found)

    def rows(self, *, wanted: bool = True) -> list[Row]:
        """Return points in their order; `wanted`: only those of this sweep."""
        condition = "WHERE key IN (SELECT key FROM temp.wanted)" if wanted else ""
        query = f"SELECT * FROM points {condition} ORDER BY position, key"
        return [_row(row) for row in self._connection.execute(query)]


def read_rows(path: Path) -> list[Row]:
    """Return all points of a database.

    Raises
    ------
    ConfigError
        If there is no such file or it is something else.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    connection = _connect(path)
    try:
        query = "SELECT * FROM points ORDER BY position, key"
        return [_row(row) for row in connection.execute(query)]
    finally:
        connection.close()


def _row(row: sqlite3.Row) -> Row:
    content = dict(row)
    del content["position"], content["owner"]
    for column in ("params", "options", "result", "manifest"):
        content[column] = None if content[column] is None else json.loads(content[column])
    if content["verilog"] is not None:
        content["verilog"] = zlib.decompress(content["verilog"]).decode()
    return Row(**content)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # Another writer holds the file for milliseconds; a minute is for slow disks.
        connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA):
            raise ConfigError(f"{path}: a database of schema {version}; this reads {SCHEMA}")
        if version == 0:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if (
                tables
                and not connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'points'"
                ).fetchone()
            ):
                raise ConfigError(f"{path}: a database of something else")
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
    except sqlite3.Error as error:
        raise ConfigError(f"{path}: cannot use it as a database: {error}") from error
    return connection
