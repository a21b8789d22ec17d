"""Structured sparsity: N of every M weights kept, and metadata that says which."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.golden.codec import code_dtype

__all__ = ["Compressed", "compress", "decompress", "index_bits", "prune"]


class Compressed(NamedTuple):
    """What is left of groups of M values.

    Attributes
    ----------
    values
        The kept values, in order: N for every M along the axis.
    metadata
        One code for each group: the positions of the kept values, ascending, `index_bits` each,
        the first in the lowest bits. Of 2:4 the legal codes are 4, 8, 9, C, D and E (CUTLASS).
    """

    values: NDArray[Any]
    metadata: NDArray[Any]


def index_bits(m: int) -> int:
    """Return the bits of a position in a group of `m`."""
    return max(1, (m - 1).bit_length())


def prune(tensor: ArrayLike, *, n: int = 2, m: int = 4, axis: int = -1) -> NDArray[Any]:
    """Return the tensor with all but the `n` largest magnitudes of every `m` made zero.

    Of equal magnitudes the first are kept.
    """
    array = np.asarray(tensor)
    groups = _groups(array, n, m, axis)
    return _joined(np.where(_kept(groups, n), groups, groups.dtype.type(0)), array, axis)


def compress(tensor: ArrayLike, *, n: int = 2, m: int = 4, axis: int = -1) -> Compressed:
    """Return the kept values of a pruned tensor and where they were.

    Raises
    ------
    ValueError
        If a group of `m` has more than `n` values that are not zero.
    """
    array = np.asarray(tensor)
    groups = _groups(array, n, m, axis)
    fullest = int(np.count_nonzero(groups, axis=-1).max(initial=0))
    if fullest > n:
        raise ValueError(f"a group of {m} has {fullest} non-zero values, not {n} or fewer")
    positions = np.argsort(~_kept(groups, n), axis=-1, kind="stable")[..., :n]
    values = np.take_along_axis(groups, positions, axis=-1)
    width = index_bits(m)
    shifts = np.arange(n, dtype=np.uint64) * np.uint64(width)
    metadata = np.bitwise_or.reduce(positions.astype(np.uint64) << shifts, axis=-1)
    return Compressed(
        _joined(values, array, axis),
        np.moveaxis(metadata.astype(code_dtype(n * width)), -1, axis),
    )


def decompress(compressed: Compressed, *, n: int = 2, m: int = 4, axis: int = -1) -> NDArray[Any]:
    """Return the pruned tensor.

    Raises
    ------
    ValueError
        If metadata are illegal: positions that do not ascend or are `m` or more.
    """
    values = np.asarray(compressed.values)
    kept = _groups(values, n, n, axis)
    metadata = np.moveaxis(np.asarray(compressed.metadata), axis, -1)
    if metadata.shape != kept.shape[:-1]:
        raise ValueError(f"{kept.shape[:-1]} groups of values, {metadata.shape} of metadata")
    width = index_bits(m)
    shifts = np.arange(n, dtype=np.uint64) * np.uint64(width)
    codes = metadata.astype(np.uint64)
    positions = (codes[..., None] >> shifts) & np.uint64((1 << width) - 1)
    positions = positions.astype(np.int64)
    legal = (np.diff(positions, axis=-1) > 0).all(axis=-1) & (positions[..., -1] < m)
    legal &= codes >> np.uint64(n * width) == 0
    if not legal.all():
        raise ValueError(f"metadata {int(codes[~legal].flat[0]):#x} is no code of {n}:{m}")
    groups = np.zeros((*kept.shape[:-1], m), dtype=values.dtype)
    np.put_along_axis(groups, positions, kept, axis=-1)
    return _joined(groups, values, axis)


def _groups(array: NDArray[Any], n: int, m: int, axis: int) -> NDArray[Any]:
    """Return the tensor with the axis last and split into groups of `m`."""
    if not 1 <= n <= m <= 64 or n * index_bits(m) > 64:
        raise ValueError(f"sparsity {n}:{m}: 1 <= n <= m, and 64 bits of metadata at most")
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(f"a tensor of shape {array.shape} has no axis {axis}")
    if array.shape[axis] % m:
        raise ValueError(f"axis {axis} has {array.shape[axis]} elements, not a multiple of {m}")
    moved = np.moveaxis(array, axis, -1)
    return moved.reshape(*moved.shape[:-1], -1, m)


def _joined(groups: NDArray[Any], like: NDArray[Any], axis: int) -> NDArray[Any]:
    """Undo `_groups`, whatever the size of the groups has become."""
    flat = groups.reshape(*groups.shape[:-2], groups.shape[-2] * groups.shape[-1])
    assert flat.ndim == like.ndim
    return np.moveaxis(flat, -1, axis)


def _kept(groups: NDArray[Any], n: int) -> NDArray[np.bool_]:
    """Return which `n` of each group are kept: the largest magnitudes, the first of equal ones."""
    order = np.argsort(-np.abs(groups.astype(np.float64)), axis=-1, kind="stable")
    kept = np.zeros(groups.shape, dtype=np.bool_)
    np.put_along_axis(kept, order[..., :n], True, axis=-1)
    return kept
