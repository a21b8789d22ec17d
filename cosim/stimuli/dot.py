"""Stimuli for `dot`, with an addend, without, and with the internal accumulator."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_dot import of_dot
from cosim.golden.codec import as_format
from cosim.stimuli import Operands, block_dot, operands
from cosim.stimuli.books import Book, operands_of
from cosim.stimuli.products import Terms, is_signed
from cosim.stimuli.selection import selection_of
from cosim.stimuli.sum_of_products import SumStimuli
from hdl.formats import Format, parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_STATEFUL_BITS = 1 << 16
"""What `space_bits` says of an accumulator, which no enumeration exhausts."""


def directed(params: Mapping[str, Any]) -> Operands:
    """Return corners in one lane and in all, cancelling lanes, and ladders around corners of y.

    With an accumulator all of it comes twice: every row for itself, then in runs of various
    lengths, with long runs of the largest products between. With sparse weights, all codes of the
    metadata; with scales, what `cosim.stimuli.block_dot` has.
    """
    if params.get("scale") is not None:
        return block_dot.directed(of_dot(params))
    dense, selection = _directed(params), selection_of(params)
    return dense if selection is None else selection.directed(dense)


def _directed(params: Mapping[str, Any]) -> Operands:
    stimuli = _stimuli(params)
    lanes = stimuli.lanes
    factors = stimuli.a, stimuli.b
    corners = [operands.corner_codes(name) for name in factors]
    a, b = (axis.ravel() for axis in np.meshgrid(*corners, indexing="ij"))
    zero_c = None if stimuli.c is None else operands.corner_codes(stimuli.c)

    def rows(a: NDArray[Any], b: NDArray[Any], shift: int) -> Terms:
        # Addends take turns, in step with neither a nor b.
        c = None if zero_c is None else np.resize(np.roll(zero_c, shift), len(a))
        return Terms(a, b, c)

    in_all = [np.repeat(codes[:, None], lanes, axis=1) for codes in (a, b)]
    signs = np.arange(lanes) % 2 == 1
    opposed = np.where(signs, operands.negated(stimuli.a, in_all[0]), in_all[0])
    ones = [
        np.full(lanes, _one(params[port], name)).astype(codes.dtype)
        for port, name, codes in zip("ab", factors, (a, b), strict=True)
    ]
    parts = [
        rows(stimuli.in_one_lane(stimuli.a, a), stimuli.in_one_lane(stimuli.b, b), 0),
        rows(in_all[0], in_all[1], 1),
        rows(opposed, in_all[1], 2),
        # A one in each lane in turn: are all lanes wired?
        rows(stimuli.in_one_lane(stimuli.a, ones[0]), stimuli.in_one_lane(stimuli.b, ones[1]), 3),
        stimuli.ladders(),
        *([stimuli.stairs()] if stimuli.c is None and lanes > 1 else []),
        *([stimuli.brims()] if stimuli.window and lanes > 1 else []),
    ]
    terms = stimuli.stack(parts)
    if not params["accumulate"]:
        return _operands(terms)
    once = _operands(terms) | {"first": np.ones(len(terms.a), dtype=np.uint8)}
    runs = _operands(terms) | {"first": _runs(len(terms.a), [1, 2, 3, 5, 1, 8, 4, 13])}
    long_run = np.zeros(64, dtype=np.uint8)
    long_run[0] = 1
    large = [operands.nearest(name, np.array([np.inf])) for name in factors]
    up = {
        port: np.broadcast_to(code, (64, lanes)) for port, code in zip("ab", large, strict=True)
    } | {"first": long_run}
    down_a = operands.negated(stimuli.a, up["a"])
    down = {"a": down_a, "b": up["b"], "first": np.zeros_like(long_run)}
    return {
        port: np.concatenate([part[port] for part in (once, up, down, runs)])
        for port in ("a", "b", "first")
    }


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return a mixture of uniform codes, corners, cancellation, far alignment, ties and limits.

    With a window, also terms of all exponents down to its end.

    With an accumulator, runs of 1 to 256 rows; those of more than 16 are of calm rows, as one NaN
    or infinity would hide all that follow. Some rows undo the one before them.
    """
    if params.get("scale") is not None:
        return block_dot.random(of_dot(params), count, rng)
    dense, selection = _random(params, count, rng), selection_of(params)
    return dense if selection is None else selection.random(dense, rng)


def _random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    stimuli = _stimuli(params)
    terms = stimuli.random(count, rng)
    if not params["accumulate"]:
        return _operands(terms)
    length = np.ceil(16.0 ** rng.random(count)).astype(np.int64)
    length[rng.random(count) < 1 / 3] = 1
    long = rng.random(count) < 0.03
    length[long] = rng.integers(17, 256, int(long.sum()), endpoint=True)
    a, b = terms.a, terms.b
    in_long_run = np.repeat(length, length)[:count] > 16
    a[in_long_run], b[in_long_run], _ = stimuli.calm(int(in_long_run.sum()), rng)
    undone = np.flatnonzero(rng.random(max(count - 1, 0)) < 0.1)
    a[undone + 1], b[undone + 1] = a[undone], b[undone]
    name, negative = (stimuli.a, a) if is_signed(stimuli.a) else (stimuli.b, b)
    negative[undone + 1] = operands.negated(name, negative[undone])
    return {"a": a, "b": b, "first": _runs(count, length.tolist())}


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits; far more than 64 for an accumulator."""
    if params.get("scale") is not None:
        return block_dot.space_bits(of_dot(params))
    if params["accumulate"]:
        return _STATEFUL_BITS
    return sum(width * lanes for _, width, lanes in _ports(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; c counts fastest."""
    if params.get("scale") is not None:
        return block_dot.enumerate_space(of_dot(params), start, count)
    if params["accumulate"]:
        raise ValueError("an accumulator has more than its operands to enumerate")
    return operands.enumerate_ports(_ports(params), start, count)


def _one(fmt: str, name: Format | Book | str) -> int:
    """Return the code of one, of a codebook that of its largest entry."""
    if isinstance(name, Book):
        return operands.constant(name, np.inf)
    return operands.constant(fmt, 1.0)


def _ports(params: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return name, bits of a lane, and lanes of every port."""
    selection, lanes = selection_of(params), params["lanes"]
    ports = [
        (
            "a",
            parse_format(params["a"]).bits,
            selection.groups * selection.m if selection else lanes,
        ),
        ("b", parse_format(params["b"]).bits, lanes),
    ]
    if selection:
        ports.append(("meta", selection.meta_bits, selection.groups))
    if params["c"] is not None:
        ports.append(("c", as_format(params["c"]).bits, 1))
    return ports


def _runs(count: int, lengths: list[int]) -> NDArray[np.uint8]:
    """Return `first` for runs of these lengths, over and over."""
    first = np.zeros(count, dtype=np.uint8)
    if count:
        starts = np.cumsum([0, *islice(cycle(lengths), count)])
        first[starts[starts < count]] = 1
    return first


def _stimuli(params: Mapping[str, Any]) -> SumStimuli:
    window = None
    if params["align"] == "window":
        window = params["fraction_bits"] + (2 if params["sticky"] else 0)
    a, b = operands_of(params)
    return SumStimuli(a, b, params["c"], params["y"], params["lanes"], window)


def _operands(terms: Terms) -> Operands:
    ports = {"a": terms.a, "b": terms.b}
    return ports if terms.c is None else ports | {"c": terms.c}
