"""Stimuli for `sparse_mux`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.codec import code_dtype
from cosim.golden.sparsity import index_bits
from cosim.stimuli import Operands, operands
from hdl.formats import parse_format

__all__ = ["directed", "enumerate_space", "random", "space_bits"]

_MOST_CODES = 1 << 10


def directed(params: Mapping[str, Any]) -> Operands:
    """Return every code of the metadata in every group, legal or not, over lanes that differ.

    Of metadata of more than 10 bits: as many codes, evenly spread. The lanes count, first up and
    then down, and then one after the other is all ones among zeros.
    """
    bits, lanes, width = _element_bits(params), _lanes(params), _meta_bits(params)
    groups = params["groups"]
    codes = np.unique(np.linspace(0, (1 << width) - 1, min(1 << width, _MOST_CODES)))
    codes = np.minimum(codes.astype(np.uint64), np.uint64((1 << width) - 1))
    # In every group once, with the other groups at other codes.
    meta = np.stack([np.roll(codes, shift) for shift in range(groups)], axis=1)
    mask = np.uint64((1 << bits) - 1)
    counting = np.arange(lanes, dtype=np.uint64)
    ones = np.eye(lanes, dtype=np.uint64) * mask
    patterns = np.concatenate([[counting & mask, ~counting & mask], ones[: 4 * params["m"]]])
    x = np.repeat(patterns, len(meta), axis=0)
    return _operands(params, x, np.tile(meta, (len(patterns), 1)))


def random(params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
    """Return random operands with metadata of which three in four are legal."""
    n, m, groups = params["n"], params["m"], params["groups"]
    width = index_bits(m)
    positions = np.sort(rng.random((count, groups, m)).argsort(axis=-1)[..., :n], axis=-1)
    shifts = (np.arange(n) * width).astype(np.uint64)
    legal = np.bitwise_or.reduce(positions.astype(np.uint64) << shifts, axis=-1)
    any_code = rng.integers(0, 1 << _meta_bits(params), (count, groups), dtype=np.uint64)
    # An error in one group must show while the others are fine: whole rows are legal, or nearly.
    meta = np.where(rng.random((count, groups)) < 0.25 / groups, any_code, legal)
    bits = _element_bits(params)
    x = rng.integers(0, 1 << bits, (count, _lanes(params)), dtype=code_dtype(bits))
    return _operands(params, x, meta)


def space_bits(params: Mapping[str, Any]) -> int:
    """Return the number of operand bits."""
    return sum(_widths(params))


def enumerate_space(params: Mapping[str, Any], start: int, count: int) -> Operands:
    """Return operands `start` to ``start + count - 1`` of all; the metadata count fastest."""
    fields = operands.split_index(_widths(params), start, count)
    lanes = _lanes(params)
    return _operands(params, np.stack(fields[:lanes], axis=1), np.stack(fields[lanes:], axis=1))


def _operands(params: Mapping[str, Any], x: NDArray[Any], meta: NDArray[Any]) -> Operands:
    # Codes of a port of one lane have no axis of lanes.
    shaped = {"x": x, "meta": meta}
    dtypes = {"x": code_dtype(_element_bits(params)), "meta": code_dtype(_meta_bits(params))}
    return {
        port: (codes if codes.shape[1] > 1 else codes[:, 0]).astype(dtypes[port])
        for port, codes in shaped.items()
    }


def _element_bits(params: Mapping[str, Any]) -> int:
    return parse_format(params["x"]).bits


def _lanes(params: Mapping[str, Any]) -> int:
    return params["groups"] * params["m"]


def _meta_bits(params: Mapping[str, Any]) -> int:
    return params["n"] * index_bits(params["m"])


def _widths(params: Mapping[str, Any]) -> list[int]:
    meta = [_meta_bits(params)] * params["groups"]
    return [_element_bits(params)] * _lanes(params) + meta
