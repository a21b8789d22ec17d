from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gen.errors import ConfigError
from synth.database import Database, read_rows
from synth.grid import Point
from tests.synth.jobs import point

RESULT = {"result": {"area_um2": 1.5}, "manifest": {"m": 1}, "verilog": "module", "seconds": 2.5}


def test_a_point_is_claimed_once_and_done_once(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Database(path) as one, Database(path) as two:
        for store in (one, two):
            store.want([point(1, lanes=4)])
        job = one.claim()
        assert job == {
            "key": "key1",
            "unit": "toy",
            "name": "toy1",
            "params": {"lanes": 4},
            "options": {},
        }
        assert two.claim() is None
        assert not two.finish("key1", RESULT)  # not theirs
        assert one.finish("key1", RESULT)
        assert not one.finish("key1", {"error": "again"})
    (row,) = read_rows(path)
    assert (row.status, row.attempts, row.seconds) == ("done", 1, 2.5)
    assert (row.result, row.manifest, row.verilog) == ({"area_um2": 1.5}, {"m": 1}, "module")


def test_points_come_in_their_order_and_only_the_wanted(tmp_path: Path) -> None:
    with Database(tmp_path / "x.db") as store:
        store.want([point(2), point(1)])
        store.want([point(3), point(1)])
        claimed = [job["key"] for job in iter(store.claim, None)]
        assert claimed == ["key3", "key1"]
        assert store.counts() == {"pending": 0, "running": 2, "done": 0, "failed": 0}
        assert [row.key for row in store.rows()] == ["key3", "key1"]


def test_failures_are_kept_and_retried_when_asked(tmp_path: Path) -> None:
    with Database(tmp_path / "x.db") as store:
        invalid = Point("bad", "toy", "toy", {}, "", {}, "point: no such key")
        store.want([point(1), invalid])
        store.claim()
        store.finish("key1", {"error": "it broke", "log": "why", "seconds": 1.0})
        failed = {row.key: (row.error, row.log) for row in store.rows()}
        assert failed == {"key1": ("it broke", "why"), "bad": ("point: no such key", None)}
        store.want([point(1), invalid])
        assert store.claim() is None
        store.want([point(1), invalid], retry=True)
        job = store.claim()
        assert job is not None
        assert job["key"] == "key1"  # the other can never be
        assert store.claim() is None


def test_what_a_process_leaves_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Database(path) as two:
        two.want([point(1)])
        with Database(path) as one:
            one.want([point(1)])
            assert one.claim() is not None
            assert two.free_orphans() == 0  # it lives
            assert two.claim() is None
        assert two.claim() is not None  # it left in order
    assert [file.name for file in tmp_path.iterdir()] == ["x.db"]


def test_a_process_that_just_disappears(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    gone = Database(path)
    gone.want([point(1)])
    assert gone.claim() is not None
    gone._connection.close()
    import os

    os.close(gone._lock)  # as the system does for it
    with Database(path) as store:
        store.want([point(1)])
        assert store.claim() is None
        assert store.free_orphans() == 1
        assert store.claim() is not None
        assert not gone._lock_file.exists()


def test_files_that_are_something_else(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database, but long enough to look at" * 100)
    with pytest.raises(ConfigError, match="cannot use it as a database: file is not a database"):
        Database(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(ConfigError, match="a database of something else"):
        Database(other)
    later = tmp_path / "later.db"
    Database(later).__exit__(None, None, None)
    with sqlite3.connect(later) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(ConfigError, match="a database of schema 7; this reads 1"):
        read_rows(later)
    with pytest.raises(ConfigError, match="no such file"):
        read_rows(tmp_path / "none.db")
    with pytest.raises(ConfigError, match="cannot use it as a database"):
        Database(tmp_path / "none" / "x.db")
