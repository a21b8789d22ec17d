"""Stimuli for `block_quantize`: vectors around the steps of elements and scales, in rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import as_format, code_dtype
from cosim.golden.values import decode
from cosim.stimuli import Operands, operands
from cosim.stimuli.scaled_vectors import Vectors, directed_vectors, random_vectors
from hdl.formats import BlockFormat, PowerFormat, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_STATEFUL_BITS = 128
_LIVELY = 0.97
"""Share of vectors that are finite: a NaN hides all else."""


def directed(params: Mapping[str, Any]) -> Operands:
    """Return vectors of corners, of the steps of elements, and of halves between them.

    Every corner of x comes alone, in a lane that moves, and in all lanes. Steps, halves and their
    neighbours come beside a number of the largest binade, under scales from the least to the
    largest. Then, with several rows, a vector that is given up after every number of rows.
    """
    block = _block(params)
    if block.rule != "mx":
        return _in_rows(params, directed_vectors(params))
    corners = operands.corner_codes(params["x"])
    zero = operands.constant(params["x"], 0.0)
    alone = np.full((len(corners), block.length), zero, dtype=corners.dtype)
    alone[np.arange(len(corners)), np.arange(len(corners)) % block.length] = corners
    everywhere = np.repeat(corners[:, None], block.length, axis=1)
    targets = np.concatenate(_steps(block))
    missing = -len(targets) % (block.length - 1) if block.length > 1 else 0
    targets = np.pad(targets, (0, missing)).reshape(-1, max(1, block.length - 1))
    vectors = [alone, everywhere]
    low, high = operands.exponent_range(params["x"])
    top = _top(block)
    exponents = {low, low + 1, low + top, (low + high) // 2, 0, high - 1, high}
    # Around the least scale.
    least = top - cast(PowerFormat, block.scale).bias
    exponents |= {least - 1, least, least + 1} & set(range(low, high + 1))
    for exponent in sorted(exponents):
        scaled = np.ldexp(targets, int(np.clip(exponent, low, high)) - top)
        peak = np.full((len(scaled), 1), 2.0 ** np.clip(exponent, low, high))
        row = np.hstack([peak, scaled])[:, : block.length]
        codes = operands.nearest(params["x"], row)
        for step in (-1, 0, 1):
            nudged = operands.nudged(params["x"], codes, step)
            nudged[:, 0] = codes[:, 0]
            vectors += [nudged, operands.negated(params["x"], nudged)]
    return _in_rows(params, Vectors(np.concatenate(vectors), None))


def _in_rows(params: Mapping[str, Any], vectors: Vectors) -> Operands:
    """Return vectors in rows, one behind the other, and then some of them that are given up."""
    per_vector = _block(params).length // params["lanes"]
    rows = vectors.codes.reshape(-1, params["lanes"])
    outer = None if vectors.outer is None else np.repeat(vectors.outer, per_vector)
    if per_vector == 1:
        return _operands(params, rows, None, outer)
    first = np.zeros(len(rows), dtype=np.uint8)
    # Given up after 1, 2, 3 .. rows, more than a whole vector's at the end.
    given_up = np.cumsum(np.arange(1, 2 * per_vector + 2))
    ends = rows[: given_up[-1] + 1]
    again = np.zeros(len(ends), dtype=np.uint8)
    again[given_up[given_up < len(ends)]] = 1
    if outer is not None:
        outer = np.concatenate([outer, outer[: len(ends)]])
    first = np.concatenate([first, again])
    return _operands(params, np.concatenate([rows, ends]), first, outer)


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return rows of vectors whose numbers lie where their elements do, and a few of any codes.

    With several rows, `first` begins a run of up to some ten vectors, whose last may be cut short.
    """
    block, lanes = _block(params), params["lanes"]
    per_vector = block.length // lanes
    number = -(-count // per_vector) + 1
    if block.rule == "mx":
        vectors = Vectors(_vectors(params, number, rng), None)
    else:
        vectors = random_vectors(params, number, rng)
    rows = vectors.codes.reshape(-1, lanes)[:count]
    outer = vectors.outer
    if outer is not None:
        # That of the last row is the one that counts.
        beside = rng.permutation(np.repeat(outer, per_vector)).reshape(-1, per_vector)
        beside[:, -1] = outer
        outer = beside.reshape(-1)[:count]
    if per_vector == 1:
        return _operands(params, rows, None, outer)
    first = np.zeros(count, dtype=np.uint8)
    lengths = rng.integers(1, 10 * per_vector, max(1, count), endpoint=True)
    whole = rng.random(len(lengths)) < 0.5
    lengths = np.where(whole, -(-lengths // per_vector) * per_vector, lengths)
    starts = np.cumsum(lengths)
    first[starts[starts < count]] = 1
    return _operands(params, rows, first, outer)


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits; more than 64 where vectors take several rows."""
    block, lanes = _block(params), params["lanes"]
    bits = as_format(params["x"]).bits * lanes + _outer_bits(params)
    return bits if block.length == lanes else max(_STATEFUL_BITS, bits)


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the last lane counts fastest."""
    if _block(params).length != params["lanes"]:
        raise ValueError("vectors of several rows are too many to enumerate")
    ports = [("x", as_format(params["x"]).bits, params["lanes"])]
    outer = _outer_bits(params)
    return operands.enumerate_ports(
        [*([("outer", outer, 1)] if outer else []), *ports], start, count
    )


def _outer_bits(params: Mapping[str, Any]) -> int:
    """Return the width of the outer scale, 0 where there is none."""
    name = params.get("outer")
    return 0 if name in (None, "none") else parse_format(name).bits


def _block(params: Mapping[str, Any]) -> BlockFormat:
    return cast(BlockFormat, parse_format(params["y"]))


def _operands(
    params: Mapping[str, Any],
    rows: NDArray[Any],
    first: NDArray[np.uint8] | None,
    outer: NDArray[Any] | None = None,
) -> Operands:
    ports = {"x": rows if params["lanes"] > 1 else rows[:, 0]}
    ports |= {} if outer is None else {"outer": outer}
    return ports if first is None else ports | {"first": first}


def _numbers(block: BlockFormat) -> NDArray[np.float64]:
    """Return the values of elements, finite ones, in order."""
    fmt = block.element
    values = decode(np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits)), fmt).astype(np.float64)
    return np.unique(values[np.isfinite(values)])


def _steps(block: BlockFormat) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of elements that are not negative, and what is half way between two."""
    numbers = _numbers(block)
    numbers = numbers[numbers >= 0]
    # Beyond the largest the next step decides nothing: both sides saturate.
    return numbers, (numbers[:-1] + numbers[1:]) / 2


def _top(block: BlockFormat) -> int:
    """Return the exponent of the largest element."""
    return int(np.frexp(_numbers(block)[-1])[1]) - 1


def _vectors(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return random vectors of all kinds."""
    name, block = params["x"], _block(params)
    shape = (count, block.length)
    low, high = operands.exponent_range(name)
    top = _top(block)
    steps, halves = _steps(block)
    span = top - int(np.frexp(steps[1])[1]) + 4
    peak = rng.integers(low, high, count, endpoint=True)
    below = rng.integers(0, span, shape, endpoint=True)
    # Some vectors have few numbers near their largest.
    below = np.where(rng.random((count, 1)) < 0.2, below * 3, below)
    codes = operands.of_exponent(name, peak[:, None] - below, rng)

    # Steps, halves and next to them, in units of the scale that the largest number leads to.
    aimed = rng.random(shape) < 0.5
    chosen = np.where(rng.random(shape) < 0.3, rng.choice(steps, shape), rng.choice(halves, shape))
    chosen = np.ldexp(chosen, (peak[:, None] - top).clip(-1000, 1000))
    near = operands.nudged(name, operands.nearest(name, chosen), rng.integers(-1, 2, shape))
    flipped = rng.random(shape) < 0.5
    near = np.where(flipped, operands.negated(name, near), near)
    codes = np.where(aimed, near, codes)
    lane = rng.integers(0, block.length, count)
    led = rng.random(count) < 0.8
    index = np.arange(count)
    codes[index[led], lane[led]] = operands.of_exponent(name, peak, rng)[led]

    # Any codes at all, numbers among zeros, and what is no number.
    anything = rng.random(count) < 0.1
    codes[anything] = operands.finite_codes(name, (int(anything.sum()), block.length), rng)
    zero = codes.dtype.type(operands.constant(name, 0.0))
    sparse = rng.random(count) < 0.1
    codes[sparse] = np.where(
        rng.random((int(sparse.sum()), block.length)) < 0.9, zero, codes[sparse]
    )
    special = operands.special_codes(name)
    poisoned = index[rng.random(count) > _LIVELY]
    codes[poisoned, lane[poisoned]] = rng.choice(special, len(poisoned))
    return codes
