from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slipstick.study import Outcome, run_study
from synth.study import Settings

SMALL = Settings(formats=["int4", "int3", "log2.2"], lanes=[1], vectors=200)
PRODUCTS = ("csv", "md", "svg", "png", "html")


def study(directory: Path) -> Outcome:
    return run_study(SMALL, directory, claims=False, jobs=1)


def tables(directory: Path) -> dict[str, bytes]:
    found = {p.name: p.read_bytes() for p in directory.iterdir() if p.suffix[1:] in PRODUCTS}
    points = directory / "points"
    return found | {f"points/{name}": (points / name).read_bytes() for name in ("points.csv",)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Return a study that nothing interrupted."""
    directory = tmp_path_factory.mktemp("whole") / "study"
    return directory, study(directory)


def test_a_study_is_tables_and_a_page(whole: tuple[Path, Outcome]) -> None:
    directory, outcome = whole
    assert outcome.page == directory / "index.html"
    assert not outcome.failures
    names = [sheet.name for sheet in outcome.sheets]
    assert names == ["accuracy", "area", "energy", "delay", "points"]
    assert {*(f"{name}.csv" for name in names), *(f"{name}.md" for name in names)} <= {
        path.name for path in directory.iterdir()
    }
    page = outcome.page.read_text()
    assert page.count("<svg") == 2
    assert (directory / "points" / "index.html").is_file()


def test_every_point_was_checked(whole: tuple[Path, Outcome]) -> None:
    _, outcome = whole
    (points,) = (sheet for sheet in outcome.sheets if sheet.name == "points")
    assert [(row[0], row[-1]) for row in points.rows] == [
        ("int4", "200"), ("int3", "200"), ("log2.2", "200")
    ]  # fmt: skip
    assert all(float(cell or 0) > 0 for row in points.rows for cell in row[3:6])


def test_a_second_time_nothing_is_left_to_do(whole: tuple[Path, Outcome]) -> None:
    directory, _ = whole
    before = tables(directory)
    (summary,) = study(directory).summaries
    assert (summary.points, summary.done, summary.worked) == (3, 3, 0)
    assert tables(directory) == before


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on(whole: tuple[Path, Outcome], tmp_path: Path) -> None:
    directory = tmp_path / "study"
    words = ["--formats", "int4,int3,log2.2", "--lanes", "1", "--no-claims", "--jobs", "1"]
    file = tmp_path / "study.toml"
    file.write_text('formats = ["int8"]\nlanes = [1]\nvectors = 200\n')
    command = [sys.executable, "-m", "slipstick", "study", str(file), "-o", str(directory), *words]
    with subprocess.Popen(command) as process:
        while process.poll() is None and done(directory / "study.db") == 0:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert not (directory / "index.html").exists()
    before = done(directory / "study.db")
    (summary,) = study(directory).summaries
    assert (summary.done, summary.worked) == (3, 3 - before)
    # The same tables as those of a study that nothing interrupted.
    assert tables(directory) == tables(whole[0])


def done(database: Path) -> int:
    """Return how many points have a result."""
    if not database.is_file():
        return 0
    connection = sqlite3.connect(database)
    try:
        query = "SELECT count(*) FROM points WHERE status = 'done'"
        return connection.execute(query).fetchone()[0]
    except sqlite3.OperationalError:  # not made yet
        return 0
    finally:
        connection.close()
