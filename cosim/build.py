"""Compiling a unit for simulation: fast, and never twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import cocotb_tools.config as cocotb_config

from cosim.benches.records import layout_of
from cosim.player import PLAYER, WAVES, player_verilog, waves_verilog
from cosim.processes import run
from cosim.toolchain import (
    Compiler,
    Verilator,
    find_compiler,
    find_icarus,
    find_verilator,
)
from gen.cache import cached

__all__ = [
    "BRIEF_VECTORS",
    "MAX_COPIES",
    "Model",
    "Simulator",
    "build_bulk",
    "build_cycle",
    "build_program",
]

Simulator = Literal["verilator", "icarus"]

SOURCES = Path(__file__).parent / "cpp"
SEAL = "seal.json"
PROGRAM = "simulation"
HEADER = "runtime.h"
"""Header that every part of a model starts with; precompiled where the compiler can do so."""

RUNTIME = ("verilated_vpi.cpp", "verilated.cpp", "verilated_threads.cpp")
TRACE_RUNTIME = ("verilated_fst_c.cpp",)

OPTIMISATION = "-O2"
"""-O1 compiles a tenth faster, and keeps branches that random operands make mispredicted."""

BRIEF = "-O0"
"""Compiles in half the time and runs ten times as long: for few vectors and what runs once."""

BRIEF_VECTORS = 20_000
"""So many take less time to play in a model compiled with `BRIEF` than the other takes longer to
compile."""

INLINING = "-fno-semantic-interposition"
"""Lets the small functions that every cycle goes through become one, although they are exported."""

RANDOM_START = ("+verilator+rand+reset+2", "+verilator+seed+1")
"""Arguments for a model: registers wake up with random bits, so that a missing reset shows."""

SLOW = "__Slow"
SPLIT_BYTES = 700_000
"""Amount of generated C++ from which on it is compiled in several processes."""

MAX_COPIES = 8
"""Copies share what a cycle costs beside their own work, but soon no longer fit into the caches:
for the same vectors on each, as of mutants, a few are faster than one; for a unit alone, one is.
"""

COPIES_VERILOG = 80_000
"""Bytes of Verilog that all copies together may have."""

COPIES_STIMULUS = 256
"""Bytes of stimuli that all copies together may take in a cycle."""


@dataclass(frozen=True)
class Model:
    """A unit that is ready to be simulated.

    Attributes
    ----------
    command
        Program and arguments.
    top
        Name of the outermost module.
    bench
        Module of `cosim.benches` that drives it.
    copies
        Units side by side.
    simulator
        Name and version, for people.
    """

    command: tuple[str, ...]
    top: str
    bench: str
    copies: int
    simulator: str


def build_bulk(
    manifest: Mapping[str, Any],
    verilog: str,
    log: Path,
    most_copies: int = MAX_COPIES,
    *,
    brief: bool = False,
) -> Model:
    """Compile copies of a unit and the player, under Verilator, for the bulk bench.

    Parameters
    ----------
    manifest
        Manifest of the unit.
    verilog
        Its Verilog; the module is called what the manifest says.
    log
        File that gets what the tools print.
    most_copies
        Most units side by side.
    brief
        Whether it is for no more than `BRIEF_VECTORS`.

    Raises
    ------
    ToolError
        If a tool is missing or fails.
    """
    copies = min(most_copies, _copies(manifest, verilog))
    layout = layout_of(manifest["ports"], copies)
    job = _VerilatorJob(
        top=PLAYER,
        files={"unit.v": verilog, "player.v": player_verilog(manifest, layout, copies)},
        public=[(PLAYER, "clk")],  # without any, cocotb would not find the module
        main=(SOURCES / "player.cc").read_text(),
        defines={"PLAYER_IS_CLOCKED": str(int(manifest["clock"] is not None))},
        optimisation=BRIEF if brief else OPTIMISATION,
    )
    program, verilator = job.build(log)
    command = (str(program), *RANDOM_START)
    return Model(command, PLAYER, "bulk", copies, f"Verilator {verilator.version}")


def build_cycle(
    manifest: Mapping[str, Any],
    verilog: str,
    log: Path,
    simulator: Simulator = "verilator",
    *,
    waves: bool = False,
) -> Model:
    """Compile one unit for the bench that cocotb drives cycle by cycle.

    Parameters
    ----------
    manifest, verilog, log
        As for `build_bulk`.
    simulator
        Which simulator to compile it for.
    waves
        Whether it can dump waveforms.

    Raises
    ------
    ToolError
        If a tool is missing or fails.
    """
    top = WAVES if waves else manifest["name"]
    files = {"unit.v": verilog, **({"waves.v": waves_verilog(manifest)} if waves else {})}
    if simulator == "icarus":
        return _build_icarus(top, files, log, waves=waves)
    ports = [port["name"] for port in manifest["ports"]] + ["dump"] * waves
    job = _VerilatorJob(
        top=top,
        files=files,
        public=[(top, port) for port in ports],
        main="#include COCOTB_MAIN\n",
        defines={"VM_TRACE": "1", "VM_TRACE_FST": "1"} if waves else {},
        waves=waves,
    )
    program, verilator = job.build(log)
    command = (str(program), *RANDOM_START)
    return Model(command, top, "cycle", 1, f"Verilator {verilator.version}")


def build_program(top: str, files: Mapping[str, str], main: str, log: Path) -> Path:
    """Compile Verilog and a program in C++ around it, under Verilator; no cocotb.

    Parameters
    ----------
    top
        Name of the outermost module; in C++, it is a ``Vtop``.
    files
        Verilog by the name of the file.
    main
        The program.
    log
        File that gets what the tools print.

    Raises
    ------
    ToolError
        If a tool is missing or fails.
    """
    program, _ = _VerilatorJob(top=top, files=files, public=[], main=main, defines={}).build(log)
    return program


def _copies(manifest: Mapping[str, Any], verilog: str) -> int:
    row = layout_of(manifest["ports"], 1).stimulus.itemsize
    return max(1, min(MAX_COPIES, COPIES_VERILOG // len(verilog), COPIES_STIMULUS // row))


def _build_icarus(top: str, files: Mapping[str, str], log: Path, *, waves: bool) -> Model:
    icarus = find_icarus()
    command = [icarus.iverilog, "-g2012", "-o", PROGRAM, "-s", top, "-c", "files.f"]
    key = _key(icarus.version, [str(word) for word in command], files)

    def build(directory: Path) -> None:
        for name, text in files.items():
            (directory / name).write_text(text)
        (directory / "files.f").write_text("\n".join(["+timescale+1ns/1ps", *files]) + "\n")
        run("iverilog", command, cwd=directory, log=log)

    program = _sealed("icarus", key, build) / PROGRAM
    interface = cocotb_config.lib_entry("vpi", "icarus")
    # Without an option vvp writes what is dumped in its own format, as large text.
    words = [icarus.vvp, "-m", interface, program, *(["-fst"] if waves else [])]
    return Model(tuple(map(str, words)), top, "cycle", 1, f"Icarus Verilog {icarus.version}")


@dataclass(frozen=True)
class _VerilatorJob:
    """Everything that determines a model compiled with Verilator, apart from the tools."""

    top: str
    files: Mapping[str, str]
    public: Sequence[tuple[str, str]]
    main: str
    defines: Mapping[str, str]
    waves: bool = False
    optimisation: str = OPTIMISATION

    def build(self, log: Path) -> tuple[Path, Verilator]:
        """Return the program, compiled if it is not in the cache."""
        verilator, compiler = find_verilator(), find_compiler()
        defines = {
            "COCOTB_MAIN": json.dumps(
                str(cocotb_config.share_dir / "lib" / "verilator" / "verilator.cpp")
            ),
            **self.defines,
        }
        flags = [
            *_cxx_flags(verilator),
            *(f"-D{name}={value}" for name, value in defines.items()),
        ]
        options = [
            *["--cc", "--vpi", "--prefix", "Vtop", "--top-module", self.top, "-Mdir", "."],
            *["--output-split", "20000"],
            *["--x-assign", "unique", "--x-initial", "unique"],  # see RANDOM_START
            # Style is for `generate`; here even somebody's untidy Verilog is to run.
            *["-Wno-fatal", "-Wno-lint", "-Wno-style"],
            *(["--trace-fst", "--no-trace-top"] if self.waves else []),
        ]
        link = [
            *["-rdynamic", f"-Wl,-rpath,{cocotb_config.libs_dir}", f"-L{cocotb_config.libs_dir}"],
            *["-lcocotbvpi_verilator", "-lpthread", "-ldl"],
            *(["-lz"] if self.waves and not _brings_fst(verilator) else []),
        ]
        key = _key(
            *[verilator.digest, compiler.version, version("cocotb"), flags, options, link],
            *[self.optimisation, self.files, self.public, self.main],
        )

        def build(directory: Path) -> None:
            scratch = directory / "scratch"
            scratch.mkdir()
            self._verilate(scratch, verilator, options, log)
            common = _cxx_flags(verilator)
            runtime = _runtime(verilator, compiler, RUNTIME, common, log)
            objects = sorted(runtime.glob("*.o"))
            if self.waves:
                fst = [f"-I{SOURCES / 'fst'}"] if _brings_fst(verilator) else []
                trace = _runtime(verilator, compiler, TRACE_RUNTIME, [*common, *fst], log)
                objects += sorted(trace.glob("*.o"))
            self._compile(
                scratch, [compiler.program, *flags], runtime / HEADER, [*objects, *link], log
            )
            (scratch / PROGRAM).rename(directory / PROGRAM)
            shutil.rmtree(scratch)

        return _sealed("model", key, build) / PROGRAM, verilator

    def _verilate(
        self, directory: Path, verilator: Verilator, options: list[str], log: Path
    ) -> None:
        public = "".join(f'public_flat_rw -module "{m}" -var "{v}"\n' for m, v in self.public)
        files = {**self.files, "public.vlt": f"`verilator_config\n{public}"}
        for name, text in files.items():
            (directory / name).write_text(text)
        run(
            "verilator",
            [verilator.program, *options, *files],
            cwd=directory,
            log=log,
            environment={**os.environ, "VERILATOR_ROOT": str(verilator.root)},
        )

    def _compile(
        self,
        directory: Path,
        compiler: list[str | Path],
        header: Path,
        link: list[str | Path],
        log: Path,
    ) -> None:
        (directory / "main.cc").write_text(self.main)
        parts = _parts(directory.glob("Vtop*.cpp"), self.optimisation)
        parts[0].files.append("main.cc")
        objects: list[str] = []
        commands: list[list[str | Path]] = []
        for index, part in enumerate(parts):
            source = f"part{index}.cc"
            (directory / source).write_text("".join(f'#include "{name}"\n' for name in part.files))
            objects.append(f"part{index}.o")
            commands.append(
                [
                    *[*compiler, part.optimisation, "-I.", "-include", header],
                    *["-c", source, "-o", objects[-1]],
                ]
            )
        _run_parallel("C++ compiler", commands, directory, log)
        run("C++ compiler", [compiler[0], *objects, *link, "-o", PROGRAM], cwd=directory, log=log)


def _runtime(
    verilator: Verilator, compiler: Compiler, sources: Sequence[str], flags: list[str], log: Path
) -> Path:
    """Return the directory with objects of Verilator's runtime, and the header for all models."""
    header = "".join(
        f'#include "{name}"\n'
        for name in ("verilated.h", "verilated_vpi.h", "verilated_syms.h", "verilated_sym_props.h")
    )
    key = _key(
        *[verilator.digest, compiler.version, flags, OPTIMISATION, BRIEF, sources, header],
        [path.read_text() for path in sorted(SOURCES.rglob("*.h"))],
    )

    def build(directory: Path) -> None:
        (directory / HEADER).write_text(header)
        compile_ = [compiler.program, *flags, OPTIMISATION]
        commands: list[list[str | Path]] = [
            [*compile_, "-c", verilator.include / source, "-o", Path(source).with_suffix(".o")]
            for source in sources
        ]
        if compiler.is_gcc:  # a precompiled header of clang does not survive being renamed
            # One for each level of optimisation; of those in a directory, gcc takes what fits.
            (directory / f"{HEADER}.gch").mkdir()
            commands += [
                [*compile_, level, "-x", "c++-header", HEADER, "-o", f"{HEADER}.gch/{level[1:]}"]
                for level in (OPTIMISATION, BRIEF)
            ]
        _run_parallel("C++ compiler", commands, directory, log)

    return _sealed("runtime", key, build)


def _cxx_flags(verilator: Verilator) -> list[str]:
    include = verilator.include
    return ["-std=gnu++17", "-fPIC", INLINING, "-w", f"-I{include}", f"-I{include / 'vltstd'}"]


def _brings_fst(verilator: Verilator) -> bool:
    """Whether the runtime writes FST itself and wants only the few functions that we stand in for.

    Older ones carry GTKWave's writer, which needs all of zlib.
    """
    return (verilator.include / "fstcpp").is_dir()


@dataclass(frozen=True)
class _Part:
    """C++ files that are compiled as one."""

    files: list[str]
    optimisation: str


def _parts(paths: Iterable[Path], optimisation: str) -> list[_Part]:
    """Divide the files of a model among compilers, one unless there is much to compile.

    Parsing the headers costs more than compiling a small model. In a large one, what runs only
    once, which Verilator calls slow, is not worth optimising.
    """
    sizes = {path.name: path.stat().st_size for path in paths}
    if sum(sizes.values()) < SPLIT_BYTES:
        return [_Part(sorted(sizes), optimisation)]
    slow = sorted(name for name in sizes if SLOW in name)
    fast: list[list[str]] = [[] for _ in range(os.cpu_count() or 1)]
    for name in sorted(sizes.keys() - slow, key=lambda name: (-sizes[name], name)):
        min(fast, key=lambda files: sum(sizes[other] for other in files)).append(name)
    return [*(_Part(files, optimisation) for files in fast if files), _Part(slow, BRIEF)]


def _run_parallel(
    tool: str, commands: Sequence[Sequence[str | Path]], directory: Path, log: Path
) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda command: run(tool, command, cwd=directory, log=log), commands))


def _key(*parts: object) -> str:
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sealed(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return a cached result as `gen.cache.cached` does; one that was damaged is built again."""

    def build_and_seal(directory: Path) -> None:
        build(directory)
        (directory / SEAL).write_text(json.dumps(_digests(directory)))

    directory = cached(kind, key, build_and_seal)
    if not _is_intact(directory):
        shutil.rmtree(directory, ignore_errors=True)
        directory = cached(kind, key, build_and_seal)
    return directory


def _is_intact(directory: Path) -> bool:
    try:
        return json.loads((directory / SEAL).read_text()) == _digests(directory)
    except (OSError, ValueError):
        return False


def _digests(directory: Path) -> dict[str, str]:
    """Return a hash of every file that a damage would go unnoticed in."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.iterdir())
        # The compiler checks a precompiled header by itself, and it is large.
        if path.is_file() and path.name != SEAL and path.suffix != ".gch"
    }
