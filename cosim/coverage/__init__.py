"""Functional coverage: which kinds of operands, results and roundings the vectors of a run met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cosim.coverage.groups import Coverage, Group
from cosim.coverage.log_sums import LogAddCoverage, LogDotCoverage
from cosim.coverage.ports import PortCoverage
from cosim.coverage.sum_of_products import SumCoverage
from cosim.stimuli import Operands
from cosim.unit import Unit
from gen.errors import ConfigError
from hdl.formats import PositFormat, parse_format

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


def counter_for(name: str, params: Mapping[str, Any], unit: Unit | None = None) -> Counter:
    """Return a counter for a unit of these normalised parameters.

    Kinds of units that have no bins of their own get those of the ports of `unit`, and so do sums
    rounded stochastically, and dot products of scaled vectors, sparse weights or posits.

    Raises
    ------
    ConfigError
        If it has none and there is no `unit`.
    """
    if name in _COUNTERS and not _is_beyond_sums(params):
        return _COUNTERS[name](name, params)
    if unit is None:
        known = ", ".join(_COUNTERS)
        raise ConfigError(f"coverage: there are no bins for {name}; there are for {known}")
    return PortCoverage(name, unit)


def _is_beyond_sums(params: Mapping[str, Any]) -> bool:
    """Tell whether `SumCoverage` has no bins for a unit.

    What a random word does to a sum is no class of the sum, nor what scales and selections do;
    posits have classes of their own.
    """
    if params.get("scale") or params.get("sparsity") or params.get("rounding") == "stochastic":
        return True
    return any(isinstance(parse_format(params[key]), PositFormat) for key in "ab" if key in params)
