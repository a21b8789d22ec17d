"""Bulk bench: whole blocks of vectors at the speed of the simulator."""

from __future__ import annotations

import ctypes
from typing import Any

import cocotb
from cocotb.triggers import Timer

from cosim.benches.exchange import Exchange

__all__ = ["bulk"]


@cocotb.test()
async def bulk(_dut: Any) -> None:
    """Play every block on the copies of the unit, compare it in one go."""
    # The simulator itself is the library: the player is linked into it.
    play = ctypes.CDLL(None).play
    play.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)
    exchange = Exchange.from_environment()
    for block, _ in exchange:
        play(block.stimulus.ctypes.data, block.result.ctypes.data, len(block.stimulus))
        await Timer(1, "ns")
    exchange.finish()
