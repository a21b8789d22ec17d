from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.bench_log import CYCLES, LANES, UNITS, main, operands_of
from cosim.golden import decode
from gen.config import make_config


@pytest.mark.parametrize("name", ["int8 to int32", "log4.3 elma"])
@pytest.mark.parametrize("kind", ["gaussian", "digits"])
def test_operands_are_sums_of_512(name: str, kind: str) -> None:
    operands = operands_of(make_config(*UNITS[name]), kind)
    rows = len(operands["a"])
    assert operands["a"].shape == operands["b"].shape == (rows, LANES)
    assert np.flatnonzero(operands["first"]).tolist() == list(range(0, rows, CYCLES))
    if "last" in operands:
        assert np.flatnonzero(operands["last"]).tolist() == list(range(CYCLES - 1, rows, CYCLES))


def test_digits_are_pixels_and_weights() -> None:
    operands = operands_of(make_config(*UNITS["int8 to int32"]), "digits")
    pixels, weights = (decode(operands[port], "int8") for port in "ab")
    # Pixels are brighter than or as bright as black, whole neurons follow each other.
    assert pixels.min() == 0
    assert pixels.max() == 127
    assert weights.min() < 0 < weights.max()
    assert np.array_equal(operands["a"][0:2], operands["a"][2:4])
    assert not np.array_equal(operands["b"][0:2], operands["b"][2:4])


def test_costs_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "log_add"]) == 0
    (costs,) = json.loads(capsys.readouterr().out).values()
    assert 300 < costs["um2"] < 450
    assert 0.5 < costs["digits fJ"] / costs["gaussian fJ"] < 2
    assert main(["log_add"]) == 0
    assert "accumulators included" in capsys.readouterr().out
