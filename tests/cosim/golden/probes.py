"""Inputs that show how a format rounds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden import decode
from cosim.golden.codec import code_dtype
from hdl.formats import parse_format


def all_codes(name: str) -> NDArray[Any]:
    fmt = parse_format(name)
    return np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits))


def finite_values(name: str) -> NDArray[np.float64]:
    """All finite values of a format, ascending."""
    values = decode(all_codes(name), name).astype(np.float64)
    return np.unique(values[np.isfinite(values)])


def edges(name: str, dtype: type = np.float32) -> NDArray[Any]:
    """All values, the midpoints of neighbours, beyond both ends, and the floats next to these."""
    values = finite_values(name)
    top = 2 * values[-1] - values[-2]
    values = np.concatenate([[-2 * top, -top], values, [top, 2 * top]])
    with np.errstate(over="ignore", under="ignore"):
        points = np.concatenate([values, (values[1:] + values[:-1]) / 2]).astype(dtype)
    infinity = dtype(np.inf)
    around = np.nextafter(points, infinity), np.nextafter(points, -infinity)
    return np.concatenate([points, *around, [dtype(-0.0)]])


def any_halves() -> NDArray[np.float32]:
    """All numbers of fp16."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return halves[np.isfinite(halves)].astype(np.float32)


def any_singles(count: int) -> NDArray[np.float32]:
    """Numbers of fp32, uniform over its codes."""
    rng = np.random.default_rng(7)
    singles = rng.integers(0, 1 << 32, count, dtype=np.uint32).view(np.float32)
    return singles[np.isfinite(singles)]
