import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "examples" / "cocotb" / "bench.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    "simulator", ["verilator", pytest.param("icarus", marks=pytest.mark.tool("iverilog", "vvp"))]
)
def test_own_bench_passes(simulator: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, BENCH, simulator],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "1 tests, 0 failed"
