import time
from pathlib import Path
from threading import Event, Timer

import pytest

from gen import yosys
from gen.errors import ToolError


def test_runs_a_script_with_a_here_document(tmp_path: Path) -> None:
    script = "read_rtlil <<END\nmodule \\empty\nend\nEND\nwrite_rtlil out.il\nstat\n"
    output = yosys.run(script, cwd=tmp_path, log=tmp_path / "log")
    assert "=== empty ===" in output
    assert (tmp_path / "log").read_text() == output
    assert "module \\empty" in (tmp_path / "out.il").read_text()


def test_error_carries_reason_log_and_tail(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(ToolError) as caught:
        yosys.run("frobnicate\n", cwd=tmp_path, log=log)
    assert str(caught.value).startswith("yosys: No such command: frobnicate")
    assert caught.value.tool == "yosys"
    assert caught.value.log == log
    assert "ERROR: No such command: frobnicate" in caught.value.tail
    assert "ERROR: No such command: frobnicate" in log.read_text()


def test_time_limit_ends_yosys_and_its_children(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"gave no result within 0\.5 s"):
        yosys.run("exec -- sleep 30\n", cwd=tmp_path, timeout=0.5)
    assert time.monotonic() - start < 10


def test_another_thread_can_stop_it(tmp_path: Path) -> None:
    stop = Event()
    Timer(0.5, stop.set).start()
    start = time.monotonic()
    with pytest.raises(ToolError, match="yosys: stopped"):
        yosys.run("exec -- sleep 30\n", cwd=tmp_path, stop=stop)
    assert time.monotonic() - start < 10


def test_a_long_script_arrives_whole(tmp_path: Path) -> None:
    # More than a pipe holds, while Yosys is busy with the beginning.
    script = "exec -- sleep 1\n" + f"# {'x' * 1000}\n" * 1000 + "log arrived\n"
    assert yosys.run(script, cwd=tmp_path, stop=Event()).rstrip().endswith("arrived")


def test_modules_in_the_working_directory_are_not_picked_up(tmp_path: Path) -> None:
    (tmp_path / "pyosys.py").write_text("raise SystemExit('wrong pyosys')\n")
    assert "help" in yosys.run("help help\n", cwd=tmp_path)
