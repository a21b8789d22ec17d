import importlib.util
from pathlib import Path

import numpy as np
from amaranth.sim import Simulator

from cosim.golden import decode, encode

FILE = Path(__file__).parents[3] / "examples" / "amaranth" / "tile.py"


def two_columns():
    spec = importlib.util.spec_from_file_location("tile", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TwoColumns()


def packed(codes):
    return int.from_bytes(np.asarray(codes, np.uint8).tobytes(), "little")


def test_sums_are_those_of_numpy() -> None:
    # Small integers: every sum is exact in FP32, and in float64.
    values = np.random.default_rng(1).integers(-8, 9, size=(2, 3, 4)).astype(float)
    weights = values[1]
    rows, left, right = values[0], weights, -2 * weights
    tile = two_columns()
    sums = []

    async def bench(context):
        for cycle in range(3 + tile.latency):
            context.set(tile.valid, cycle < 3)
            context.set(tile.first, cycle == 0)
            if cycle < 3:
                context.set(tile.row, packed(encode(rows[cycle], "e4m3")))
                context.set(tile.left, packed(encode(left[cycle], "e4m3")))
                context.set(tile.right, packed(encode(right[cycle], "e4m3")))
            await context.tick()
            if context.get(tile.sums_valid):
                sums.append((context.get(tile.left_sum), context.get(tile.right_sum)))

    simulator = Simulator(tile)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    expected = np.cumsum(
        [[row @ one, row @ two] for row, one, two in zip(rows, left, right, strict=True)], 0
    )
    assert decode(np.array(sums, np.uint32), "fp32").tolist() == expected.tolist()
