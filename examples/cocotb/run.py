"""Generate a unit and run a cocotb bench of your own: `python run.py [verilator|icarus]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from cosim.toolchain import find_verilator
from gen.config import make_config
from gen.emit import generate, write

MAC = {"a": "e4m3", "b": "e4m3", "c": "fp16", "y": "fp16", "stages": 2}


def run(simulator: str, directory: Path) -> int:
    """Return the number of tests that failed."""
    config = make_config("fma", MAC, "mac")
    write(generate(config), directory)
    if simulator == "verilator":
        # The one that came with slipstick, for those who have none on PATH.
        program = find_verilator().program
        os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    runner = get_runner(simulator)
    runner.build(
        sources=[directory / "mac.v"],
        hdl_toplevel="mac",
        build_dir=directory / "build",
        timescale=("1ns", "1ps"),
    )
    results = runner.test(
        test_module="bench",
        hdl_toplevel="mac",
        build_dir=directory / "build",
        test_dir=directory,
    )
    tests, failed = get_results(results)
    print(f"{tests} tests, {failed} failed")
    return failed if tests else 1


if __name__ == "__main__":
    sys.exit(
        run(sys.argv[1] if len(sys.argv) > 1 else "verilator", Path("build/cocotb").absolute())
    )
