"""How fast vectors are simulated and checked: in bulk, and in a plain per-cycle cocotb loop.

Both check the same unit against the same golden model, with comparison, in the same run. And how
long it takes to compile a unit for that: with nothing cached, with Verilator's runtime, and
unchanged.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from cosim.build import build_bulk, build_cycle
from cosim.checker import Batch, Checker, rows_for
from cosim.golden import get_model
from cosim.plan import chunk_vectors, plan_vectors
from cosim.simulation import Crew
from cosim.unit import Unit
from gen.config import Config, resolve
from gen.emit import generate

UNITS = (
    ("fma a=e4m3 b=e4m3 c=e4m3 y=e4m3", 1 << 24, 4),
    ("fma a=e4m3 b=e4m3 c=e4m3 y=e4m3 stages=3", 1 << 24, 4),
    ("dot a=e4m3 b=e4m3 y=fp32 lanes=32 stages=4", 1_000_000, 2),
)
"""Words of a config, how many vectors to play in bulk, and how many times, one run all together: a
simulator takes a third of a second to start."""

PLAIN_VECTORS = 5_000


def measure(config: Config, vectors: int, passes: int = 1, *, bulk: bool) -> tuple[float, float]:
    """Return seconds to build the model and vectors checked in a second."""
    artifact = generate(config)
    unit = Unit(artifact.manifest, config.params_dict(), get_model(config.unit))
    plans = (
        plan_vectors(unit, config.unit, vectors, seed=1, exhaustive=False) for _ in range(passes)
    )
    with tempfile.TemporaryDirectory() as work:
        log = Path(work) / "build.log"
        start = time.perf_counter()
        if bulk:
            model = build_bulk(unit.manifest, artifact.verilog, log, most_copies=1)
        else:
            model = build_cycle(unit.manifest, artifact.verilog, log)
        built = time.perf_counter() - start
        rows = rows_for(chunk_vectors(unit), model.copies, unit.latency)
        with Crew(model, unit.ports, rows, Path(work), os.cpu_count() or 1) as crew:
            start = time.perf_counter()
            tally = Checker(unit, crew).run(
                Batch(chunk.operands, *unit.respond(chunk.operands))
                for plan in plans
                for chunk in plan.chunks
            )
            seconds = time.perf_counter() - start
    if tally.mismatches or tally.compared != passes * vectors:
        raise SystemExit(f"{config.name}: {tally.mismatches} mismatches in {tally.compared}")
    return built, passes * vectors / seconds


def build_seconds(config: Config) -> tuple[float, float, float]:
    """Return seconds to build a model: with nothing cached, with the runtime, and once more.

    The Verilog is there already. A cache of its own is used, and removed afterwards.
    """
    artifact = generate(config)
    seconds: list[float] = []
    usual = os.environ.get("SLIPSTICK_CACHE")
    with tempfile.TemporaryDirectory() as work:
        os.environ["SLIPSTICK_CACHE"] = work
        try:
            for is_known in (False, False, True):
                if seconds and not is_known:
                    shutil.rmtree(Path(work) / "model")
                start = time.perf_counter()
                build_bulk(artifact.manifest, artifact.verilog, Path(work) / "log", most_copies=1)
                seconds.append(time.perf_counter() - start)
        finally:
            del os.environ["SLIPSTICK_CACHE"]
            if usual is not None:
                os.environ["SLIPSTICK_CACHE"] = usual
    nothing, runtime, unchanged = seconds
    return nothing, runtime, unchanged


def main() -> None:
    """Print two lines for every unit."""
    out = sys.stdout.write
    out(f"{'build of':34} {'from nothing':>12} {'with runtime':>12} {'unchanged':>12}\n")
    for words, *_ in UNITS:
        (config,) = resolve(words.split())
        cells = (f"{seconds:10.2f} s" for seconds in build_seconds(config))
        out(f"{config.name:34} {' '.join(cells)}\n")
    out("\n")
    out(f"{'unit':34} {'build':>7} {'bulk':>15} {'plain loop':>15} {'ratio':>7}\n")
    for words, vectors, passes in UNITS:
        (config,) = resolve(words.split())
        built, bulk = measure(config, vectors, passes, bulk=True)
        _, plain = measure(config, PLAIN_VECTORS, bulk=False)
        rates = f"{bulk:13,.0f}/s {plain:13,.0f}/s {bulk / plain:7.0f}"
        out(f"{config.name:34} {built:5.1f} s {rates}\n")


if __name__ == "__main__":
    main()
