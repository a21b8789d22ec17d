"""The loop of an accumulator: its register, and steps that have none."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal, Value

from hdl.pipeline import Pipeline

__all__ = ["hold", "no_registers"]


def no_registers(_step: str, *live: Any) -> Any:
    """Stand in for `Pipeline.after` where a loop allows no registers."""
    return live[0] if len(live) == 1 else live


def hold(
    m: Module, pipe: Pipeline, accumulator: Signal, code: Value, rests: Value | None = None
) -> Signal:
    """Load the accumulator in valid cycles and return it, one cycle further down the pipe.

    It is not clocked where it `rests`.
    """
    valid = Signal(name="accumulator_valid")
    m.d.sync += valid.eq(pipe.valid)
    with m.If(pipe.valid if rests is None else pipe.valid & ~rests):
        m.d.sync += accumulator.eq(code)
    pipe.valid = valid
    return accumulator
