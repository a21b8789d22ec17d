"""Bins that belong together: which can be reached, which were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coverage", "Group"]

SHOWN = 8
"""Missed bins that are named for people; JSON has all."""


@dataclass
class Group:
    """Bins that are all combinations of some classes.

    Attributes
    ----------
    name
        What is counted, for people.
    axes
        Names of the classes along each axis.
    reachable
        Which bins there can be something in, shape as the axes.
    hits
        How often each bin was met, same shape.
    optional
        Bins that may be met and need not be, same shape.
    """

    name: str
    axes: tuple[tuple[str, ...], ...]
    reachable: NDArray[np.bool_]
    hits: NDArray[np.int64] = field(init=False)
    optional: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.hits = np.zeros(self.reachable.shape, dtype=np.int64)
        self.optional = np.zeros(self.reachable.shape, dtype=np.bool_)

    @classmethod
    def of(cls, name: str, *axes: Iterable[str]) -> Group:
        """Return a group of which every bin can be reached."""
        names = tuple(tuple(axis) for axis in axes)
        return cls(name, names, np.ones([len(axis) for axis in names], dtype=np.bool_))

    def count(self, *indices: NDArray[np.intp]) -> None:
        """Count combinations, given by an index along each axis."""
        flat = np.ravel_multi_index(indices, self.hits.shape).ravel()
        self.hits += np.bincount(flat, minlength=self.hits.size).reshape(self.hits.shape)

    @property
    def bins(self) -> int:
        """How many bins can be reached."""
        return int(np.count_nonzero(self.reachable))

    @property
    def reached(self) -> int:
        """How many of those were met."""
        return int(np.count_nonzero(self.reachable & (self.hits > 0)))

    @property
    def missed(self) -> list[str]:
        """Names of those that were not."""
        return self._names(self.reachable & (self.hits == 0))

    @property
    def unforeseen(self) -> list[str]:
        """Names of the bins that were met and are held to be out of reach."""
        return self._names(~self.reachable & ~self.optional & (self.hits > 0))

    def _names(self, chosen: NDArray[np.bool_]) -> list[str]:
        return [
            " x ".join(axis[k] for axis, k in zip(self.axes, index, strict=True))
            for index in np.argwhere(chosen).tolist()
        ]


@dataclass(frozen=True)
class Coverage:
    """Which bins the vectors of a run met.

    Attributes
    ----------
    groups
        The bins.
    derivation
        How it is known which can be reached, for people.
    """

    groups: tuple[Group, ...]
    derivation: str

    @property
    def is_complete(self) -> bool:
        """Whether all bins that can be reached were, and no other."""
        return all(not group.missed and not group.unforeseen for group in self.groups)

    def rows(self) -> list[tuple[str, ...]]:
        """Return a row a group: name, bins reached, bins there are, share, and what was missed."""
        rows: list[tuple[str, ...]] = []
        for group in self.groups:
            share = f"{100 * group.reached / max(1, group.bins):.1f} %"
            notes = [*group.missed, *(f"unforeseen: {name}" for name in group.unforeseen)]
            more = [f"and {len(notes) - SHOWN} more"] if len(notes) > SHOWN else []
            text = "; ".join(notes[:SHOWN] + more)
            rows.append((group.name, str(group.reached), str(group.bins), share, text))
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return the coverage as JSON types."""
        return {
            "complete": self.is_complete,
            "derivation": self.derivation,
            "groups": [
                {
                    "name": group.name,
                    "reached": group.reached,
                    "bins": group.bins,
                    "missed": group.missed,
                    "unforeseen": group.unforeseen,
                }
                for group in self.groups
            ],
        }
