"""Run a combinational or pipelined Amaranth component on a list of operands."""

from collections.abc import Mapping, Sequence

from amaranth.lib import wiring
from amaranth.sim import Simulator

__all__ = ["run_pipeline", "settle"]


def settle(
    component: wiring.Component, operands: Sequence[Mapping[str, int]], *outputs: str
) -> list[tuple[int, ...]]:
    """Return the `outputs` of a combinational component for each set of operands."""
    results: list[tuple[int, ...]] = []

    async def bench(ctx) -> None:
        for values in operands:
            for name, value in values.items():
                ctx.set(getattr(component, name), value)
            await ctx.delay(1e-9)
            results.append(tuple(ctx.get(getattr(component, name)) for name in outputs))

    simulator = Simulator(component)
    simulator.add_testbench(bench)
    simulator.run()
    return results


def run_pipeline(
    component: wiring.Component, cycles: Sequence[Mapping[str, int]], *outputs: str
) -> list[tuple[int, ...]]:
    """Return the `outputs` of a clocked component in each cycle, sampled before its edge."""
    results: list[tuple[int, ...]] = []

    async def bench(ctx) -> None:
        for values in cycles:
            for name, value in values.items():
                ctx.set(getattr(component, name), value)
            await ctx.delay(1e-7)
            results.append(tuple(ctx.get(getattr(component, name)) for name in outputs))
            await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return results
