"""Single operands of any scalar format: corner codes, and random codes near what is hard."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.golden.encoder import encode
from cosim.golden.values import decode
from cosim.stimuli import operands
from hdl.formats import CodebookFormat, FloatFormat, Format, IntFormat, LogFormat, parse_format

__all__ = ["all_codes", "corner_codes", "near", "random_codes"]

Codes = NDArray[Any]

_ALL_BITS = 8
"""Of formats up to this width every code is a corner."""


def all_codes(name: str) -> Codes:
    """Return every code of a format."""
    bits = parse_format(name).bits
    return np.arange(1 << bits).astype(code_dtype(bits))


def corner_codes(name: str) -> Codes:
    """Return the codes at which a format's behaviour changes, without repetitions.

    All codes of short formats; of others what `cosim.stimuli.operands` knows of integers and
    floats, or the ends of the range of codes and the neighbours of every power of two in it.
    """
    fmt = parse_format(name)
    if fmt.bits <= _ALL_BITS:
        return all_codes(name)
    if isinstance(fmt, FloatFormat | IntFormat):
        return operands.corner_codes(name)
    steps = (1 << np.arange(fmt.bits, dtype=np.uint64))[:, None] + np.arange(-1, 2)
    mask = (1 << fmt.bits) - 1
    codes = np.concatenate([steps.ravel().astype(np.int64), [0, mask, mask - 1]])
    codes = np.concatenate([codes, -codes]) & mask
    return np.unique(codes).astype(code_dtype(fmt.bits))


def random_codes(name: str, count: int, rng: np.random.Generator) -> Codes:
    """Return codes uniform over all bit patterns, every eighth of them a corner."""
    bits = parse_format(name).bits
    codes = rng.integers(0, 1 << bits, count, dtype=code_dtype(bits))
    corner = rng.random(count) < 1 / 8
    codes[corner] = rng.choice(corner_codes(name), int(corner.sum()))
    return codes


def near(name: str, target: str, count: int, rng: np.random.Generator) -> Codes:
    """Return codes whose values lie at, or half way between, values of another format.

    They are what rounding is hard for: exact results, ties, and the neighbours of both.
    """
    source = parse_format(name)
    codes = random_codes(target, count, rng)
    values = _finite(codes, parse_format(target))
    # The next code is the next number up or down, in most formats and of most codes.
    following = codes + codes.dtype.type(1)
    following &= codes.dtype.type((1 << parse_format(target).bits) - 1)
    weight = rng.choice([0.0, 0.5, 0.25, 0.75], count)
    wanted = values + weight * (_finite(following, parse_format(target)) - values)
    found = encode(wanted, source, overflow="saturate").astype(np.int64)
    found += rng.choice([0, 0, 1, -1], count)
    return (found & ((1 << source.bits) - 1)).astype(code_dtype(source.bits))


def _finite(codes: Codes, fmt: Format) -> NDArray[np.float64]:
    values = np.nan_to_num(decode(codes, fmt).astype(np.float64), posinf=0.0, neginf=0.0)
    if isinstance(fmt, LogFormat | CodebookFormat):
        return values
    return np.clip(values, -1e150, 1e150)
