"""`slipstick doctor`."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import click
from find_libpython import find_libpython

from cosim.toolchain import find_compiler, find_icarus, find_verilator
from gen import yosys
from gen.cache import cache_dir
from gen.errors import ConfigError, ToolError
from slipstick.commands.output import console, json_option, print_json, table
from synth.libraries import load_library

__all__ = ["command"]


@dataclass(frozen=True)
class Finding:
    """What became of the search for a tool: its version and place, or what to do about it."""

    tool: str
    purpose: str
    required: bool
    found: bool
    detail: str


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Say which tools are found, in which version, and what to install.

    The exit code is 3 if something is missing that slipstick cannot do without.
    """
    findings = [_look_for(*tool) for tool in TOOLS]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        shown = table("tool", "for", "", "found, or what to do")
        for finding in findings:
            mark = "ok" if finding.found else "missing" if finding.required else "optional"
            shown.add_row(finding.tool, finding.purpose, mark, finding.detail)
        console().print(shown)
    return 0 if all(finding.found for finding in findings if finding.required) else 3


def _look_for(tool: str, purpose: str, required: bool, find: Callable[[], str]) -> Finding:
    try:
        return Finding(tool, purpose, required, True, find())
    except (ConfigError, ToolError) as error:
        what = str(error).removeprefix(f"{tool}: ")
        return Finding(tool, purpose, required, False, what)


def _python() -> str:
    return f"{platform.python_version()}, {sys.executable}"


def _libpython() -> str:
    path = find_libpython()
    if path is None:
        raise ToolError(
            "libpython",
            "this Python has no shared library, which cocotb loads into the simulator "
            "(Debian: apt install libpython3-dev; pyenv: build with --enable-shared)",
        )
    return path


def _yosys() -> str:
    yosys.run("", cwd=Path.cwd())
    return version("pyosys")


def _verilator() -> str:
    found = find_verilator()
    return f"{found.version}, {found.program}"


def _compiler() -> str:
    found = find_compiler()
    return f"{found.version.splitlines()[0]}, {found.program}"


def _cells() -> str:
    return str(load_library("nangate45").path)


def _icarus() -> str:
    found = find_icarus()
    return f"{found.version}, {found.iverilog}"


def _waveform_viewer() -> str:
    for name in ("surfer", "gtkwave"):
        program = shutil.which(name)
        if program:
            return program
    raise ToolError("waveform viewer", "not found; surfer or gtkwave opens what --waves writes")


def _cache() -> str:
    directory = cache_dir()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        hint = "SLIPSTICK_CACHE names another directory"
        raise ConfigError(f"{directory}: cannot write: {error.strerror}; {hint}") from error
    return str(directory)


TOOLS = (
    ("Python", "everything", True, _python),
    ("Yosys", "generate, synth", True, _yosys),
    ("Verilator", "verify", True, _verilator),
    ("C++ compiler", "verify", True, _compiler),
    ("libpython", "verify", True, _libpython),
    ("cache", "verify, synth", True, _cache),
    ("NanGate45", "synth", True, _cells),
    ("Icarus Verilog", "verify --sim icarus", False, _icarus),
    ("waveform viewer", "verify --waves", False, _waveform_viewer),
)
