"""The command line as a user meets it: exit codes, and every message whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from gen.errors import ToolError
from gen.version import __version__
from slipstick.cli import COMMANDS, main

SLIPSTICK = [sys.executable, "-m", "slipstick"]


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


FMA = "a=e4m3 b=e4m3 c=fp32 y=fp32"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            f"fmaa {FMA}",
            "command line: fmaa: no such unit, preset or file (.toml); nearest: fma",
            id="unknown unit",
        ),
        pytest.param(
            f"fma {FMA} stage=1", "command line: stage: no such key; nearest: stages", id="key"
        ),
        pytest.param(
            "fma a=fp3 b=e4m3 c=fp32 y=fp32",
            'command line: a = "fp3": no such format; nearest: fp32, tf32, fp16',
            id="format",
        ),
        pytest.param(
            "dot a=e4m3 b=e4m3 y=fp32 lanes=0",
            "command line: lanes = 0: must be 1 or more",
            id="no lanes",
        ),
        pytest.param(
            f"fma {FMA} stages=-1",
            "command line: stages = -1: must be 0 or more",
            id="negative stages",
        ),
        pytest.param(
            f"fma {FMA} rounding=rnd",
            'command line: rounding = "rnd": must be rne, rtz, rup, rdn, rna or stochastic; '
            "nearest: rne",
            id="rounding",
        ),
        pytest.param(
            f"fma {FMA} name=module",
            'command line: name = "module": is a reserved word of Verilog',
            id="reserved word",
        ),
        pytest.param(
            f"fma {FMA} name=../../outside",
            'command line: name = "../../outside": must be 1 to 128 letters, digits and '
            "underscores, starting with a letter",
            id="path as name",
        ),
        pytest.param(
            "../../dp4a",
            "command line: ../../dp4a: no such unit, preset or file (.toml); nearest: dp4a",
            id="path as preset",
        ),
        pytest.param(
            "missing.toml", "missing.toml: cannot read it: No such file or directory", id="no file"
        ),
        pytest.param(
            "a=e4m3",
            "command line: a=e4m3: no unit, preset or file before this parameter",
            id="parameter first",
        ),
        pytest.param(
            "dp4a dp4a",
            "command line: two configs would both be written as dp4a.v",
            id="same file twice",
        ),
    ],
)
def test_bad_config_exits_with_2_and_one_line_and_leaves_nothing(
    words: str, message: str, empty_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", *words.split(), "-o", "out"]) == 2
    assert capsys.readouterr() == ("", f"slipstick: error: {message}\n")
    assert list(empty_directory.iterdir()) == []


def test_broken_toml_exits_with_2(
    empty_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.toml").write_text('unit = "fma"\n[params\n')
    assert main(["generate", "broken.toml", "-o", "out"]) == 2
    message = "Expected ']' at the end of a table declaration (at line 2, column 8)"
    line = f"slipstick: error: broken.toml: broken TOML: {message}\n"
    assert capsys.readouterr() == ("", line)
    assert [path.name for path in empty_directory.iterdir()] == ["broken.toml"]


@pytest.mark.parametrize(
    ("directory", "reason"),
    [("file", "File exists"), ("file/below", "Not a directory"), ("/proc/out", None)],
)
def test_unwritable_directory_exits_with_2(
    directory: str,
    reason: str | None,
    empty_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if reason is None:
        if not Path(directory).parent.is_dir():
            pytest.skip("no /proc on this system")
        reason = "No such file or directory"  # what Linux says to a new entry there
    Path("file").write_text("kept")
    assert main(["generate", "dp4a", "-o", directory]) == 2
    line = f"slipstick: error: {directory}: cannot write here: {reason}\n"
    assert capsys.readouterr() == ("", line)
    assert [path.name for path in empty_directory.iterdir()] == ["file"]
    assert Path("file").read_text() == "kept"


def test_missing_simulator_exits_with_3(
    empty_directory: Path,
) -> None:
    environment = {**os.environ, "PATH": str(empty_directory)}
    command = [*SLIPSTICK, "verify", "dp4a", "--sim", "icarus"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    message = "iverilog: not found; install it (Debian: apt-get install iverilog)"
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr == f"slipstick: error: {message}\n"
    assert list(empty_directory.iterdir()) == []


def test_failed_tool_exits_with_3_and_shows_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ToolError("yosys", "exit code 1", log=Path("out/yosys.log"), tail="line 1\nline 2")

    monkeypatch.setattr("slipstick.commands.generate.generate_all", fail)
    assert main(["generate", "dp4a"]) == 3
    assert capsys.readouterr().err == (
        "slipstick: error: yosys: exit code 1\n  log: out/yosys.log\n  line 1\n  line 2\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verfy"], "no such command: verfy; nearest: verify (see `slipstick --help`)"),
        (["--fast"], "no such option '--fast' (see `slipstick --help`)"),
        (["generate"], "missing argument 'CONFIG...' (see `slipstick generate --help`)"),
        (
            ["verify", "dp4a", "--vectors", "0"],
            "invalid value for '--vectors': 0 is not in the range x>=1 "
            "(see `slipstick verify --help`)",
        ),
        (
            ["verify", "dp4a", "int8-mac", "--waves", "x.fst"],
            "--waves is for one CONFIG, not 2 (see `slipstick verify --help`)",
        ),
        (
            ["show", "dp4a", "int8-mac"],
            "one CONFIG at a time, not 2 (see `slipstick show --help`)",
        ),
    ],
)
def test_wrong_usage_exits_with_2_and_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr() == ("", f"slipstick: error: {message}\n")


def test_no_words_print_the_help_and_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("Usage: slipstick")


def test_help_lists_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for name, summary in COMMANDS.items():
        assert f"{name} {summary}" in words


def test_every_module_of_a_command_is_listed() -> None:
    folder = Path(import_module("slipstick.commands").__path__[0])
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "output"}
    assert modules == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: slipstick {name} ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"slipstick {__version__}\n"


def test_help_starts_without_loading_what_is_slow() -> None:
    code = (
        "import sys; from slipstick.cli import main; main(['--help'])\n"
        "print({'amaranth', 'cocotb', 'numpy', 'pydantic', 'rich'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.endswith("\nset()\n")


@pytest.mark.parametrize("json_words", [[], ["--json"]], ids=["table", "json"])
def test_broken_pipe_is_quiet(json_words: list[str]) -> None:
    code = "import sys; from slipstick.cli import main; sys.stdin.read(1); sys.exit(main())"
    command = [sys.executable, "-c", code, "list", *json_words]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.close()  # before it writes: it waits for its input first
    process.stdout = None
    _, errors = process.communicate(b"x", timeout=60)
    assert (process.returncode, errors) == (141, b"")


def test_full_disk_exits_with_2() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [*SLIPSTICK, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (run.returncode, run.stderr) == (2, "slipstick: error: No space left on device\n")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt, also where whoever started the tests ignores it (``pytest &``)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_exits_with_130_and_one_line(
    empty_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)

    monkeypatch.setattr("slipstick.commands.generate.generate_all", interrupted)
    assert main(["generate", "dp4a", "-o", "out"]) == 130
    assert capsys.readouterr() == ("", "slipstick: error: interrupted\n")
    assert list(empty_directory.iterdir()) == []
