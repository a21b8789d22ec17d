import os
import signal
import sys
from pathlib import Path

import pytest

from cosim.build import Model, build_bulk
from cosim.checker import Batch, Checker
from cosim.simulation import PATIENCE, Crew, Simulation
from gen.errors import ToolError
from tests.cosim.duts import SUM, SUM_PORTS, random_sums, sum_unit


@pytest.fixture
def model(tmp_path):
    return build_bulk(sum_unit().manifest, SUM, tmp_path / "build.log")


def script(text):
    """Return a model that is a Python program."""
    return Model((sys.executable, "-c", text), "top", "bulk", 1, "Fake 1.0")


def play_one(simulation):
    """Play a block without any results."""
    simulation.play(rows=1, start=0)
    return simulation.collect()


def test_files_and_processes_are_gone_afterwards(model, tmp_path):
    before = set(os.listdir(tmp_path))
    with Crew(model, SUM_PORTS, 8, tmp_path) as crew:
        unit, operands = sum_unit(), random_sums(4)
        assert Checker(unit, crew).run([Batch(operands, *unit.respond(operands))]).compared
        process = crew.members[0]._process
        assert process.poll() is None
    assert process.returncode == 0
    assert set(os.listdir(tmp_path)) - before == {"simulator0"}
    assert set(os.listdir(tmp_path / "simulator0")) == {"simulation.log", "results.xml"}


def test_settings_meant_for_other_tests_do_not_reach_ours(model, tmp_path, monkeypatch):
    monkeypatch.setenv("COCOTB_TEST_FILTER", "something_else")
    monkeypatch.setenv("COCOTB_TEST_MODULES", "something.else")
    with Crew(model, SUM_PORTS, 8, tmp_path) as crew:
        unit, operands = sum_unit(), random_sums(4)
        tally = Checker(unit, crew).run([Batch(operands, *unit.respond(operands))])
    assert (tally.compared, tally.mismatches) == (4, 0)


def test_an_exception_kills_the_simulator(model, tmp_path):
    simulation = Simulation(model, SUM_PORTS, 8, tmp_path)
    with pytest.raises(KeyboardInterrupt), simulation:
        raise KeyboardInterrupt
    assert simulation._process.returncode == -signal.SIGKILL


def test_a_crash_shows_the_log(tmp_path):
    crash = script("import os; print('about to crash', flush=True); os.abort()")
    with (
        pytest.raises(ToolError, match=r"^Fake 1\.0: ended early, killed by signal 6$") as error,
        Simulation(crash, SUM_PORTS, 8, tmp_path) as simulation,
    ):
        play_one(simulation)
    assert error.value.log == tmp_path / "simulation.log"
    assert error.value.tail == "about to crash"


def test_a_hang_ends_at_the_limit(tmp_path):
    hang = script("import time; time.sleep(60)")
    simulation = Simulation(hang, SUM_PORTS, 8, tmp_path, time_limit=0.3)
    message = r"^Fake 1\.0: a block was not done within 0\.3 s$"
    with pytest.raises(ToolError, match=message), simulation:
        play_one(simulation)
    assert simulation._process.returncode == -signal.SIGKILL


def test_a_program_that_cannot_run(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("not a program")
    broken.chmod(0o755)
    model = Model((str(broken),), "top", "bulk", 1, "Fake 1.0")
    message = r"^Fake 1\.0: cannot run .*broken: Exec format error$"
    simulation = Simulation(model, SUM_PORTS, 8, tmp_path)
    with pytest.raises(ToolError, match=message), simulation:
        pass


FAITHFUL = """\
import json, os
exchange = json.loads(os.environ["SLIPSTICK_EXCHANGE"])
for line in open(exchange["commands"]):
    os.write(exchange["reports"], b'{"compared": 1, "mismatches": 0}\\n')
open("results.xml", "w").write('<testsuites><testsuite>%s</testsuite></testsuites>')
"""


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("", "left no test result, exit code 0"),
        ("<testcase/><testcase/>", "left no test result, exit code 0"),
        (
            "<testcase><failure/></testcase>",
            "the test's verdict and the results it reported do not agree",
        ),
        (
            "<testcase><skipped/></testcase>",
            "the test's verdict and the results it reported do not agree",
        ),
    ],
    ids=["no test", "two tests", "failed", "skipped"],
)
def test_reports_alone_are_not_trusted(tests, message, tmp_path):
    simulation = Simulation(script(FAITHFUL % tests), SUM_PORTS, 8, tmp_path)
    with pytest.raises(ToolError) as error, simulation:
        assert play_one(simulation).compared == 1
    assert str(error.value) == f"Fake 1.0: {message}"


def test_a_test_that_compares_nothing_does_not_pass(model, tmp_path):
    with Simulation(model, SUM_PORTS, 8, tmp_path):
        pass
    assert "no result was compared" in (tmp_path / "simulation.log").read_text()


def test_an_old_verdict_does_not_count(tmp_path):
    Path(tmp_path / "results.xml").write_text("<testsuites><testcase/></testsuites>")
    simulation = Simulation(script("pass"), SUM_PORTS, 8, tmp_path)
    with pytest.raises(ToolError, match="left no test result"), simulation:
        pass


def test_more_simulators_start_when_everything_waits_for_them(model, tmp_path):
    with Crew(model, SUM_PORTS, 8, tmp_path, most=2) as crew:
        crew.has_waited(0.7 * PATIENCE)
        assert len(crew.members) == 1
        crew.has_waited(0.7 * PATIENCE)
        assert len(crew.members) == 2
        crew.has_waited(7.0)
        assert len(crew.members) == 2
        processes = [member._process for member in crew.members]
    assert [process.returncode for process in processes] == [0, 0]


def test_one_that_fails_ends_them_all(tmp_path):
    crash = script("import os, sys; sys.stdin.read(); os.abort()")
    crew = Crew(crash, SUM_PORTS, 8, tmp_path, most=2)

    def play_on_the_second():
        with crew:
            crew.has_waited(2.0)
            play_one(crew.members[1])

    with pytest.raises(ToolError, match="killed by signal 6"):
        play_on_the_second()
    assert all(member._process.returncode is not None for member in crew.members)
