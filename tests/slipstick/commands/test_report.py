"""`slipstick report`."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipstick.cli import main
from synth.database import Database
from tests.synth.jobs import point


def test_a_report_of_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, directory = tmp_path / "toys.db", tmp_path / "report"
    with Database(database) as store:
        store.want([point(1, lanes=4)])
        store.claim()
        store.finish("key1", {"result": {"area_um2": 5.0}, "manifest": {}, "verilog": "module"})
    for title in ([], ["--title", "mine"]):
        assert main(["report", str(database), "-o", str(directory), *title]) == 0
        assert capsys.readouterr().out == f"{directory / 'index.html'}\n"
        heading = title[-1] if title else "toys"
        assert f"<title>{heading}</title>" in (directory / "index.html").read_text()
    assert (directory / "verilog" / "toy1.v").read_text() == "module"


def test_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "none.db"
    assert main(["report", str(database), "-o", str(tmp_path / "report")]) == 2
    assert capsys.readouterr().err == f"slipstick: error: {database}: no such file\n"
