"""Stimuli for `tile`: those of its dot products, on the diagonal of the result and beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_dot import sparsity_of
from cosim.golden.codec import code_dtype
from cosim.golden.sparsity import index_bits
from cosim.golden.tile import dot_params
from cosim.stimuli import Operands, Stimuli, get_stimuli, operands
from hdl.formats import BlockFormat, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_OF_ROWS = ("a", "scale_a")
_SHARED = ("first",)


def directed(params: Mapping[str, Any]) -> Operands:
    """Return every row of the dot product's, as row 0 of A and column 0 of B.

    The rows and columns that follow get those that come next: on the diagonal, vectors that belong
    together meet, elsewhere others do.
    """
    unit, inner = _dot(params)
    chosen = unit.directed(inner)
    size = max(params["m"], params["n"])
    return _assembled(params, [_rolled(chosen, -k) for k in range(size)])


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return dot products as random as those of the unit inside, on the diagonal of the result.

    Beside the diagonal vectors meet that were drawn apart. The accumulators start together, where
    those of the first row and column do.
    """
    unit, inner = _dot(params)
    size = max(params["m"], params["n"])
    return _assembled(params, [unit.random(inner, count, rng) for _ in range(size)])


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits; more than 64 for accumulators."""
    unit, inner = _dot(params)
    if params["accumulate"]:
        return unit.space_bits(inner)
    return sum(_widths(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the last port counts fastest."""
    if params["accumulate"]:
        raise ValueError("accumulators have more than their operands to enumerate")
    fields = operands.split_index(_widths(params), start, count)
    codes = np.stack(fields, axis=1) if fields else np.empty((count, 0), np.uint64)
    found: Operands = {}
    for name, bits, lanes in _ports(params):
        part, codes = codes[:, :lanes], codes[:, lanes:]
        found[name] = _shaped(part.astype(code_dtype(bits)))
    return found


def _dot(params: Mapping[str, Any]) -> tuple[Stimuli, dict[str, Any]]:
    unit, inner = dot_params(params)
    return get_stimuli(unit), inner


def _rolled(chosen: Operands, by: int) -> Operands:
    return {port: np.roll(codes, by, axis=0) for port, codes in chosen.items()}


def _assembled(params: Mapping[str, Any], draws: list[Operands]) -> Operands:
    """Make matrices of vectors: draw i is row i of A and column i of B."""
    m, n = params["m"], params["n"]
    found: Operands = {}
    for port, codes in draws[0].items():
        count = len(codes)
        if port in _SHARED:
            found[port] = codes
        elif port == "c":
            # On the diagonal the addend that goes with the vectors, elsewhere another one.
            parts = [
                np.roll(draws[i][port], 0 if i == j else 1 + i * n + j)
                for i in range(m)
                for j in range(n)
            ]
            found[port] = _shaped(np.stack(parts, axis=1))
        else:
            size, axis = (m, 1) if port in _OF_ROWS else (n, 2)
            vectors = [draw[port].reshape(count, _lanes(codes)) for draw in draws[:size]]
            stacked = np.stack(vectors, axis=axis)
            found[port] = _shaped(stacked.reshape(count, stacked.shape[1] * stacked.shape[2]))
    return found


def _ports(params: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return name, bits of a lane and lanes of every port, from what the stimuli have on them."""
    sample = directed(params)
    bits: dict[str, int] = {}
    a, b = (parse_format(params[port]) for port in "ab")
    for port, fmt in (("a", a), ("b", b)):
        bits[port] = fmt.element.bits if isinstance(fmt, BlockFormat) else fmt.bits
        if isinstance(fmt, BlockFormat):
            bits[f"scale_{port}"] = fmt.scale.bits
        elif params["scale"] is not None:
            bits[f"scale_{port}"] = parse_format(params["scale"][port]).bits
    if params["c"] is not None:
        bits["c"] = parse_format(params["c"]).bits
    n, m = sparsity_of(params["sparsity"]) or (1, 1)
    bits["meta"] = n * index_bits(m)
    return [(port, bits[port], _lanes(codes)) for port, codes in sample.items()]


def _lanes(codes: NDArray[Any]) -> int:
    return codes.shape[1] if codes.ndim == 2 else 1


def _widths(params: Mapping[str, Any]) -> list[int]:
    return [bits for _, bits, lanes in _ports(params) for _ in range(lanes)]


def _shaped(codes: NDArray[Any]) -> NDArray[Any]:
    """Return codes without an axis of lanes where there is one lane."""
    return codes[:, 0] if codes.shape[1] == 1 else codes
