"""Operands that are worth trying: corners, constrained random, and everything where that ends."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Operands", "Stimuli", "get_stimuli"]

Operands = dict[str, NDArray[Any]]


class Stimuli(Protocol):
    """What every module of this package that is named after a unit offers."""

    def directed(self, params: Mapping[str, Any]) -> Operands:
        """Return hand-picked operands, always the same."""
        ...

    def random(self, params: Mapping[str, Any], count: int, rng: np.random.Generator) -> Operands:
        """Return `count` random operands, many of them near what is hard."""
        ...

    def space_bits(self, params: Mapping[str, Any]) -> int:
        """Return the number of operand bits; more than 64 where a unit has a state."""
        ...

    def enumerate_space(self, params: Mapping[str, Any], start: int, count: int) -> Operands:
        """Return operands `start` to ``start + count - 1`` of all ``2^space_bits``."""
        ...


def get_stimuli(unit: str) -> Stimuli:
    """Return the stimuli module of a unit, by its name.

    Raises
    ------
    LookupError
        If no unit of that name has one.
    """
    try:
        module = import_module(f"cosim.stimuli.{unit}")
    except ModuleNotFoundError as error:
        raise LookupError(f"unit {unit!r} has no stimuli") from error
    if not hasattr(module, "enumerate_space"):
        raise LookupError(f"unit {unit!r} has no stimuli")
    return cast(Stimuli, module)
