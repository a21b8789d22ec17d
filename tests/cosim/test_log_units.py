"""Log units in a simulator; all of the grid is in `tests/regress/long.py`."""

import numpy as np
import pytest

from cosim.verify import Options, verify, verify_operands
from gen.config import make_config

SAMPLE = {
    "narrow pairs": {"format": "log2.1", "lanes": 3, "accumulator": "pairs", "bin_width": 7},
    "linear, no fraction": {"format": "log3.0", "lanes": 4, "accumulator": "linear", "stages": 2},
    "serial": {"format": "log2.1", "lanes": 2, "finish": "serial", "stages": 1},
    "two constants": {"format": "log2.3", "lanes": 2, "lut_entries": 2, "constant_bits": 5},
    "one lane, few quotients": {"format": "log4.1", "lanes": 1, "bin_width": 9, "drop": 20},
    "sorted": {"format": "log2.1", "lanes": 4, "sort": 4, "bin_width": 7},
    "arithmetic midpoints": {
        "format": "log2.1b3",
        "lanes": 2,
        "midpoints": "arithmetic",
        "midpoint_bits": 3,
        "objective": "area",
    },
}

LARGE = {
    "log4.3 of 4 lanes": {"format": "log4.3", "lanes": 4},
    "beyond 64 bits": {"format": "log5.1", "lanes": 2, "finish": "serial", "stages": 1},
}
CASES = [pytest.param(params, id=name) for name, params in SAMPLE.items()] + [
    pytest.param(params, id=name, marks=pytest.mark.slow) for name, params in LARGE.items()
]


@pytest.mark.parametrize("params", CASES)
def test_sums(params):
    result = verify(make_config("log_dot", params), Options(vectors=4000))
    assert result.passed
    assert result.vectors > 800


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize("finish", ["parallel", "serial"])
def test_icarus_says_the_same(finish):
    config = make_config("log_dot", {"format": "log2.1", "lanes": 2, "finish": finish})
    assert verify(config, Options(vectors=400, sim="icarus")).passed


@pytest.mark.slow
def test_every_pair_of_codes():
    codes = np.arange(256, dtype=np.uint8)
    a, b = (axis.ravel() for axis in np.meshgrid(codes, codes, indexing="ij"))
    ones = np.ones(len(a), np.uint8)
    operands = {"a": a, "b": b, "first": ones, "last": ones}
    config = make_config("log_dot", {"format": "log4.3", "lanes": 1})
    result, _ = verify_operands(config, operands)
    assert result.passed
    assert result.vectors == 1 << 16


@pytest.mark.parametrize("variant", ["correct", "faithful"])
def test_every_sum_of_two(variant):
    config = make_config("log_add", {"format": "log4.3", "variant": variant, "stages": 2})
    result = verify(config, Options(exhaustive=True))
    assert (result.passed, result.vectors) == (True, 1 << 16)
