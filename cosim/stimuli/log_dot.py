"""Stimuli for `log_dot`: sums of one row and of many, up to where bins overflow and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.stimuli import Operands
from hdl.formats import LogFormat, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_STATEFUL_BITS = 128
"""What `space_bits` says of a unit with a state, which no enumeration exhausts."""

_LONG = 48
"""Rows of the directed runs that fill bins."""

Codes = NDArray[Any]


def directed(params: Mapping[str, Any]) -> Operands:
    """Return every product there is, corners in all lanes, cancellation, overflow, all patterns.

    Every exponent of a product comes in one lane, with both signs; corners in all lanes, with equal
    and with alternating signs; long runs of the largest products up, down and up again; then random
    rows under all patterns of `first` and `last`.
    """
    fmt, lanes = _format(params), params["lanes"]
    parts = [_products(fmt, lanes)]

    corners = _corners(fmt)
    a, b = (axis.ravel() for axis in np.meshgrid(corners, corners, indexing="ij"))
    same = [np.repeat(codes[:, None], lanes, axis=1) for codes in (a, b)]
    alternating = same[0] ^ np.where(np.arange(lanes) % 2, fmt.sign_mask, 0).astype(same[0].dtype)
    parts += [_alone(*same), _alone(alternating, same[1])]

    # Up to where bins are full, down beyond zero, and up: in every bin that there is.
    for step in range(min(1 << fmt.fraction_bits, fmt.max_code)):
        high = np.full((_LONG, lanes), fmt.max_code, dtype=a.dtype)
        low = high - a.dtype.type(step)
        sign = np.repeat(np.array([0, 1, 0], dtype=a.dtype), [_LONG // 4, _LONG // 2, _LONG // 4])
        parts.append(_run(high | (sign[:, None] << (fmt.bits - 1)), low, every=True))

    # A row and what undoes it.
    rng = np.random.default_rng(0)
    a, b = (_uniform(fmt, (32, lanes), rng) for _ in "ab")
    undone = np.concatenate([a, a ^ a.dtype.type(fmt.sign_mask)])
    parts.append(_run(undone, np.concatenate([b, b]), every=True))

    # Runs of 1 to 3 rows with every pattern of `last` in them, then a start where one is under way.
    patterns = [(n, bits) for n in (1, 2, 3) for bits in range(1 << n)]
    first = [int(k == 0) for n, _ in patterns for k in range(n)]
    last = [bits >> k & 1 for n, bits in patterns for k in range(n)]
    a, b = (_uniform(fmt, (len(first), lanes), rng) for _ in "ab")
    parts.append({"a": a, "b": b, "first": _flags(first), "last": _flags(last)})
    return _finished(params, _joined(parts))


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return runs of 1 to 16 rows and some of up to 256, of products large, alike or cancelling.

    Most runs ask for their sum at the end only, some in between as well, some never.
    """
    fmt, lanes = _format(params), params["lanes"]
    shape = (count, lanes)
    a, b = _uniform(fmt, shape, rng), _uniform(fmt, shape, rng)
    kind = rng.integers(0, 8, count)
    # Alike: exponents near a common one, so that lanes meet in a bin and carries run.
    alike = np.isin(kind, [0, 1, 2])
    a[alike], b[alike] = _alike(fmt, int(alike.sum()), lanes, rng)
    # Few: one or two products, so that every quotient decides by itself.
    few = kind == 3
    zeros = rng.random((int(few.sum()), lanes)) > 2 / lanes
    a[few] = np.where(zeros, a.dtype.type(0), a[few])
    # Large: where bins overflow first.
    large = kind == 4
    top = max(1, fmt.max_code >> 3)
    a[large] |= a.dtype.type(fmt.max_code & ~top)
    b[large] |= b.dtype.type(fmt.max_code & ~top)
    # Cancelling: lane by lane, or with the row before.
    pairs = np.flatnonzero(kind == 5)
    half = lanes // 2
    a[pairs, half : 2 * half] = a[pairs, :half] ^ a.dtype.type(fmt.sign_mask)
    b[pairs, half : 2 * half] = b[pairs, :half]
    undone = np.flatnonzero(kind[1:] == 6) + 1
    a[undone], b[undone] = a[undone - 1] ^ a.dtype.type(fmt.sign_mask), b[undone - 1]

    length = np.ceil(16.0 ** rng.random(count)).astype(np.int64)
    length[rng.random(count) < 1 / 3] = 1
    long = rng.random(count) < 0.02
    length[long] = rng.integers(17, 256, int(long.sum()), endpoint=True)
    first, last = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    if count:
        ends = np.cumsum(length)
        ends = ends[ends <= count]
        first[0] = 1
        first[ends[ends < count]] = 1
        last[ends - 1] = rng.random(len(ends)) < 0.95
        last |= rng.random(count) < np.repeat(rng.choice([0.0, 0.3, 1.0], count), length)[:count]
    return _finished(params, {"a": a, "b": b, "first": first, "last": last})


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the bits of the operands and of a state, more than any enumeration takes."""
    return _STATEFUL_BITS + 2 * params["lanes"] * _format(params).bits


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Refuse: there is no end of it."""
    raise ValueError(
        f"log_dot: operands {start} to {start + count - 1} of {params['format']} do not exist: "
        "sums have no end"
    )


def _format(params: Mapping[str, Any]) -> LogFormat:
    fmt = parse_format(params["format"])
    assert isinstance(fmt, LogFormat)
    return fmt


def _products(fmt: LogFormat, lanes: int) -> Operands:
    """Return every exponent that a product can have, in lanes taking turns, as sums of their own.

    Once from two factors as equal as can be, once from the largest and the rest.
    """
    exponent = np.arange(2, 2 * fmt.max_code + 1)
    larger = np.minimum(exponent - 1, fmt.max_code)
    a = np.concatenate([exponent // 2, larger])
    b = np.concatenate([exponent - exponent // 2, exponent - larger])
    sign = np.concatenate([np.zeros_like(a), np.full_like(a, fmt.sign_mask)])
    a, b = np.tile(a, 2) | sign, np.tile(b, 2)
    dtype = code_dtype(fmt.bits)
    rows = np.arange(len(a))
    x, w = np.zeros((len(a), lanes), dtype), np.zeros((len(a), lanes), dtype)
    x[rows, rows % lanes], w[rows, rows % lanes] = a, b
    return _alone(x, w)


def _corners(fmt: LogFormat) -> Codes:
    """Return both zeros, the smallest and the largest numbers, one and its neighbours, +/-."""
    one = min(max(fmt.bias, 1), fmt.max_code - 1)
    step = 1 << fmt.fraction_bits
    picked = {0, 1, 2, step - 1, step, one - 1, one, one + 1, fmt.max_code - 1, fmt.max_code}
    kept = np.array(sorted(code for code in picked if 0 <= code <= fmt.max_code))
    return np.concatenate([kept, kept | fmt.sign_mask]).astype(code_dtype(fmt.bits))


def _uniform(fmt: LogFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    return rng.integers(0, 1 << fmt.bits, shape, dtype=code_dtype(fmt.bits))


def _alike(fmt: LogFormat, rows: int, lanes: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Return lanes whose products have about one exponent a row, half the rows of one remainder."""
    wanted = rng.integers(2, 2 * fmt.max_code, rows, endpoint=True)
    octaves = rng.integers(-3, 1, (rows, lanes), endpoint=True) << fmt.fraction_bits
    steps = rng.integers(-4, 4, (rows, lanes), endpoint=True) * (rng.random((rows, 1)) < 0.5)
    exponent = np.clip(wanted[:, None] + octaves + steps, 2, 2 * fmt.max_code)
    low = np.maximum(1, exponent - fmt.max_code)
    high = np.minimum(fmt.max_code, exponent - 1)
    a = low + np.floor(rng.random((rows, lanes)) * (high - low + 1)).astype(np.int64)
    sign = np.where(rng.random((rows, lanes)) < rng.choice([0.0, 0.5], (rows, 1)), 1, 0)
    dtype = code_dtype(fmt.bits)
    return (a | sign * fmt.sign_mask).astype(dtype), (exponent - a).astype(dtype)


def _flags(values: list[int]) -> NDArray[np.uint8]:
    return np.array(values, dtype=np.uint8)


def _alone(a: Codes, b: Codes) -> Operands:
    """Return rows that are sums of their own."""
    ones = np.ones(len(a), np.uint8)
    return {"a": a, "b": b, "first": ones, "last": ones}


def _run(a: Codes, b: Codes, *, every: bool) -> Operands:
    """Return one sum, given out in `every` row or in the last."""
    first, last = np.zeros(len(a), np.uint8), np.full(len(a), every, np.uint8)
    first[0] = last[-1] = 1
    return {"a": a, "b": b, "first": first, "last": last}


def _joined(parts: list[Operands]) -> Operands:
    return {port: np.concatenate([part[port] for part in parts]) for port in parts[0]}


def _finished(params: Mapping[str, Any], operands: Operands) -> Operands:
    """Return operands in the shape of the ports, with results as far apart as the unit asks for."""
    if params["finish"] == "serial":
        operands["last"] = _spaced(operands["last"], params["lut_entries"])
    if params["lanes"] == 1:
        operands["a"], operands["b"] = operands["a"][:, 0], operands["b"][:, 0]
    return operands


def _spaced(last: NDArray[np.uint8], distance: int) -> NDArray[np.uint8]:
    """Return `last` without those that come less than `distance` rows after another."""
    kept, next_allowed = np.zeros_like(last), 0
    for row in np.flatnonzero(last).tolist():
        if row >= next_allowed:
            kept[row], next_allowed = 1, row + distance
    return kept
