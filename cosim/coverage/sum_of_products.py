"""Coverage of ``round(sum of a[i] * b[i], plus an addend)``: `fma` and `dot`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import floor, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.coverage.classes import class_names, classify
from cosim.coverage.groups import Coverage, Group
from cosim.golden.codec import NEGATIVE, Operand, Span, as_format, code_dtype
from cosim.golden.dot import tables_of, window_of
from cosim.golden.exact import Word
from cosim.golden.rounding import (
    INVALID,
    OVERFLOW,
    NumberFormat,
    Target,
    bit_length,
    round_float,
    round_int,
)
from cosim.golden.sum_of_products import LEAST_MAXIMUM, NO_TERM, SumOfProducts, Trace, Window
from cosim.golden.tables import Factor
from cosim.stimuli import Operands, get_stimuli
from cosim.stimuli.books import Book, operands_of
from hdl.formats import FloatFormat, Format, IntFormat

__all__ = ["SumCoverage"]

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

ENUMERATED_BITS = 20
"""Operand bits up to which all operands are tried to learn which bins can be reached."""

FACTOR_BITS = 16
"""Bits of both factors up to which it is tried which of their products differ."""

RUN = 64
"""Cycles after `first` within which an accumulator is held to reach what it can."""

_BLOCK = 1 << 16
"""Products at once; a bound on memory."""


class SumCoverage:
    """Counts operand classes, their combinations, result classes by rounding case, and events.

    Which bins can be reached is found by trying everything where that is little, and otherwise by
    an argument: the sum is a multiple of the product of the smallest operands (or of the addend's
    lowest bit) and lies between the sums of the largest; whatever such a multiple can lead to is
    held to be reachable. Nothing that can happen escapes that argument; it may hold a bin to be
    reachable that is not, for operands so few that their sums have gaps.

    Parameters
    ----------
    unit, params
        ``fma`` or ``dot``, and its normalised parameters.
    """

    def __init__(self, unit: str, params: Mapping[str, Any]) -> None:
        self._bins = _Bins(unit, params)
        self._groups = self._bins.groups()
        self._derivation = self._bins.find_reachable(self._groups)

    def count(self, operands: Operands, results: Operands) -> None:
        """Count operands with the results that the golden model gives for them.

        Parameters
        ----------
        operands, results
            Codes by port. With an accumulator, streams that all begin with `first`.
        """
        self._bins.count(self._groups, operands, results)

    def coverage(self) -> Coverage:
        """Return what was counted so far."""
        return Coverage(tuple(self._groups.values()), self._derivation)


@dataclass(frozen=True)
class _Bins:
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
        """Count operands; see `SumCoverage.count`."""
        rows = max(1, _BLOCK // self.lanes)
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
            self._count_results(groups, self.compute.trace(a, b, c))

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

    def _count_results(self, groups: dict[str, Group], trace: Trace) -> None:
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

    def find_reachable(self, groups: dict[str, Group]) -> str:
        """Mark the bins that can be reached, and return how they were found, for people.

        Operands are free: all their combinations can be reached.
        """
        stimuli = get_stimuli(self.unit)
        bits = stimuli.space_bits(self.params)
        tried = self.groups()
        if bits <= ENUMERATED_BITS:
            for start in range(0, 1 << bits, _BLOCK):
                count = min(_BLOCK, (1 << bits) - start)
                self.count(tried, stimuli.enumerate_space(self.params, start, count), {})
            for name, group in groups.items():
                group.reachable = tried[name].hits > 0
            return f"all 2^{bits} operands"
        terms = self._distinct_terms()
        if terms is not None:
            a, b, c = terms
            for start in range(0, len(c), _BLOCK):
                block = slice(start, start + _BLOCK)
                trace = self.compute.trace(a[block, None], b[block, None], c[block])
                self._count_results(tried, trace)
            for name in ("results", "events"):
                groups[name].reachable = tried[name].hits > 0
            return f"all {len(c):,} sums of a different product or addend"
        self._mark_derived(groups, cycles=1)
        if not self._has_cycles:
            return "range and lowest bit of the sum"
        self._mark_derived(tried, cycles=RUN)
        for name in ("results", "events"):
            groups[name].optional = tried[name].reachable
        return "range and lowest bit of the sum of one cycle; what takes more of them is optional"

    def _distinct_terms(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
        """Return codes of a, b and c for all sums there are, where one product is added to c.

        Of the factors whose products are the same in value, sign, kind and exponents, one pair
        each. None where there are too many sums, or more terms.
        """
        formats = [self.params[port] for port in self.ports]
        if self.lanes > 1 or len(formats) < 3 or any(isinstance(one, Book) for one in self.factors):
            return None
        fmt_a, fmt_b, fmt_c = map(as_format, formats)
        if fmt_a.bits + fmt_b.bits > FACTOR_BITS or fmt_c.bits > ENUMERATED_BITS:
            return None
        every = [np.arange(1 << fmt.bits).astype(code_dtype(fmt.bits)) for fmt in (fmt_a, fmt_b)]
        a, b = (axis.ravel() for axis in np.meshgrid(*every, indexing="ij"))
        x, y = (Operand(k, f, self.target.flush) for k, f in ((a, fmt_a), (b, fmt_b)))
        (s_a, e_a), (s_b, e_b) = x.unpack(), y.unpack()
        kinds = x.traits() ^ y.traits() & NEGATIVE | y.traits() & ~NEGATIVE
        kinds |= x.traits() & ~NEGATIVE
        leading = bit_length(np.abs(s_a)) + e_a + bit_length(np.abs(s_b)) + e_b
        keys = np.stack([np.ldexp((s_a * s_b).astype(np.float64), e_a + e_b), leading, kinds])
        _, chosen = np.unique(keys, axis=1, return_index=True)
        if len(chosen) << fmt_c.bits > 1 << ENUMERATED_BITS:
            return None
        c = np.arange(1 << fmt_c.bits).astype(code_dtype(fmt_c.bits))
        return (
            np.repeat(a[chosen], len(c)),
            np.repeat(b[chosen], len(c)),
            np.tile(c, len(chosen)),
        )

    def _mark_derived(self, groups: dict[str, Group], *, cycles: int) -> None:
        """Mark the results and events that an argument about the sums leaves possible."""
        derived = self.groups()
        self._count_results(derived, self._possible_sums(self._range(cycles)))
        for name in ("results", "events"):
            groups[name].reachable = derived[name].hits > 0
        self._mark_zeros_and_specials(groups["results"])
        self._mark_cancellation(groups["events"])

    @cached_property
    def _has_cycles(self) -> bool:
        return bool(self.params.get("accumulate"))

    @cached_property
    def _lowest(self) -> int:
        """Exponent of a power of two that every sum is a multiple of."""
        lowest = sum(_span(fmt).exponent for fmt in self.factors)
        fmt = self.target.fmt
        if self._has_cycles:
            # What was rounded is no multiple of less, unless a limit of y stood in for it.
            limit = 0 if isinstance(fmt, IntFormat) else fmt.max_exponent - fmt.mantissa_bits
            return min(lowest, limit)
        return lowest if self.addend is None else min(lowest, _span(self.addend).exponent)

    @cached_property
    def _products(self) -> tuple[int, int]:
        """Smallest and largest sum of products, in units of ``2^_lowest``."""
        (a_low, a_high), (b_low, b_high) = (_limits(fmt) for fmt in self.factors)
        shift = sum(_span(fmt).exponent for fmt in self.factors) - self._lowest
        corners = [(x * y) << shift for x in (a_low, a_high) for y in (b_low, b_high)]
        return self.lanes * min(corners), self.lanes * max(corners)

    def _range(self, cycles: int) -> tuple[int, int]:
        """Smallest and largest sum, in units of ``2^_lowest``, in so many cycles after `first`."""
        low, high = self._products
        if self._has_cycles:
            return cycles * low, cycles * high
        if self.addend is None:
            return low, high
        shift = self._addend_weight
        c_low, c_high = _limits(self.addend)
        return low + (c_low << shift), high + (c_high << shift)

    def _is_possible(self, first: int, last: int, bounds: tuple[int, int], reach: int) -> bool:
        """Tell whether a sum may lie between `first` and `last`, in units of ``2^_lowest``.

        It is a multiple of the unit, within `bounds`, and no farther from the nearest addend than
        products go, nor than `reach`.
        """
        first, last = max(first, bounds[0]), min(last, bounds[1])
        if first > last or self.addend is None:
            return first <= last
        if not self._has_multiple(first, last):
            return False
        low, high = max(self._products[0], -reach), min(self._products[1], reach)
        return any(
            max(first, addend + low) <= min(last, addend + high)
            for bound in (first, last)
            for addend in self._addends_around(bound)
        )

    def _has_multiple(self, first: int, last: int) -> bool:
        """Tell whether a small sum between the two may be what is left of larger terms.

        Products are multiples of their lowest bit. A sum closer to zero than half of that is an
        addend by itself, or what an addend of at least the other half leaves of them: a multiple
        of the lower of that bit and the addend's last place.
        """
        fmt = as_format(self.addend or "")
        unit = 1 << (sum(_span(one).exponent for one in self.factors) - self._lowest)
        if not isinstance(fmt, FloatFormat) or self._has_cycles:
            return True
        if 2 * max(abs(first), abs(last)) >= unit:
            return True
        if any(first <= addend <= last for addend in self._addends_around(first)):
            return True
        place = max((unit >> 1).bit_length() - fmt.precision, self._addend_weight, 0)
        step = min(unit, 1 << place)
        return -(-first // step) * step <= last

    def _addends_around(self, value: int) -> tuple[int, int]:
        """Return the nearest values that an addend can have below and above, in the same unit."""
        assert self.addend is not None
        fmt = as_format(self.addend)
        low, high = _limits(self.addend)
        shift = self._addend_weight
        units = value >> shift if shift >= 0 else value << -shift
        step = 1
        if isinstance(fmt, FloatFormat):
            step <<= max(0, abs(units).bit_length() - fmt.precision)
        below, above = units - units % step, units - units % step + step
        if isinstance(fmt, FloatFormat) and self.target.flush:
            least = 1 << fmt.mantissa_bits
            below = (0 if below >= 0 else -least) if abs(below) < least else below
            above = (0 if above <= 0 else least) if abs(above) < least else above
        clipped = (min(max(k, low), high) for k in (below, above))
        down, up = (k << shift if shift >= 0 else k >> -shift for k in clipped)
        return down, up

    def _possible_sums(self, bounds: tuple[int, int]) -> Trace:
        """Return the roundings of sums that there may be, zero left out: a few of every kind."""
        fmt = self.target.fmt
        if isinstance(fmt, IntFormat):
            return self._possible_integers(fmt, bounds)
        low, high = bounds
        values: list[int] = []
        exponents: list[int] = []
        top = self._lowest + max(-low, high).bit_length()
        for exponent in range(fmt.min_ulp_exponent, max(fmt.min_ulp_exponent, top) + 1):
            for significand in self._significands(fmt, exponent):
                for eighths in self._cases_at(significand, exponent - self._lowest, bounds):
                    values.append(eighths)
                    exponents.append(exponent - 3)
        total = Word(np.array(values, dtype=np.int64), np.array(exponents, dtype=np.int64))
        rounded = round_float(total.value, total.exponent, self.target)
        if self.window:  # where overflow is infinite whatever the rounding
            for negative in (False, True):
                beyond = (rounded.flags & OVERFLOW > 0) & ((total.value < 0) == negative)
                rounded.codes[beyond] = self.target.infinity_code(negative)
        return self._finite(total, rounded.codes, rounded.flags, np.zeros(len(values), np.uint8))

    def _cases_at(self, significand: int, weight: int, bounds: tuple[int, int]) -> Iterator[int]:
        """Yield examples, in eighths of the last place, of the sums that truncate to a magnitude.

        Parameters
        ----------
        significand, weight
            The magnitude, with that exponent relative to the lowest one of a sum.
        bounds
            Smallest and largest sum.
        """
        # A single product has no more bits than its factors together.
        single = self.lanes == 1 and not self._has_cycles
        bits = sum(_precision(fmt) for fmt in self.factors)
        for eighth in (0, 1, 2, 4, 5, 6):
            example = 8 * significand + eighth
            if example == 0 or not self._fits_window(example, weight - 3):
                continue
            # The lowest bit that has to be set; where no addend has it, the product must.
            lowest = (example & -example).bit_length() - 1 + weight - 3
            reach = 1 << max(0, lowest + bits)
            if not single or (self.addend is not None and lowest >= self._addend_weight):
                reach = max(map(abs, self._products))
            elif self.addend is None and (example // (example & -example)).bit_length() > bits:
                continue
            # In quarters: exact and ties are points, the others reach up to the next quarter.
            quarters = 4 * significand + eighth // 2
            first = _scaled(quarters, weight - 2)
            last = _scaled(quarters + 1, weight - 2) - 1
            if eighth in (0, 4):
                if _scaled(-quarters, weight - 2) != -first:
                    continue  # no multiple of the unit
                last = first
            elif eighth in (1, 5) and _scaled(-quarters, weight - 2) == -first:
                first += 1
            if self._is_possible(first, last, bounds, reach):
                yield example
            if self._is_possible(-last, -first, bounds, reach):
                yield -example

    def _fits_window(self, number: int, weight: int) -> bool:
        """Tell whether the bits of ``number * 2^weight``, in units of ``2^_lowest``, may be kept.

        The lowest is in the window of the largest exponent E, and the sum is no larger than that of
        terms of exponent E with the largest significands there are. Where the products cannot even
        be half of it, the addend is the rest.
        """
        window = self.window
        if window is None:
            return True
        leading = number.bit_length() - 1 + weight
        lowest = (number & -number).bit_length() - 1 + weight
        if lowest + self._lowest < LEAST_MAXIMUM - window.kept_bits:
            return False
        small = max(map(abs, self._products)) <= _scaled(1, leading - 1)
        alone = self.addend is not None and small
        above = 1 if alone else floor(log2(self._largest_sum))
        return leading - lowest <= window.kept_bits + above

    @cached_property
    def _largest_sum(self) -> float:
        """Largest sum of terms, all of exponent 0."""
        a, b = (2 - 2.0 ** (1 - _precision(fmt)) for fmt in self.factors)
        addend = 0 if self.addend is None else 2 - 2.0 ** (1 - _precision(self.addend))
        return self.lanes * a * b + addend

    def _significands(self, fmt: FloatFormat, exponent: int) -> set[int]:
        """Return what is worth trying in a binade: both ends, the middle, and next to them."""
        hidden = 1 << fmt.mantissa_bits
        # The sums are that many units in the last place apart, if not closer.
        step = 1 << min(max(0, self._lowest - exponent), fmt.mantissa_bits)
        tried = {hidden, hidden + step, 2 * hidden - step, 2 * hidden - 2 * step, 3 * hidden // 2}
        largest = (fmt.max_code & (hidden - 1)) + hidden
        tried |= {largest - 1, largest, largest + 1}
        if exponent == fmt.min_ulp_exponent:
            tried |= {0, 1, 2, 3, hidden - step, hidden - 2 * step, step, 2 * step, hidden // 2}
            return {k for k in tried if 0 <= k < 2 * hidden}
        return {k for k in tried if hidden <= k < 2 * hidden}

    @cached_property
    def _addend_weight(self) -> int:
        """Exponent of the lowest bit that an addend can have, relative to that of the sum."""
        assert self.addend is not None
        return _span(self.addend).exponent - self._lowest

    def _possible_integers(self, fmt: IntFormat, bounds: tuple[int, int]) -> Trace:
        low, high = bounds
        ends = [low >> -self._lowest, high >> -self._lowest] if self._lowest < 0 else []
        if self._lowest >= 0:
            ends = [low << self._lowest, high << self._lowest]
        # Wrapped, every code comes from sums that are out of range as well.
        wraps = [1 << fmt.bits, -(1 << fmt.bits)] if self.target.overflow == "wrap" else []
        middles = [0, fmt.min_value, fmt.max_value, *ends]
        middles += [wrap + code for wrap in wraps for code in middles[:3]]
        values: list[tuple[int, int]] = []
        for whole in sorted({middle + k for middle in middles for k in range(-4, 5)}):
            for quarters in range(4):
                # A fraction of its class: a quarter, a half, three quarters.
                weight = -2 - self._lowest
                number = 4 * whole + quarters
                scaled = number << weight if weight >= 0 else number >> -weight
                exact = weight >= 0 or scaled << -weight == number
                if exact and number and low <= scaled <= high:
                    values.append((whole, quarters))
        wholes = [whole for whole, _ in values]
        fraction = np.array([quarters for _, quarters in values], dtype=np.uint8)
        top = np.array([np.clip(whole >> 32, -(1 << 33), 1 << 33) for whole in wholes], np.int64)
        bottom = np.array([whole & 0xFFFF_FFFF for whole in wholes], dtype=np.int64)
        rounded = round_int(top, bottom, fraction, self.target)
        # Only sign and zero matter of what the sums were.
        signs = np.array([(4 * w + q > 0) - (4 * w + q < 0) for w, q in values], dtype=np.int64)
        return self._finite(Word(signs, 0), rounded.codes, rounded.flags, fraction)

    def _finite(
        self,
        total: Word,
        codes: NDArray[Any],
        flags: NDArray[np.uint8],
        fraction: NDArray[np.uint8],
    ) -> Trace:
        count = len(codes)
        return Trace(
            codes.astype(code_dtype(self.target.fmt.bits)),
            flags,
            np.zeros(count, dtype=np.bool_),
            total,
            fraction,
            np.full(count, NO_TERM),
        )

    def _mark_zeros_and_specials(self, group: Group) -> None:
        """Mark the results of sums that are zero, and of infinities and NaN."""
        target = self.target
        names, special = group.axes[0], len(self.cases) - 1

        def mark(code: int, case: int) -> None:
            codes = np.array([code], dtype=code_dtype(target.fmt.bits))
            group.reachable[classify(codes, target.fmt)[0], case] = True

        mark(0, 0)
        signed = any(one.is_signed for one in self.factors)
        last = as_format(self.params["c"]) if "c" in self.ports else None
        if target.rounding == "rdn":
            negative = signed or (last is not None and last.is_signed)
        else:
            negative = signed and (
                last is None or (isinstance(last, FloatFormat) and last.has_negative_zero)
            )
        if negative:
            mark(target.zero_code(True), 0)
        floats = [fmt for fmt in (*self.factors, last) if isinstance(fmt, FloatFormat)]
        infinite = any(fmt.has_inf for fmt in floats)
        nan = any(fmt.has_nan for fmt in floats)
        if self._has_cycles and isinstance(target.fmt, FloatFormat):
            # What overflowed stays in the accumulator.
            stored = [names[k] for k in np.unique(np.nonzero(group.reachable[:, :special])[0])]
            infinite |= any(name.endswith("infinity") for name in stored)
            nan |= any(name.endswith("NaN") for name in stored)
        if infinite:
            mark(target.infinity_code(False), special)
            if signed or (last is not None and last.is_signed):
                mark(target.infinity_code(True), special)
        if nan:
            mark(target.nan_code, special)

    def _mark_cancellation(self, group: Group) -> None:
        """Terms cancel where there are two of both signs."""
        low, high = self._range(RUN)
        several = self.lanes > 1 or self.addend is not None
        for event in EVENTS[-2:]:
            group.reachable[EVENTS.index(event)] = several and low < 0 < high


_NO_CODES = np.empty(0, dtype=np.uint8)


def _span(name: Format | Book | str) -> Span:
    if isinstance(name, Book):
        lowest, low, high = name.span
        return Span(lowest, max(-low, high))
    return Operand(_NO_CODES, as_format(name)).span


def _precision(name: Format | Book | str) -> int:
    if isinstance(name, Book):
        return name.precision
    return Operand(_NO_CODES, as_format(name)).precision


def _scaled(number: int, exponent: int) -> int:
    """Return ``number * 2^exponent``, rounded up."""
    return number << exponent if exponent >= 0 else -(-number >> -exponent)


def _limits(name: Format | Book | str) -> tuple[int, int]:
    """Return the smallest and largest value in units of the span's exponent."""
    if isinstance(name, Book):
        return name.span[1:]
    fmt = as_format(name)
    if isinstance(fmt, IntFormat):
        return fmt.min_value, fmt.max_value
    magnitude = _span(name).magnitude
    return (-magnitude if fmt.signed else 0), magnitude
