"""Plain bench: cocotb drives and samples every port in every clock cycle."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer
from numpy.typing import NDArray

from cosim.benches.exchange import Exchange
from cosim.benches.records import UNKNOWN

__all__ = ["cycle"]

HALF_PERIOD = 1  # ns


@cocotb.test()
async def cycle(dut: Any) -> None:
    """Play every block on the unit, row by row, and compare it when it has been played."""
    exchange = Exchange.from_environment()
    inputs = [port for port in exchange.ports if port["dir"] == "in" and port["role"] != "clock"]
    outputs = [port for port in exchange.ports if port["dir"] == "out"]
    clocks = [getattr(dut, port["name"]) for port in exchange.ports if port["role"] == "clock"]
    for block, dump in exchange:
        columns = [(getattr(dut, port["name"]), _words(block.stimulus, port)) for port in inputs]
        for row, result in enumerate(block.result):
            for clock in clocks:
                clock.value = 0
            for handle, words in columns:
                handle.value = words[row]
            if row == dump:
                dut.dump.value = 1
            await Timer(HALF_PERIOD, "ns")
            _sample(dut, outputs, result)
            for clock in clocks:
                clock.value = 1
            await Timer(HALF_PERIOD, "ns")
    exchange.finish()


def _words(rows: NDArray[np.void], port: dict[str, Any]) -> list[int]:
    """Return what to drive on a port, row by row: its lanes side by side, lane 0 lowest."""
    bits = port["width"] // port["lanes"]
    lanes = rows[port["name"]][:, 0, :].tolist()
    return [sum(code << (lane * bits) for lane, code in enumerate(row)) for row in lanes]


def _sample(dut: Any, ports: list[dict[str, Any]], result: Any) -> None:
    """Put what the outputs are now into a row of results."""
    unknown = False
    for port in ports:
        value = getattr(dut, port["name"]).value
        word = int(value) if value.is_resolvable else 0
        bits = port["width"] // port["lanes"]
        lanes = [word >> (lane * bits) & ((1 << bits) - 1) for lane in range(port["lanes"])]
        if not value.is_resolvable:
            unknown = True
            if port["role"] == "valid":
                lanes = [UNKNOWN]
        result[port["name"]][0] = lanes
    for port in ports:
        # Registers may hold anything as long as no result is due.
        if port["role"] == "valid" and unknown and result[port["name"]][0, 0]:
            result[port["name"]][0, 0] = UNKNOWN
