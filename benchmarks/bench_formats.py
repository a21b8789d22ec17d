"""How fast formats are encoded and decoded, side by side with ml_dtypes and gfloat.

Prints a table of million values a second of processor time, the best of a few runs, and of the
memory that encoding takes beyond its input. Exit code 1 if a goal is missed: E4M3 at half of
ml_dtypes' speed or more and 20 times gfloat's, every format 20 M values/s, memory 3 times the
input.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cosim.golden import decode, dequantize, encode, quantize
from hdl.formats import BlockFormat, IntFormat, parse_format

__all__ = ["main"]

FORMATS = (
    "e4m3 e5m2 e4m3fnuz e3m4 e3m2 e2m1 ue4m3 fp16 bf16 tf32 fp32 int4 int8 int16 int32 sm8 q4.4 "
    "q16.16 e8m0 log4.3 log5.10 posit8 posit16 posit32 nf4 mxfp8-e4m3 mxfp6-e2m3 mxfp4 mxint8 "
    "nvfp4 vsq4 msfp12 bfp8"
)
ML_DTYPES = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e3m4": ml_dtypes.float8_e3m4,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "e8m0": ml_dtypes.float8_e8m0fnu,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}
GFLOAT = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp16": gfloat.formats.format_info_binary16,
}

LEAST_SPEED = 20.0
LEAST_OF_ML_DTYPES = 0.5
LEAST_OF_GFLOAT = 20.0
MOST_MEMORY = 3.0


class Row(NamedTuple):
    """Million values a second, and peak memory over that of the input."""

    name: str
    encode: float
    decode: float
    ml_dtypes: float | None
    gfloat: float | None
    memory: float

    def misses(self) -> list[str]:
        """Return the goals that are missed."""
        missed = []
        if min(self.encode, self.decode) < LEAST_SPEED:
            missed.append(f"under {LEAST_SPEED:g} M/s")
        if self.memory > MOST_MEMORY:
            missed.append(f"memory over {MOST_MEMORY:g} x")
        if self.name == "e4m3":
            if self.encode < LEAST_OF_ML_DTYPES * (self.ml_dtypes or 0.0):
                missed.append(f"under {LEAST_OF_ML_DTYPES:g} x ml_dtypes")
            if self.encode < LEAST_OF_GFLOAT * (self.gfloat or 0.0):
                missed.append(f"under {LEAST_OF_GFLOAT:g} x gfloat")
        return missed


def speed(count: int, work: Callable[[], object], runs: int) -> float:
    """Return million values a second, of the best run after one that does not count."""
    work()
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return count / best / 1e6


def gfloat_encode(values: NDArray[np.float64], info: gfloat.FormatInfo) -> NDArray[np.integer]:
    """Encode with gfloat's functions for arrays."""
    rounded = gfloat.round_ndarray(info, values, gfloat.RoundMode.TiesToEven, sat=True)
    return gfloat.encode_ndarray(info, rounded)


def peak_memory(work: Callable[[], object]) -> int:
    """Return the most bytes that were allocated at a time, the result included."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def measure(name: str, values: NDArray[np.float32], runs: int) -> Row:
    """Measure one format."""
    fmt = parse_format(name)
    if isinstance(fmt, IntFormat):
        values = values * np.float32(2 ** (fmt.width - 3))
    size = values.size
    forward: Callable[[], object]
    if isinstance(fmt, BlockFormat):
        forward = partial(quantize, values, fmt)
        backward = partial(dequantize, quantize(values, fmt))
    else:
        forward = partial(encode, values, fmt)
        backward = partial(decode, encode(values, fmt), fmt)
    theirs = ML_DTYPES.get(name)
    info = GFLOAT.get(name)
    few = values.ravel()[: size // 8].astype(np.float64)
    return Row(
        name,
        speed(size, forward, runs),
        speed(size, backward, runs),
        None if theirs is None else speed(size, lambda: values.astype(theirs), runs),
        None if info is None else speed(few.size, partial(gfloat_encode, few, info), 2),
        peak_memory(forward) / values.nbytes,
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--values", type=int, default=1 << 21, help="how many [2097152]")
    parser.add_argument("-r", "--runs", type=int, default=5, help="best of so many [5]")
    parser.add_argument("formats", nargs="*", default=FORMATS.split(), help="which [all kinds]")
    options = parser.parse_args(arguments)
    values = np.random.default_rng(1).standard_normal((64, -(-options.values // 64)))
    values = values.astype(np.float32)
    table = Table(title=f"float32, {values.size:,} values, M values/s of one core")
    for heading in ("format", "encode", "decode", "ml_dtypes", "gfloat", "memory", ""):
        table.add_column(heading, justify="left" if heading in ("format", "") else "right")
    missed = 0
    for name in options.formats:
        row = measure(name, values, options.runs)
        missed += len(row.misses())
        table.add_row(
            row.name,
            f"{row.encode:.0f}",
            f"{row.decode:.0f}",
            "" if row.ml_dtypes is None else f"{row.ml_dtypes:.0f}",
            "" if row.gfloat is None else f"{row.gfloat:.1f}",
            f"{row.memory:.2f} x",
            ", ".join(row.misses()) or "ok",
        )
    Console().print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
