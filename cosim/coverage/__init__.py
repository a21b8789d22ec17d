"""Functional coverage: which kinds of operands, results and roundings the vectors of a run met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cosim.coverage.groups import Coverage, Group
from cosim.coverage.log_sums import LogAddCoverage, LogDotCoverage
from cosim.coverage.sum_of_products import SumCoverage
from cosim.stimuli import Operands
from gen.errors import ConfigError

__all__ = ["Counter", "Coverage", "Group", "counter_for"]

_COUNTERS = {
    "fma": SumCoverage,
    "dot": SumCoverage,
    "log_dot": LogDotCoverage,
    "log_add": LogAddCoverage,
}


class Counter(Protocol):
    """Counts the bins of one unit."""

    def count(self, operands: Operands, results: Operands) -> None:
        """Count operands with the results that the golden model gives for them."""
        ...

    def coverage(self) -> Coverage:
        """Return what was counted so far."""
        ...


def counter_for(unit: str, params: Mapping[str, Any]) -> Counter:
    """Return a counter for a unit of these normalised parameters.

    Raises
    ------
    ConfigError
        If there are no bins for units of that name.
    """
    if unit not in _COUNTERS:
        known = ", ".join(_COUNTERS)
        raise ConfigError(f"coverage: there are no bins for {unit}; there are for {known}")
    return _COUNTERS[unit](unit, params)
