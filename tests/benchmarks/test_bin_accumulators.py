"""Running sums in bins are those of the golden model, what is no number among the products too."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bin_accumulators import BinnedDot, Loop
from cosim.verify import Options, verify
from gen.config import resolve
from gen.emit import verilog_of


@pytest.mark.parametrize(
    ("words", "low_bits", "loop"),
    [
        ("a=e2m1 b=e2m1 lanes=3 y=int12 lsb=-2 stages=3 objective=area", 3, "clamped"),
        ("a=e2m1 b=e3m2 lanes=2 y=int36 lsb=-5 stages=5 objective=area", 2, "carry_save"),
        ("a=e2m1 b=e2m1 lanes=1 y=int20 lsb=-2 stages=5 objective=area", 0, "shared"),
        pytest.param(
            *("a=e4m3 b=e4m3 lanes=2 y=int48 lsb=-18 stages=4 objective=delay", 5, "carry_save"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("a=e2m1 b=e4m3 lanes=2 y=int36 lsb=-10 stages=2", 2, "binary"), marks=pytest.mark.slow
        ),
    ],
)
def test_same_running_sums(words: str, low_bits: int, loop: Loop, tmp_path: Path) -> None:
    (config,) = resolve(["dot", *words.split(), "accumulate=true"])
    path = tmp_path / "bins.v"
    unit = BinnedDot(low_bits, loop, **config.params.constructor_arguments())
    path.write_text(verilog_of(unit, config.name))
    result = verify(config, Options(vectors=10_000, verilog=path, directory=tmp_path))
    assert result.vectors == 10_000
    assert result.mismatches == 0
