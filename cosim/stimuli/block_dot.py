"""Stimuli for `block_dot`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_dot import sparsity_of
from cosim.golden.codec import code_dtype
from cosim.golden.sparsity import index_bits
from cosim.stimuli import Operands, operands, scalars, sparse_mux
from cosim.stimuli.vector_scale import run_starts
from hdl.formats import BlockFormat, FloatFormat, Format, IntFormat, PowerFormat, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_STATEFUL_BITS = 128
_FEW = 12
"""Corners of a scale or an addend that are combined with each other."""


def directed(params: Mapping[str, Any]) -> Operands:
    """Return corners of the scales, with elements alike in all lanes or other than 0 in one.

    Addends take turns. With an accumulator first every row for itself, then in runs.
    """
    a, b = _formats(params)
    lanes, blocks = _lanes(params)
    of_a = _lanes_of_a(params)
    corners = [scalars.corner_codes(fmt.element.name) for fmt in (a, b)]
    scales = [_few(scalars.corner_codes(fmt.scale.name)) for fmt in (a, b)]
    patterns: list[tuple[NDArray[Any], NDArray[Any]]] = []
    count = max(len(codes) for codes in corners)
    for x, y in zip(*(np.resize(codes, count) for codes in corners), strict=True):
        patterns.append((np.full(of_a, x), np.full(lanes, y)))
    # A number in one lane after the other, ones in all of the other vector: is each wired?
    numbers = [operands_of(fmt.element) for fmt in (a, b)]
    patterns += [(_lone(of_a, k, numbers[0]), _full(lanes, numbers[1])) for k in range(of_a)]
    patterns += [(_full(of_a, numbers[0]), _lone(lanes, k, numbers[1])) for k in range(lanes)]
    grid = [axis.ravel() for axis in np.meshgrid(*scales, indexing="ij")]
    rows = max(len(grid[0]), len(patterns)) * 2
    turn = np.arange(rows)
    chosen: Operands = {
        "a": np.stack([patterns[k % len(patterns)][0] for k in turn]).astype(_dtype(a.element)),
        "b": np.stack([patterns[k % len(patterns)][1] for k in turn]).astype(_dtype(b.element)),
    }
    for port, codes in zip(("scale_a", "scale_b"), grid, strict=True):
        picked = codes[(turn[:, None] + 7 * np.arange(blocks)) % len(codes)]
        # In every other row the scales are those of ordinary numbers.
        picked[1::2] = _one(a.scale if port == "scale_a" else b.scale)
        chosen[port] = picked
    if params["c"] is not None:
        addends = _few(scalars.corner_codes(params["c"]))
        chosen["c"] = addends[(turn // 2) % len(addends)]
    if params["sparsity"] is not None:
        meta = sparse_mux.directed(_mux(params))["meta"].reshape(-1, _groups(params))
        chosen["meta"] = meta[turn % len(meta)]
    if params.get("outer") is not None:
        factors = scalars.corner_codes(params["outer"])
        chosen["outer"] = factors[(turn // 3) % len(factors)]
    if params["accumulate"]:
        chosen = {port: np.concatenate([codes, codes]) for port, codes in chosen.items()}
        starts = run_starts(rows, [1, 2, 3, 5, 1, 8, 4])
        chosen["first"] = np.concatenate([np.ones(rows, np.uint8), starts])
    return _shaped(chosen)


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return random operands.

    Elements: uniform, now and then a row with specials, one of corners, or one whose halves cancel.
    Scales: near one or uniform. Addends: uniform, or near the size of the sum. With an accumulator,
    runs of 1 to 16 rows, few of 128.
    """
    a, b = _formats(params)
    lanes, blocks = _lanes(params)
    kind = rng.random(count)[:, None]
    chosen: Operands = {}
    for port, fmt, width in (("a", a, _lanes_of_a(params)), ("b", b, lanes)):
        codes = _calm(fmt.element, (count, width), rng)
        wild = scalars.random_codes(fmt.element.name, count * width, rng).reshape(count, width)
        corner = rng.choice(scalars.corner_codes(fmt.element.name), (count, width))
        codes = np.where(kind < 0.03, corner, np.where(kind > 0.95, wild, codes))
        chosen[port] = codes.astype(_dtype(fmt.element))
    if lanes % 2 == 0 and params["sparsity"] is None:
        # The second half undoes the first: a sum of zero, or of what the scales leave.
        rows = np.flatnonzero((kind[:, 0] > 0.03) & (kind[:, 0] < 0.13))
        half = lanes // 2
        chosen["b"][rows, half:] = chosen["b"][rows, :half]
        chosen["a"][rows, half:] = _negated(chosen["a"][rows, :half], a.element)
    sizes = np.zeros(count)
    for port, fmt in (("scale_a", a), ("scale_b", b)):
        codes = _scales(fmt.scale, (count, blocks), rng)
        chosen[port] = codes
        if isinstance(fmt.scale, PowerFormat):
            sizes = sizes + codes[:, 0] - fmt.scale.bias
    if params["c"] is not None:
        chosen["c"] = _addends(params["c"], sizes, rng)
    if params["sparsity"] is not None:
        meta = sparse_mux.random(_mux(params), count, rng)["meta"]
        chosen["meta"] = meta.reshape(count, _groups(params))
    if params.get("outer") is not None:
        chosen["outer"] = _addends(params["outer"], -sizes, rng)
    if params["accumulate"]:
        lengths = np.ceil(16.0 ** rng.random(count)).astype(np.int64)
        lengths[rng.random(count) < 0.01] = 128
        chosen["first"] = run_starts(count, lengths.tolist())
    return _shaped(chosen)


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits; more than 64 for an accumulator."""
    if params["accumulate"]:
        return _STATEFUL_BITS
    return sum(width * lanes for _, width, lanes in _ports(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the last port counts fastest."""
    if params["accumulate"]:
        raise ValueError("an accumulator has more than its operands to enumerate")
    return operands.enumerate_ports(_ports(params), start, count)


def operands_of(fmt: Format) -> tuple[int, int]:
    """Return the codes of some number that is not zero, and of zero."""
    return (1 << (fmt.bits - 2)) | 1, 0


def _ports(params: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return name, bits of a lane, and lanes of every port."""
    a, b = _formats(params)
    lanes, blocks = _lanes(params)
    ports = [
        ("a", a.element.bits, _lanes_of_a(params)),
        ("b", b.element.bits, lanes),
        ("scale_a", a.scale.bits, blocks),
        ("scale_b", b.scale.bits, blocks),
    ]
    if params["sparsity"] is not None:
        mux = _mux(params)
        ports.append(("meta", mux["n"] * index_bits(mux["m"]), _groups(params)))
    if params["c"] is not None:
        ports.append(("c", parse_format(params["c"]).bits, 1))
    if params.get("outer") is not None:
        ports.append(("outer", parse_format(params["outer"]).bits, 1))
    return ports


def _formats(params: Mapping[str, Any]) -> tuple[BlockFormat, BlockFormat]:
    # Names, or formats that have none: those of a `dot` with scales.
    a, b = (parse_format(fmt) if isinstance(fmt, str) else fmt for fmt in map(params.get, "ab"))
    return cast(BlockFormat, a), cast(BlockFormat, b)


def _lanes(params: Mapping[str, Any]) -> tuple[int, int]:
    """Return lanes and blocks."""
    return params["blocks"] * _formats(params)[0].length, params["blocks"]


def _groups(params: Mapping[str, Any]) -> int:
    n, _ = sparsity_of(params["sparsity"]) or (1, 1)
    return _lanes(params)[0] // n


def _lanes_of_a(params: Mapping[str, Any]) -> int:
    _, m = sparsity_of(params["sparsity"]) or (1, 1)
    return _groups(params) * m


def _mux(params: Mapping[str, Any]) -> dict[str, Any]:
    n, m = sparsity_of(params["sparsity"]) or (1, 1)
    return {"x": "uint2", "n": n, "m": m, "groups": _groups(params)}


def _dtype(fmt: Format) -> np.dtype[Any]:
    return code_dtype(fmt.bits)


def _lone(lanes: int, lane: int, numbers: tuple[int, int]) -> NDArray[Any]:
    return np.where(np.arange(lanes) == lane, *numbers)


def _full(lanes: int, numbers: tuple[int, int]) -> NDArray[Any]:
    return np.full(lanes, numbers[0])


def _few(codes: NDArray[Any]) -> NDArray[Any]:
    ends = np.linspace(0, len(codes) - 1, min(_FEW, len(codes))).astype(int)
    return codes[np.unique(ends)]


def _one(fmt: Format) -> int:
    """Return the code of a scale of one, or about it."""
    if isinstance(fmt, PowerFormat):
        return fmt.bias
    if isinstance(fmt, FloatFormat):
        return fmt.bias << fmt.mantissa_bits
    return 1


def _calm(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
    """Return random codes of numbers."""
    if isinstance(fmt, FloatFormat | IntFormat):
        return operands.finite_codes(fmt.name, shape, rng)
    return rng.integers(0, 1 << fmt.bits, shape, dtype=_dtype(fmt))


def _negated(codes: NDArray[Any], fmt: Format) -> NDArray[Any]:
    if isinstance(fmt, FloatFormat | IntFormat):
        return operands.negated(fmt.name, codes)
    # Of fixed point and sign-magnitude the other sign is all that matters here.
    return codes ^ codes.dtype.type(1 << (fmt.bits - 1))


def _scales(fmt: Format, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[Any]:
    codes = rng.integers(0, 1 << fmt.bits, shape, dtype=_dtype(fmt))
    if isinstance(fmt, IntFormat):
        return codes
    near = np.clip(_one(fmt) + rng.integers(-12, 13, shape), 0, (1 << fmt.bits) - 2)
    usual = rng.random((shape[0], 1)) < 0.7
    return np.where(usual, near, codes).astype(codes.dtype)


def _addends(name: str, sizes: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    count = len(sizes)
    uniform = scalars.random_codes(name, count, rng)
    if isinstance(parse_format(name), IntFormat):
        return uniform
    near = operands.of_exponent(name, (sizes + rng.integers(-40, 41, count)).astype(int), rng)
    return np.where(rng.random(count) < 0.6, near, uniform).astype(uniform.dtype)


def _shaped(chosen: Operands) -> Operands:
    """Return codes without an axis of lanes where there is one lane."""
    return {
        port: codes[:, 0] if codes.ndim == 2 and codes.shape[1] == 1 else codes
        for port, codes in chosen.items()
    }
