"""Stimuli for dot products of sparse weights, made from those for dense ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden.block_dot import sparsity_of
from cosim.golden.sparsity import index_bits
from cosim.stimuli import Operands, scalars, sparse_mux

__all__ = ["Selection", "selection_of"]


class Selection:
    """Operands among which those of a dense dot product are hidden.

    Parameters
    ----------
    sparsity
        ``"N:M"``.
    lanes
        Of the dense dot product.
    fmt
        Name of the format of `a`.
    """

    def __init__(self, sparsity: str, lanes: int, fmt: str) -> None:
        numbers = sparsity_of(sparsity)
        assert numbers is not None
        self.n, self.m = numbers
        self.groups = lanes // self.n
        self.fmt = fmt
        self._mux = {"x": "uint2", "n": self.n, "m": self.m, "groups": self.groups}

    @property
    def meta_bits(self) -> int:
        """Width of the code of a group."""
        return self.n * index_bits(self.m)

    def directed(self, dense: Operands) -> Operands:
        """Return the operands with every code of the metadata, legal or not, in turn.

        In the places that are not selected are the largest codes.
        """
        meta = sparse_mux.directed(self._mux)["meta"].reshape(-1, self.groups)
        count = len(dense["b"])
        # Every code at least once: the operands start again where they are fewer.
        rows = np.arange(max(count, len(np.unique(meta, axis=0))))
        repeated = {port: codes[rows % count] for port, codes in dense.items()}
        corner = scalars.corner_codes(self.fmt)[-1]
        wide = np.full((len(rows), self.groups * self.m), corner)
        return self._spread(repeated, wide, meta[rows % len(meta)])

    def random(self, dense: Operands, rng: np.random.Generator) -> Operands:
        """Return the operands with random metadata, and random codes that are not selected."""
        count = len(dense["b"])
        meta = sparse_mux.random(self._mux, count, rng)["meta"].reshape(count, self.groups)
        lanes = self.groups * self.m
        wide = scalars.random_codes(self.fmt, count * lanes, rng).reshape(count, lanes)
        return self._spread(dense, wide, meta)

    def _spread(self, dense: Operands, wide: NDArray[Any], meta: NDArray[Any]) -> Operands:
        """Put the operands `a` where the metadata look for them."""
        width = index_bits(self.m)
        slots = np.arange(self.n)
        fields = meta.astype(np.uint64)[..., None] >> (slots * width).astype(np.uint64)
        positions = (fields & np.uint64((1 << width) - 1)).astype(np.int64)
        reached = np.clip(positions, slots, slots + self.m - self.n)
        narrow = dense["a"].reshape(len(wide), self.groups, self.n)
        groups = wide.astype(narrow.dtype).reshape(len(wide), self.groups, self.m)
        np.put_along_axis(groups, reached, narrow, axis=-1)
        return dense | {
            "a": groups.reshape(len(wide), -1),
            "meta": meta if self.groups > 1 else meta[:, 0],
        }


def selection_of(params: Mapping[str, Any]) -> Selection | None:
    """Return the selection in front of a `dot`; None if its weights are dense."""
    if params.get("sparsity") is None:
        return None
    return Selection(params["sparsity"], params["lanes"], params["a"])
