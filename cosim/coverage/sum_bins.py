"""Bins of ``round(sum of a[i] * b[i], plus an addend)``, and what is counted in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.coverage.classes import class_names, classify
from cosim.coverage.groups import Group
from cosim.golden.codec import as_format
from cosim.golden.dot import tables_of, window_of
from cosim.golden.exact import Word
from cosim.golden.rounding import INVALID, OVERFLOW, NumberFormat, Target, bit_length
from cosim.golden.sum_of_products import NO_TERM, SumOfProducts, Trace, Window
from cosim.golden.tables import Factor
from cosim.stimuli import Operands
from cosim.stimuli.books import Book, operands_of
from hdl.formats import FloatFormat, IntFormat

__all__ = ["BLOCK", "EVENTS", "FLOAT_CASES", "INT_CASES", "SumBins"]

Ints = NDArray[np.int64]

FLOAT_CASES = (
    "exact",
    "sticky only",
    "below half",
    "tie",
    "just above half",
    "above half",
    "special operand",
)
"""What is cut off a magnitude: of the first two bits of it, none, none, the second, ...

``sticky only`` is less than a quarter, ``just above half`` less than a quarter more than half.
"""

INT_CASES = ("exact", "below half", "tie", "above half", "special operand")
"""How far the sum is above the next lower integer."""

EVENTS = (
    "positive overflow",
    "negative overflow",
    "carry into the next binade",
    "subnormal rounded to the least normal",
    "not zero, but rounded to zero",
    "cancellation of two bits or more",
    "cancellation to zero",
)

BLOCK = 1 << 16
"""Products at once; a bound on memory."""


@dataclass(frozen=True)
class SumBins:
    """The bins of a unit of these parameters."""

    unit: str
    params: Mapping[str, Any]

    @cached_property
    def lanes(self) -> int:
        return self.params.get("lanes", 1)

    @cached_property
    def addend(self) -> str | None:
        """Format of the third term."""
        return self.params["y"] if self.params.get("accumulate") else self.params["c"]

    @cached_property
    def ports(self) -> tuple[str, ...]:
        return ("a", "b") if self.params["c"] is None else ("a", "b", "c")

    @cached_property
    def target(self) -> Target:
        params = self.params
        formats = [one.fmt for one in self.tables.values()]
        formats += [as_format(params[port]) for port in self.ports[2:]]
        integers = all(isinstance(fmt, IntFormat) for fmt in formats)
        return Target(
            as_format(params["y"]),
            params["rounding"],
            params["overflow"],
            params["subnormals"],
            integers=integers,
        )

    @cached_property
    def compute(self) -> SumOfProducts:
        a, b = (one.numbers if isinstance(one, Book) else one for one in self.factors)
        c = None if self.addend is None else as_format(self.addend)
        return SumOfProducts(a, b, c, self.lanes, self.target, self.window)

    @cached_property
    def factors(self) -> tuple[NumberFormat | Book, NumberFormat | Book]:
        """Formats of a and b, or their codebooks, in units of y's lowest bit."""
        if "lsb" in self.params:
            return operands_of(self.params)
        return as_format(self.params["a"]), as_format(self.params["b"])

    @cached_property
    def tables(self) -> dict[str, Factor]:
        """What is multiplied for a and b."""
        return tables_of(self.params)

    @cached_property
    def kinds(self) -> dict[str, Book | str]:
        """What the codes of a port are classified by."""
        books = dict(zip("ab", self.factors, strict=True))
        return {
            port: book if isinstance(book := books.get(port), Book) else self.params[port]
            for port in self.ports
        }

    @cached_property
    def window(self) -> Window | None:
        return window_of(self.params) if "align" in self.params else None

    @property
    def cases(self) -> tuple[str, ...]:
        return INT_CASES if isinstance(self.target.fmt, IntFormat) else FLOAT_CASES

    def groups(self) -> dict[str, Group]:
        """Return all bins, of which none counts as out of reach yet."""
        classes = {port: class_names(self.kinds[port]) for port in self.ports}
        groups = {port: Group.of(port, classes[port]) for port in self.ports}
        factors = "a x b" if self.lanes == 1 else "a x b in one lane"
        groups["factors"] = Group.of(factors, classes["a"], classes["b"])
        if self.unit == "fma":
            groups["terms"] = Group.of("a x b x c", *classes.values())
        names = class_names(self.params["y"])
        groups["results"] = Group.of("y x rounding", names, self.cases)
        groups["events"] = Group.of("events", EVENTS)
        return groups

    def count(self, groups: dict[str, Group], operands: Operands, results: Operands) -> None:
        """Count operands; see `cosim.coverage.sum_of_products.SumCoverage.count`."""
        rows = max(1, BLOCK // self.lanes)
        total = len(operands["a"])
        addends = self._addends(operands, results)
        for start in range(0, total, rows):
            part = {port: codes[start : start + rows] for port, codes in operands.items()}
            c = None if addends is None else addends[start : start + rows]
            self._count_operands(groups, part)
            a, b = (
                one.numbers(part[port]).reshape(len(part[port]), self.lanes)
                for port, one in self.tables.items()
            )
            self.count_results(groups, self.compute.trace(a, b, c))

    def _addends(self, operands: Operands, results: Operands) -> NDArray[Any] | None:
        if not self.params.get("accumulate"):
            return operands.get("c")
        before = np.roll(results["y"], 1)
        before[operands["first"] != 0] = 0
        return before

    def _count_operands(self, groups: dict[str, Group], operands: Operands) -> None:
        found = {port: classify(operands[port], self.kinds[port]) for port in self.ports}
        for port, classes in found.items():
            groups[port].count(classes)
        groups["factors"].count(found["a"], found["b"])
        if "terms" in groups:
            groups["terms"].count(*(found[port].ravel() for port in self.ports))

    def count_results(self, groups: dict[str, Group], trace: Trace) -> None:
        cases = np.where(trace.is_special, len(self.cases) - 1, self._case(trace))
        groups["results"].count(classify(trace.codes, self.target.fmt), cases)
        events = self._events(trace) & ~trace.is_special
        event, _ = np.nonzero(events)
        groups["events"].count(event)

    def _case(self, trace: Trace) -> NDArray[np.intp]:
        if isinstance(self.target.fmt, IntFormat):
            return trace.fraction.astype(np.intp)
        magnitude, shift, _ = self._truncate(trace.sum)
        places = shift.astype(np.uint64)
        unit = (np.uint64(1) << places) - np.uint64(1)
        cut = magnitude.astype(np.uint64) & unit
        quarters, rest = (cut << 2) >> places, (cut << 2) & unit > 0
        return np.select(
            [cut == 0, quarters == 0, quarters == 1, (quarters == 2) & ~rest, quarters == 2],
            [0, 1, 2, 3, 4],
            5,
        )

    def _truncate(self, total: Word) -> tuple[Ints, Ints, Ints]:
        """Return magnitude, bits to cut off it, and the code of what is left of it."""
        fmt = self.target.fmt
        assert isinstance(fmt, FloatFormat)
        magnitude, exponent = np.abs(total.value), np.asarray(total.exponent)
        ulp = np.maximum(bit_length(magnitude) + exponent - fmt.precision, fmt.min_ulp_exponent)
        ulp = np.where(magnitude == 0, fmt.min_ulp_exponent, ulp)
        # With 63, or more, all that there is is less than a quarter: no need to tell how much less.
        shift = np.clip(ulp - exponent, 0, 63)
        kept = np.where(
            ulp >= exponent, magnitude >> shift, magnitude << np.maximum(exponent - ulp, 0)
        )
        return magnitude, shift, kept + ((ulp - fmt.min_ulp_exponent) << fmt.mantissa_bits)

    def _events(self, trace: Trace) -> NDArray[np.bool_]:
        """Return which of `EVENTS` happened, shape (event, n)."""
        fmt, value = self.target.fmt, trace.sum.value
        bit = INVALID if isinstance(fmt, IntFormat) else OVERFLOW
        overflow = trace.flags & bit != 0
        zero = trace.codes == 0
        carry = to_normal = np.zeros(len(value), dtype=np.bool_)
        if isinstance(fmt, FloatFormat):
            _, _, truncated = self._truncate(trace.sum)
            code = trace.codes.astype(np.int64) & fmt.magnitude_mask
            zero = code == 0
            up = ~overflow & (code == truncated + 1) & (code & ((1 << fmt.mantissa_bits) - 1) == 0)
            to_normal = up & (code == 1 << fmt.mantissa_bits)
            carry = up & ~to_normal
        leading = np.where(value == 0, 0, bit_length(np.abs(value)) - 1) + trace.sum.exponent
        has_terms = trace.largest > NO_TERM
        return np.array(
            [
                overflow & (value > 0),
                overflow & (value < 0),
                carry,
                to_normal,
                zero & (value != 0) & ~overflow,
                (value != 0) & (trace.largest - leading >= 2),
                (value == 0) & has_terms,
            ]
        )
