"""Coverage of `log_dot` and `log_add`: exponents, remainders, distances and results met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.coverage.groups import Coverage, Group
from cosim.stimuli import Operands
from hdl.formats import LogFormat, parse_format

__all__ = ["LogAddCoverage", "LogDotCoverage"]

KINDS = ("zero", "smallest", "number", "largest")
SIGNS = ("+", "-")
CODES = tuple(f"{sign}{kind}" for kind in KINDS for sign in SIGNS)

DERIVATION = "every exponent, distance and code that there is can be met"


class _LogCoverage:
    """What both have in common: the format, and classes of its codes."""

    def __init__(self, unit: str, params: Mapping[str, Any]) -> None:
        del unit  # each class is for one
        fmt = parse_format(params["format"])
        assert isinstance(fmt, LogFormat)
        self.fmt = fmt
        self.params = params
        self.groups: list[Group] = []

    def coverage(self) -> Coverage:
        """Return what was counted so far."""
        return Coverage(tuple(self.groups), DERIVATION)

    def _classes(self, codes: NDArray[Any]) -> NDArray[np.intp]:
        """Return which of `CODES` each code belongs to."""
        exponent = codes.astype(np.int64) & self.fmt.max_code
        kind = np.select(
            [exponent == 0, exponent == 1, exponent == self.fmt.max_code], [0, 1, 3], 2
        )
        return 2 * kind + (codes.astype(np.int64) > self.fmt.max_code)

    def _exists(self) -> NDArray[np.bool_]:
        """Return which of `CODES` have codes."""
        found = np.zeros(len(CODES), np.bool_)
        found[self._classes(np.arange(2 * self.fmt.sign_mask))] = True
        return found

    def _result_group(self) -> Group:
        """Return the classes of results; there is no negative zero among them."""
        group = Group.of("results", CODES)
        group.reachable = self._exists()
        group.reachable[1] = False
        return group


class LogDotCoverage(_LogCoverage):
    """Counts pairs of operands, quotients and remainders of products, controls and results.

    Parameters
    ----------
    unit, params
        As for `cosim.coverage.counter_for`.
    """

    def __init__(self, unit: str, params: Mapping[str, Any]) -> None:
        super().__init__(unit, params)
        fmt = self.fmt
        exists = self._exists()
        self._pairs = Group("operands", (CODES, CODES), exists[:, None] & exists)
        steps, octaves = 1 << fmt.fraction_bits, 2 << fmt.integer_bits
        exponent = np.arange(steps * octaves).reshape(octaves, steps)
        self._products = Group(
            "products",
            tuple(tuple(f"{name} {k}" for k in range(count)) for name, count in _parts(fmt)),
            (exponent >= 2) & (exponent <= 2 * fmt.max_code),
        )
        self._controls = Group.of("controls", ("first", "goes on"), ("last", "not last"))
        self._overflow = Group.of("overflow", ("no", "yes"))
        self._results = self._result_group()
        # With few quotients or bits, sums need not reach both ends of the format.
        self._results.optional = self._results.reachable.copy()
        self._results.reachable = np.zeros_like(self._results.reachable)
        self._results.reachable[[0, 4, 5]] = self._exists()[[0, 4, 5]]
        self.groups = [
            self._pairs,
            self._products,
            self._controls,
            self._overflow,
            self._results,
        ]

    def count(self, operands: Operands, results: Operands) -> None:
        """Count operands with the results that the golden model gives for them."""
        fmt = self.fmt
        a, b = operands["a"], operands["b"]
        self._pairs.count(self._classes(a), self._classes(b))
        e, f = (codes.astype(np.int64) & fmt.max_code for codes in (a, b))
        exponent = (e + f)[(e != 0) & (f != 0)]
        self._products.count(
            exponent >> fmt.fraction_bits, exponent & ((1 << fmt.fraction_bits) - 1)
        )
        self._controls.count(
            (operands["first"] == 0).astype(np.intp), (operands["last"] == 0).astype(np.intp)
        )
        due = results.get("out_valid", operands["last"]) != 0
        self._overflow.count(results["overflow"][due].astype(np.intp))
        self._results.count(self._classes(results["y_log"][due]))


class LogAddCoverage(_LogCoverage):
    """Counts pairs of operands, distances with equal and opposite signs, and results.

    Parameters
    ----------
    unit, params
        As for `cosim.coverage.counter_for`.
    """

    def __init__(self, unit: str, params: Mapping[str, Any]) -> None:
        super().__init__(unit, params)
        exists = self._exists()
        self._pairs = Group("operands", (CODES, CODES), exists[:, None] & exists)
        distances = tuple(str(distance) for distance in range(self.fmt.max_code))
        self._distances = Group.of("distances", ("sum", "difference"), distances)
        self._results = self._result_group()
        self.groups = [self._pairs, self._distances, self._results]

    def count(self, operands: Operands, results: Operands) -> None:
        """Count operands with the results that the golden model gives for them."""
        a, b = (operands[port].astype(np.int64) for port in "ab")
        self._pairs.count(self._classes(a), self._classes(b))
        e, f = a & self.fmt.max_code, b & self.fmt.max_code
        both = (e != 0) & (f != 0)
        opposed = ((a ^ b) & self.fmt.sign_mask != 0).astype(np.intp)
        self._distances.count(opposed[both], np.abs(e - f)[both])
        self._results.count(self._classes(results["y"]))


def _parts(fmt: LogFormat) -> tuple[tuple[str, int], ...]:
    return ("quotient", 2 << fmt.integer_bits), ("remainder", 1 << fmt.fraction_bits)
