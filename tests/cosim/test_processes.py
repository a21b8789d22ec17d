import signal
import subprocess
import sys
import threading
import time

import pytest

from cosim.processes import kill_group, run, stop_all
from gen.errors import ToolError

SLEEPER = [sys.executable, "-c", "import time; print('asleep', flush=True); time.sleep(60)"]


def test_output_is_returned_and_added_to_the_log(tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    assert run("echo", ["echo", "hello"], log=log) == "hello\n"
    assert log.read_text() == "before\nhello\n"


def test_a_failure_says_how_and_shows_the_end_of_the_log(tmp_path):
    script = "print(*range(30), sep='\\n'); raise SystemExit(4)"
    with pytest.raises(ToolError, match=r"^thing: exit code 4$") as error:
        run("thing", [sys.executable, "-c", script], log=tmp_path / "log")
    assert error.value.log == tmp_path / "log"
    assert error.value.tail == "\n".join(str(line) for line in range(10, 30))


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(ToolError, match=r"^thing: cannot run /nowhere/thing: No such file"):
        run("thing", ["/nowhere/thing"], log=tmp_path / "log")


def test_a_program_that_hangs_is_killed(tmp_path):
    with pytest.raises(ToolError, match=r"^thing: not done within 0\.5 s$"):
        run("thing", SLEEPER, log=tmp_path / "log", timeout=0.5)


def test_what_runs_in_another_thread_can_be_stopped(tmp_path):
    log = tmp_path / "log"
    outcome: list[str] = []

    def work() -> None:
        try:
            run("thing", SLEEPER, log=log)
        except ToolError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not log.exists() or b"asleep" not in log.read_bytes():
        time.sleep(0.01)
    stop_all()
    thread.join(10)
    assert outcome == ["thing: killed by signal 9"]


def test_a_group_is_killed_with_the_children_of_its_leader(tmp_path):
    script = f"import subprocess; subprocess.Popen({SLEEPER!r}).wait()"
    leader = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert leader.stdout is not None
    with leader.stdout:
        assert leader.stdout.readline() == "asleep\n"
        kill_group(leader)
        assert leader.stdout.read() == ""  # ends when nobody is left who could write
    assert leader.returncode == -signal.SIGKILL
