"""A cocotb bench of a multiply-add, with slipstick's golden model as the reference."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from cosim.golden import fma

FORMATS = {"a_format": "e4m3", "b_format": "e4m3", "c_format": "fp16", "y_format": "fp16"}
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
