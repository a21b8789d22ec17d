"""One sum of all products and an addend: in integers, or in one wide fixed-point word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cosim.formal.plain.operands import Vector, integer, unpack
from cosim.formal.plain.results import float_result, integer_result, rounded_integer
from cosim.formal.plain.selection import selection
from cosim.formal.plain.shape import Scales, Shape, Window
from cosim.formal.plain.verilog import bits, module, padded
from hdl.formats import FloatFormat, IntFormat

__all__ = ["sum_of_products"]

GUARD_BITS = 2
"""Zeros below everything, so that whatever is rounded has a half and something below it."""

SHIFT_BITS = 12
"""Bits of the sum of the exponents of a term, which have at most 11."""

LEAST_EXPONENT = -126
"""Least of the largest exponents that a window counts from."""


def sum_of_products(name: str, shape: Shape) -> str:
    """Return a module, without registers, that answers what a unit of that shape is to."""
    lines = ["assign out_valid = in_valid;"]
    if shape.selection:
        lines.append(f"wire [{shape.a.bits * shape.lanes - 1}:0] {shape.a.port};")
        lines += selection(shape.selection, shape.a.bits, "a", shape.a.port)
    lines += _integer_body(shape) if shape.is_integer else _fixed_body(shape)
    inputs, outputs = [("in_valid", 1), *shape.inputs()], [("out_valid", 1), *shape.outputs()]
    return module(name, inputs, outputs, lines)


# Integers: nothing but * and +.


def _integer_body(shape: Shape) -> Iterator[str]:
    y, scales, addend = shape.y, shape.scales, shape.addend
    assert isinstance(y, IntFormat)
    product_bits = shape.a.bits + shape.b.bits
    if scales:
        product_bits += scales.a.bits + scales.b.bits
    # Bits that hold every sum, and y, as two's complement.
    widest = max(product_bits, addend.bits if addend else 0, y.bits)
    width = widest + (shape.lanes + 1).bit_length() + 1
    if scales:
        for block in range(shape.lanes // scales.length):
            yield from _scale_product(scales, block, width)
    terms: list[str] = []
    for lane in range(shape.lanes):
        factors: list[str] = []
        for key, vector in (("a", shape.a), ("b", shape.b)):
            stem = f"{key}_{lane}"
            yield from vector.number(f"{stem}_number", lane)
            number = integer(f"{stem}_number", vector.fmt)
            yield f"wire signed [{width - 1}:0] {stem} = {number};"
            factors.append(stem)
        if scales:
            factors.append(f"scale_{lane // scales.length}")
        terms.append(" * ".join(factors))
    if addend is not None:
        condition = "first ? 0 : " if shape.accumulate else ""
        number = integer(addend.port, addend.fmt)
        yield f"wire signed [{width - 1}:0] addend = {condition}{number};"
        terms.append("addend")
    yield f"wire signed [{width - 1}:0] sum = {' + '.join(terms)};"
    yield from integer_result(shape, "sum", width, is_invalid="1'b0", is_inexact="1'b0")


def _scale_product(scales: Scales, block: int, width: int) -> Iterator[str]:
    """Yield the product of two integer scales, rounded to even, and at most all ones."""
    full, dropped, stem = scales.a.bits + scales.b.bits, scales.dropped, f"scale_{block}"
    left, right = scales.a.code(block), scales.b.code(block)
    yield f"wire [{full - 1}:0] {stem}_product = {left} * {right};"
    if not dropped:
        yield f"wire signed [{width - 1}:0] {stem} = $signed({{1'b0, {stem}_product}});"
        return
    kept = full - dropped
    largest = (1 << kept) - 1
    half = bits(1 << (dropped - 1), dropped)
    yield f"wire [{kept - 1}:0] {stem}_whole = {stem}_product[{full - 1}:{dropped}];"
    yield f"wire [{dropped - 1}:0] {stem}_lost = {stem}_product[{dropped - 1}:0];"
    yield (f"wire {stem}_up = {stem}_lost > {half} || ({stem}_lost == {half} && {stem}_whole[0]);")
    rounded = f"{stem}_whole == {bits(largest, kept)} ? {stem}_whole : {stem}_whole + {stem}_up"
    yield f"wire [{kept - 1}:0] {stem}_rounded = {rounded};"
    yield f"wire signed [{width - 1}:0] {stem} = $signed({{1'b0, {stem}_rounded}});"


# Everything else: unpack, one exact sum, one rounding.


@dataclass(frozen=True)
class _Term:
    """A wire that holds a magnitude in units of ``2^unit``, and the stem of its other wires.

    `fraction_bits` are the places between its lowest bit, not shifted, and the 1 of a normal
    number; `least` is the least exponent that it has unless it is zero.
    """

    stem: str
    width: int
    unit: int
    fraction_bits: int

    @classmethod
    def product(cls, stem: str, factors: Sequence[Vector]) -> _Term:
        return cls(
            stem,
            width=sum(vector.span for vector in factors),
            unit=sum(vector.unit for vector in factors),
            fraction_bits=sum(vector.precision - 1 for vector in factors),
        )

    @property
    def least(self) -> int:
        return self.unit + self.fraction_bits


def _fixed_body(shape: Shape) -> Iterator[str]:
    terms, lines = _terms(shape)
    yield from lines
    stems = [term.stem for term in terms]
    yield from _special_sums(shape, stems)
    unit = _lowest_unit(shape, terms)
    top = max(term.unit + term.width for term in terms) - unit
    width = top + len(terms).bit_length() + 1
    for term in terms:
        magnitude = padded(f"{term.stem}_magnitude", term.width, width)
        yield f"wire [{width - 1}:0] {term.stem}_fixed = {magnitude} << {term.unit - unit};"
    added = "fixed"
    if shape.window:
        yield from _cut(shape.window, terms, width, unit)
        added = "kept"
    for stem in stems:
        signed = f"{stem}_sign ? -{stem}_{added} : {stem}_{added}"
        yield f"wire [{width - 1}:0] {stem}_signed = {signed};"
    yield f"wire [{width - 1}:0] sum = {' + '.join(f'{stem}_signed' for stem in stems)};"
    yield f"wire sign = sum[{width - 1}];"
    yield f"wire [{width - 1}:0] magnitude = sign ? -sum : sum;"
    if isinstance(shape.y, FloatFormat):
        yield from float_result(shape, shape.y, width, unit)
    else:
        yield from rounded_integer(shape, shape.y, width, unit)


def _terms(shape: Shape) -> tuple[list[_Term], list[str]]:
    """Return all products and the addend, and the lines that make them."""
    terms: list[_Term] = []
    lines: list[str] = []
    for lane in range(shape.lanes):
        factors = [(f"a_{lane}", lane, shape.a), (f"b_{lane}", lane, shape.b)]
        block, place = 0, lane
        if shape.scales:
            block, place = divmod(lane, shape.scales.length)
            both = (("scale_a", shape.scales.a), ("scale_b", shape.scales.b))
            factors += [(f"{key}_{block}", block, vector) for key, vector in both]
        for stem, at, vector in factors:
            if stem.startswith("scale") and place:
                continue  # there from the first lane of the block
            lines += vector.number(stem, at)
            lines += unpack(stem, vector.fmt, flush=shape.flush)
        term = _Term.product(f"product_{lane}", [vector for *_, vector in factors])
        lines += _product(term, [stem for stem, *_ in factors])
        terms.append(term)
    addend = shape.addend
    if addend is not None:
        lines += addend.number("addend", 0)
        lines += unpack("addend", addend.fmt, flush=shape.flush)
        unit = shape.lsb if isinstance(addend.fmt, IntFormat) else addend.unit
        term = _Term("addend_term", addend.span, unit, addend.precision - 1)
        lines += _addend(term, addend, accumulate=shape.accumulate)
        terms.append(term)
    return terms, lines


def _lowest_unit(shape: Shape, terms: Sequence[_Term]) -> int:
    """Return the weight of the lowest bit of one word for all.

    It is below all terms, below the end of every window, and below half of y's least step.
    """
    unit, y = min(term.unit for term in terms), shape.y
    if shape.window:
        least = min(term.least for term in terms)
        unit = min(unit, max(least, LEAST_EXPONENT) - shape.window.kept_bits)
    if isinstance(y, FloatFormat):
        return min(unit - y.precision, y.min_ulp_exponent) - GUARD_BITS
    return min(unit, shape.lsb) - GUARD_BITS


def _product(term: _Term, factors: Sequence[str]) -> Iterator[str]:
    """Yield a product of two elements and, after these, their scales."""
    stem, left, right = term.stem, factors[0], factors[1]
    significand_bits = term.fraction_bits + len(factors)
    significand = " * ".join(f"{factor}_significand" for factor in factors)
    shift = " + ".join(f"{factor}_shift" for factor in factors)
    yield f"wire [{significand_bits - 1}:0] {stem}_significand = {significand};"
    yield f"wire [{SHIFT_BITS - 1}:0] {stem}_shift = {shift};"
    widened = padded(f"{stem}_significand", significand_bits, term.width)
    yield f"wire [{term.width - 1}:0] {stem}_magnitude = {widened} << {stem}_shift;"
    yield f"wire {stem}_sign = {left}_negative ^ {right}_negative;"
    infinite = f"({left}_inf || {right}_inf)"
    yield f"wire {stem}_undefined = {infinite} && ({left}_zero || {right}_zero);"
    yield f"wire {stem}_signaling = {left}_signaling || {right}_signaling;"
    nan = " || ".join(f"{factor}_nan" for factor in factors)
    yield f"wire {stem}_nan = {nan} || {stem}_undefined;"
    yield f"wire {stem}_inf = {infinite} && !{stem}_nan;"


def _addend(term: _Term, addend: Vector, *, accumulate: bool) -> Iterator[str]:
    stem = term.stem
    widened = padded("addend_significand", addend.precision, term.width)
    present = "!first && " if accumulate else ""
    magnitude = f"{widened} << addend_shift"
    if accumulate:
        magnitude = f"first ? {bits(0, term.width)} : {magnitude}"
    yield f"wire [{term.width - 1}:0] {stem}_magnitude = {magnitude};"
    yield f"wire [{SHIFT_BITS - 1}:0] {stem}_shift = addend_shift;"
    yield f"wire {stem}_sign = addend_negative, {stem}_undefined = 0;"
    for name in ("signaling", "nan", "inf"):
        yield f"wire {stem}_{name} = {present}addend_{name};"


def _special_sums(shape: Shape, stems: Sequence[str]) -> Iterator[str]:
    """Yield what terms that are no numbers make of the sum, and which zero a sum of zeros is."""

    def any_of(expressions: Iterable[str]) -> str:
        return " || ".join(expressions)

    yield f"wire any_pos_inf = {any_of(f'({s}_inf && !{s}_sign)' for s in stems)};"
    yield f"wire any_neg_inf = {any_of(f'({s}_inf && {s}_sign)' for s in stems)};"
    yield "wire is_conflict = any_pos_inf && any_neg_inf;"
    yield f"wire is_nan = is_conflict || {any_of(f'{s}_nan' for s in stems)};"
    yield "wire is_pos_inf = any_pos_inf && !is_nan, is_neg_inf = any_neg_inf && !is_nan;"
    invalid = (f"{s}_signaling || {s}_undefined" for s in stems)
    yield f"wire is_invalid = is_conflict || {any_of(invalid)};"
    # A sum that is zero is -0 if all terms are negative; rounded down, if any is.
    signs = {stem: f"{stem}_sign" for stem in stems}
    last = stems[-1]
    if shape.rounding == "rdn":
        if shape.accumulate:
            signs[last] = f"(!first && {last}_sign)"
        yield f"wire zero_sign = {any_of(signs.values())};"
    else:
        if shape.accumulate:
            signs[last] = f"(first || {last}_sign)"
        yield f"wire zero_sign = {' && '.join(signs.values())};"


def _cut(window: Window, terms: Sequence[_Term], width: int, unit: int) -> Iterator[str]:
    """Yield what is kept of every term: nothing below a place that the largest exponent gives."""
    kept = window.kept_bits
    place_bits = max(width.bit_length() + 2, SHIFT_BITS + 2)
    places: list[str] = []
    for term in terms:
        # In places above the lowest bit of the word; only terms that are not zero count.
        place = f"{term.stem}_shift + {term.least - unit}"
        counts = f"{term.stem}_magnitude != 0"
        yield f"wire [{place_bits - 1}:0] {term.stem}_place = {counts} ? {place} : 0;"
        places.append(f"{term.stem}_place")
    least = max(LEAST_EXPONENT - unit, kept)
    yield f"reg [{place_bits - 1}:0] largest;"
    yield "always @* begin"
    yield f"    largest = {least};"
    for place in places:
        yield f"    if ({place} > largest) largest = {place};"
    yield "end"
    yield f"wire [{place_bits - 1}:0] end_ = largest - {kept};"
    for term in terms:
        stem = term.stem
        yield f"wire [{width - 1}:0] {stem}_whole = {stem}_fixed >> end_;"
        lost = f"({stem}_whole << end_) != {stem}_fixed" if window.sticky else "1'b0"
        yield f"wire {stem}_lost = {lost};"
        yield (f"wire [{width - 1}:0] {stem}_kept = ({stem}_whole | {stem}_lost) << end_;")
