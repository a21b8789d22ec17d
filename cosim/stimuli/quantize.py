"""Stimuli for `quantize`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.golden.encoder import encode
from cosim.golden.values import decode
from cosim.stimuli import Operands, operands, scalars
from cosim.stimuli.convert import corner_words, random_words
from hdl.formats import FixedFormat, IntFormat, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]


def directed(params: Mapping[str, Any]) -> Operands:
    """Return all combinations of corners of operand and scale, random words taking turns."""
    corners = [scalars.corner_codes(params[port]) for port in ("x", "scale")]
    x, scale = (axis.ravel() for axis in np.meshgrid(*corners, indexing="ij"))
    chosen = {"x": x, "scale": scale}
    if params["random_bits"] is not None:
        words = corner_words(params["random_bits"])
        # As many scales as words would keep meeting the same ones.
        turns = np.arange(len(x)) + np.arange(len(x)) // len(corners[1])
        chosen["rnd"] = words[turns % len(words)]
    return chosen


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return random operands, two thirds of them such that the result is near a number of y's.

    Those are values of y, or between two, or up to twice as large, over scales of all magnitudes.
    """
    x = scalars.random_codes(params["x"], count, rng)
    scale = scalars.random_codes(params["scale"], count, rng)
    if isinstance(fmt := parse_format(params["scale"]), IntFormat | FixedFormat):
        # Large scales would leave only small operands a result that does not saturate.
        small = scale >> rng.integers(0, fmt.bits, count).astype(scale.dtype)
        scale = np.where(rng.random(count) < 0.5, scale, small)
    wanted = _values(params["y"], scalars.random_codes(params["y"], count, rng))
    beside = 1 + rng.choice([0.0, 2.0**-4, 2.0**-8, 2.0**-12], count)
    anywhere = 2.0 ** rng.uniform(-1, 1, count)
    wanted = wanted * np.where(rng.random(count) < 0.5, beside, anywhere)
    factor = _values(params["scale"], scale)
    quotient = np.divide(wanted, factor, out=np.zeros(count), where=factor != 0)
    near = encode(np.clip(quotient, -1e200, 1e200), params["x"], overflow="saturate")
    x = np.where(rng.random(count) < 1 / 3, x, near).astype(x.dtype)
    chosen: Operands = {"x": x, "scale": scale}
    if params["random_bits"] is not None:
        chosen["rnd"] = random_words(params["random_bits"], count, rng)
    return chosen


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits."""
    return sum(_widths(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the random word counts fastest."""
    widths = _widths(params)
    fields = operands.split_index(widths, start, count)
    return {
        port: field.astype(code_dtype(width))
        for port, field, width in zip(("x", "scale", "rnd"), fields, widths, strict=False)
    }


def _values(name: str, codes: NDArray[Any]) -> NDArray[np.float64]:
    values = decode(codes, name).astype(np.float64)
    return np.clip(np.nan_to_num(values, posinf=0.0, neginf=0.0), -1e150, 1e150)


def _widths(params: Mapping[str, Any]) -> list[int]:
    words = [] if params["random_bits"] is None else [params["random_bits"]]
    return [parse_format(params[port]).bits for port in ("x", "scale")] + words
