"""Judging emitted Verilog with outside tools."""

from __future__ import annotations

import os
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pyosys

from cosim.toolchain import find_verilator
from gen import yosys


def lint(verilog: Path, *options: str) -> str:
    """Return what Verilator has to say about a file with every warning on."""
    verilator = find_verilator()
    command = [verilator.program, "--lint-only", "-Wall", *options, verilog]
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator.root)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return result.stderr


def loops_through_vectors(verilog: Path, top: str) -> list[str]:
    """Return what Verilator takes for combinational loops if it may not take vectors apart."""
    verilator = find_verilator()
    command = [verilator.program, "--cc", "--public-flat-rw", "--Mdir", "loops", "--top", top]
    command += ["-Wno-fatal"]
    result = subprocess.run(
        [*command, verilog],
        cwd=verilog.parent,
        env={**os.environ, "VERILATOR_ROOT": str(verilator.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = result.stderr.splitlines()
    assert all("UNOPTFLAT" in line for line in lines if line.startswith("%")), result.stderr
    return [line for line in lines if line.startswith("%Warning-UNOPTFLAT")]


def compile_with_icarus(verilog: Path) -> str:
    """Return what Icarus Verilog has to say about a file with every warning on."""
    command = ["iverilog", "-g2005", "-Wall", "-o", os.devnull, verilog]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


_READ = """\
{read}
hierarchy -check -top {top}
setattr -unset init w:*
proc
flatten
opt_clean
design -stash {name}
"""

_MITER = """\
design -copy-from gold gold
design -copy-from gate -as gate {top}
miter -equiv -flatten gold gate miter
hierarchy -top miter
opt -full
techmap
dffunmap
aigmap
write_aiger miter.aig
"""


def is_equivalent(component: Any, verilog: str, top: str, directory: Path) -> bool:
    """Prove that Verilog does what a component does, as Amaranth by itself converts it.

    Registers start at zero on both sides.
    """
    rtlil: Any = import_module("amaranth.back.rtlil")
    (directory / "gold.il").write_text(rtlil.convert(component, name="gold", emit_src=False))
    (directory / "gate.v").write_text(verilog)
    script = _READ.format(read="read_rtlil gold.il", top="gold", name="gold")
    script += _READ.format(read="read_verilog gate.v", top=top, name="gate")
    yosys.run(script + _MITER.format(top=top), cwd=directory)
    abc = Path(pyosys.__file__).with_name("yosys-abc")
    prove = "read miter.aig; dprove" if "posedge" in verilog else "&r miter.aig; &cec -m"
    result = subprocess.run(
        [abc, "-c", prove], cwd=directory, capture_output=True, text=True, check=True
    )
    return "Networks are equivalent" in result.stdout
