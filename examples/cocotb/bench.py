"""A cocotb bench of your own, with slipstick's golden model as the reference.

`python bench.py [verilator|icarus]` generates the unit and runs it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from cosim.golden import fma
from cosim.toolchain import find_verilator
from gen.config import make_config
from gen.emit import generate, write

FORMATS: Any = {"a_format": "e4m3", "b_format": "e4m3", "c_format": "fp16", "y_format": "fp16"}
COUNT = 200


@cocotb.test()
async def random_operands(dut: Any) -> None:
    """Drive random codes, one a cycle with gaps, and compare what comes out."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 256, (2, COUNT), dtype=np.uint8)
    c = rng.integers(0, 65536, COUNT, dtype=np.uint16)
    expected, _ = fma(a, b, c, **FORMATS)
    cocotb.start_soon(Clock(dut.clk, 2, "ns").start())
    dut.rst.value = 1
    dut.in_valid.value = 0
    await FallingEdge(dut.clk)
    dut.rst.value = 0

    answers: list[int] = []
    sent = 0
    while len(answers) < COUNT:
        valid = sent < COUNT and bool(rng.integers(4))
        dut.in_valid.value = int(valid)
        if valid:
            dut.a.value, dut.b.value, dut.c.value = int(a[sent]), int(b[sent]), int(c[sent])
            sent += 1
        await FallingEdge(dut.clk)
        if dut.out_valid.value:
            answers.append(int(dut.y.value))
    assert answers == expected.tolist()


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
