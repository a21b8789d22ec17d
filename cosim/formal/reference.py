"""Plain Verilog of what a unit computes, written from the semantics and nothing else.

No part of it comes from the hardware generator, and none tries to be small or fast: operands become
integers in one wide fixed-point word, products and sums are ``*`` and ``+``, and one rounder with a
loop for the leading one makes the result. It exists to be compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdl.formats import FloatFormat, IntFormat, parse_format

__all__ = ["ACCUMULATOR", "reference_verilog"]

ACCUMULATOR = "accumulated"
"""Input port with the running result, where a unit has one inside."""

GUARD_BITS = 2
"""Zeros below everything, so that whatever is rounded has a half and something below it."""

SHIFT_BITS = 12
"""Bits of the sum of two exponents, which have at most 11."""


def reference_verilog(name: str, unit: str, params: Mapping[str, Any]) -> str:
    """Return a combinational module that answers in the same cycle.

    Its ports are those of the unit without clock and reset. A unit with an accumulator inside gets
    the port `ACCUMULATOR` for it.

    Parameters
    ----------
    name
        What to call the module.
    unit
        ``fma``, ``dot`` or ``sparse_mux``.
    params
        Normalised parameters of the unit.

    Raises
    ------
    LookupError
        If there is no reference for this unit.
    """
    if unit == "sparse_mux":
        return _sparse_mux(name, params)
    if unit not in ("fma", "dot"):
        raise LookupError(f"unit {unit!r} has no reference description")
    usual = {"align": "exact", "lsb": 0, "random_bits": None, "sparsity": None, "scale": None}
    for key, plain in usual.items():
        if params.get(key, plain) != plain:
            shown = key if isinstance(params[key], Mapping) else f"{key} = {params[key]}"
            raise LookupError(f"{shown} has no reference description")
    shape = _Shape.of(params)
    is_integer = all(
        isinstance(fmt, IntFormat) for fmt in (*shape.factors, shape.c, shape.y) if fmt
    )
    body = _integer_body(shape) if is_integer else _float_body(shape)
    inputs = [("in_valid", 1), *shape.inputs()]
    outputs = [("out_valid", 1), ("y", shape.y.bits), *([("flags", 4)] if shape.flags else [])]
    ports = [
        *(f"input [{width - 1}:0] {port}" for port, width in inputs),
        *(f"output [{width - 1}:0] {port}" for port, width in outputs),
    ]
    lines = ["assign out_valid = in_valid;", *body]
    text = "".join(f"    {line}\n" for line in lines)
    return f"module {name} (\n    " + ",\n    ".join(ports) + f"\n);\n{text}endmodule\n"


@dataclass(frozen=True)
class _Shape:
    """What there is to add up, and what becomes of it."""

    a: IntFormat | FloatFormat
    b: IntFormat | FloatFormat
    c: IntFormat | FloatFormat | None
    y: IntFormat | FloatFormat
    lanes: int
    accumulate: bool
    flags: bool
    rounding: str
    saturate: bool
    flush: bool

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> _Shape:
        accumulate = params.get("accumulate", False)
        c = params["y"] if accumulate else params["c"]
        return cls(
            a=_format(params["a"]),
            b=_format(params["b"]),
            c=None if c is None else _format(c),
            y=_format(params["y"]),
            lanes=params.get("lanes", 1),
            accumulate=accumulate,
            flags=params.get("flags", False),
            rounding=params["rounding"],
            saturate=params["overflow"] == "saturate",
            flush=params["subnormals"] == "flush",
        )

    @property
    def factors(self) -> tuple[IntFormat | FloatFormat, IntFormat | FloatFormat]:
        return self.a, self.b

    @property
    def addend(self) -> str:
        """Name of the port that is added to the products."""
        return ACCUMULATOR if self.accumulate else "c"

    def inputs(self) -> Iterator[tuple[str, int]]:
        """Yield name and width of the operands' ports."""
        yield "a", self.a.bits * self.lanes
        yield "b", self.b.bits * self.lanes
        if self.c is not None:
            yield self.addend, self.c.bits
        if self.accumulate:
            yield "first", 1


def _format(name: str) -> IntFormat | FloatFormat:
    fmt = parse_format(name)
    if not isinstance(fmt, IntFormat | FloatFormat):
        raise LookupError(f"format {name!r} has no reference description")
    return fmt


# Selection: an index into all operands.


def _sparse_mux(name: str, params: Mapping[str, Any]) -> str:
    n, m, groups = params["n"], params["m"], params["groups"]
    bits, index = parse_format(params["x"]).bits, max(1, (m - 1).bit_length())
    lines = ["assign out_valid = in_valid;"]
    illegal: list[str] = []
    for group in range(groups):
        for slot in range(n):
            position, stem = f"p_{group}_{slot}", (group * n + slot)
            low, high = slot, slot + m - n
            lines += [
                f"wire [31:0] {position} = meta[{stem * index}+:{index}];",
                f"wire [31:0] reached_{position} = {position} < {low} ? {low} :"
                f" {position} > {high} ? {high} : {position};",
                f"assign y[{stem * bits}+:{bits}] ="
                f" x >> (({group * m} + reached_{position}) * {bits});",
            ]
            illegal.append(f"{position} >= {m}")
            if slot:
                illegal.append(f"{position} <= p_{group}_{slot - 1}")
    lines.append(f"assign err = {' || '.join(illegal)};")
    ports = [
        "input in_valid",
        f"input [{groups * m * bits - 1}:0] x",
        f"input [{groups * n * index - 1}:0] meta",
        "output out_valid",
        f"output [{groups * n * bits - 1}:0] y",
        "output err",
    ]
    text = "".join(f"    {line}\n" for line in lines)
    return f"module {name} (\n    " + ",\n    ".join(ports) + f"\n);\n{text}endmodule\n"


# Integers: nothing but * and +.


def _integer_body(shape: _Shape) -> Iterator[str]:
    a, b, c, y = shape.a, shape.b, shape.c, shape.y
    assert isinstance(y, IntFormat)
    # Bits that hold every sum, and y, as two's complement.
    width = max(a.bits + b.bits, c.bits if c else 0, y.bits) + (shape.lanes + 1).bit_length() + 1
    terms: list[str] = []
    for lane in range(shape.lanes):
        for port, fmt in (("a", a), ("b", b)):
            code = f"{port}[{lane * fmt.bits}+:{fmt.bits}]"
            yield f"wire signed [{width - 1}:0] {port}_{lane} = {_integer(code, fmt)};"
        terms.append(f"a_{lane} * b_{lane}")
    if c is not None:
        condition = "first ? 0 : " if shape.accumulate else ""
        yield f"wire signed [{width - 1}:0] addend = {condition}{_integer(shape.addend, c)};"
        terms.append("addend")
    yield f"wire signed [{width - 1}:0] sum = {' + '.join(terms)};"
    yield from _integer_result(shape, "sum", width, is_invalid="1'b0", is_inexact="1'b0")


def _integer(code: str, fmt: IntFormat | FloatFormat) -> str:
    return f"$signed({code})" if fmt.is_signed else f"$signed({{1'b0, {code}}})"


def _integer_result(
    shape: _Shape, value: str, width: int, *, is_invalid: str, is_inexact: str
) -> Iterator[str]:
    """Yield how a signed integer becomes y; `width` bits hold the limits of y too."""
    y = shape.y
    assert isinstance(y, IntFormat)
    low, high = (_decimal(limit, width) for limit in (y.min_value, y.max_value))
    yield f"wire too_low = {value} < {low};"
    yield f"wire too_high = {value} > {high};"
    clipped = f"too_low ? {low} : too_high ? {high} : {value}" if shape.saturate else value
    yield f"wire signed [{width - 1}:0] clipped = {clipped};"
    yield f"wire [{y.bits - 1}:0] number = clipped[{y.bits - 1}:0];"
    if shape.flags:
        yield f"wire is_out_of_range = {is_invalid} || too_low || too_high;"
        yield f"assign flags = {{is_out_of_range, 2'b00, !is_out_of_range && {is_inexact}}};"
    if (
        isinstance(shape.a, IntFormat)
        and isinstance(shape.b, IntFormat)
        and not (isinstance(shape.c, FloatFormat))
    ):
        yield "assign y = number;"
    else:
        yield f"assign y = is_nan ? {_bits(0, y.bits)}"
        yield f"    : is_pos_inf ? {_bits(y.max_value, y.bits)}"
        yield f"    : is_neg_inf ? {_bits(y.min_value, y.bits)} : number;"


# Everything else: unpack, one exact sum, one rounding.


@dataclass(frozen=True)
class _Fixed:
    """A wire that holds a magnitude in units of ``2^unit``, and the stem of its other wires."""

    stem: str
    width: int
    unit: int


def _float_body(shape: _Shape) -> Iterator[str]:
    terms: list[_Fixed] = []
    for lane in range(shape.lanes):
        for port, fmt in (("a", shape.a), ("b", shape.b)):
            code = f"{port}[{lane * fmt.bits}+:{fmt.bits}]"
            yield from _unpack(f"{port}_{lane}", code, fmt, flush=shape.flush)
        left, right = f"a_{lane}", f"b_{lane}"
        product = _Fixed(
            f"product_{lane}",
            _span(shape.a) + _span(shape.b),
            _unit(shape.a) + _unit(shape.b),
        )
        yield from _product(product, left, right, shape)
        terms.append(product)
    if shape.c is not None:
        yield from _unpack("addend", shape.addend, shape.c, flush=shape.flush)
        addend = _Fixed("addend_term", _span(shape.c), _unit(shape.c))
        yield from _addend(addend, shape)
        terms.append(addend)
    stems = [term.stem for term in terms]
    yield from _special_sums(shape, stems)
    # One word for all: its lowest bit is below all terms, and below half of y's least step.
    y = shape.y
    unit = min(term.unit for term in terms)
    if isinstance(y, FloatFormat):
        unit = min(unit - y.precision, y.min_ulp_exponent) - GUARD_BITS
    else:
        unit = min(unit, 0) - GUARD_BITS
    top = max(term.unit + term.width for term in terms) - unit
    width = top + len(terms).bit_length() + 1
    for term in terms:
        magnitude = _padded(f"{term.stem}_magnitude", term.width, width)
        yield f"wire [{width - 1}:0] {term.stem}_fixed = {magnitude} << {term.unit - unit};"
        yield (
            f"wire [{width - 1}:0] {term.stem}_signed = "
            f"{term.stem}_sign ? -{term.stem}_fixed : {term.stem}_fixed;"
        )
    yield f"wire [{width - 1}:0] sum = {' + '.join(f'{stem}_signed' for stem in stems)};"
    yield f"wire sign = sum[{width - 1}];"
    yield f"wire [{width - 1}:0] magnitude = sign ? -sum : sum;"
    if isinstance(y, FloatFormat):
        yield from _float_result(shape, y, width, unit)
    else:
        yield from _rounded_integer(shape, y, width, unit)


def _unpack(stem: str, code: str, fmt: IntFormat | FloatFormat, *, flush: bool) -> Iterator[str]:
    """Yield sign, classes, significand and shift: the value is significand << shift, in units."""
    yield f"wire [{fmt.bits - 1}:0] {stem} = {code};"
    yield f"wire {stem}_negative = " + (f"{stem}[{fmt.bits - 1}];" if fmt.is_signed else "0;")
    if isinstance(fmt, IntFormat):
        yield (f"wire [{fmt.bits - 1}:0] {stem}_significand = {stem}_negative ? -{stem} : {stem};")
        yield f"wire {stem}_shift = 0, {stem}_nan = 0, {stem}_signaling = 0, {stem}_inf = 0;"
        yield f"wire {stem}_zero = {stem} == 0;"
        return
    m, e = fmt.mantissa_bits, fmt.exponent_bits
    field = f"{stem}[{m + e - 1}:{m}]"
    mantissa = f"{stem}[{m - 1}:0]" if m else "1'b0"
    yield f"wire {stem}_subnormal = {field} == 0;"
    significand = f"{{!{stem}_subnormal, {mantissa}}}" if m else f"!{stem}_subnormal"
    if flush:
        significand = f"{stem}_subnormal ? {_bits(0, m + 1)} : {significand}"
    yield f"wire [{m}:0] {stem}_significand = {significand};"
    yield f"wire [{e - 1}:0] {stem}_shift = {stem}_subnormal ? 0 : {field} - 1;"
    top = _bits((1 << e) - 1, e)
    if fmt.specials == "ieee":
        yield f"wire {stem}_inf = {field} == {top} && {mantissa} == 0;"
        yield f"wire {stem}_nan = {field} == {top} && {mantissa} != 0;"
    else:
        nan = {
            "none": "0",
            "fn": f"&{stem}[{m + e - 1}:0]",
            "fnuz": f"{stem} == {_bits(1 << (m + e), fmt.bits)}",
        }[fmt.specials]
        yield f"wire {stem}_inf = 0, {stem}_nan = {nan};"
    signaling = f"{stem}_nan && !{stem}[{m - 1}]" if fmt.specials == "ieee" and m >= 2 else "0"
    yield f"wire {stem}_signaling = {signaling};"
    yield f"wire {stem}_zero = {stem}_significand == 0 && !{stem}_nan;"


def _product(term: _Fixed, left: str, right: str, shape: _Shape) -> Iterator[str]:
    stem, precisions = term.stem, [_precision(fmt) for fmt in shape.factors]
    significand = f"{left}_significand * {right}_significand"
    yield f"wire [{sum(precisions) - 1}:0] {stem}_significand = {significand};"
    yield f"wire [{SHIFT_BITS - 1}:0] {stem}_shift = {left}_shift + {right}_shift;"
    padded = _padded(f"{stem}_significand", sum(precisions), term.width)
    yield f"wire [{term.width - 1}:0] {stem}_magnitude = {padded} << {stem}_shift;"
    yield f"wire {stem}_sign = {left}_negative ^ {right}_negative;"
    yield f"wire {stem}_zero = {left}_zero || {right}_zero;"
    infinite = f"({left}_inf || {right}_inf)"
    yield f"wire {stem}_undefined = {infinite} && {stem}_zero;"
    yield f"wire {stem}_signaling = {left}_signaling || {right}_signaling;"
    yield f"wire {stem}_nan = {left}_nan || {right}_nan || {stem}_undefined;"
    yield f"wire {stem}_inf = {infinite} && !{stem}_nan;"


def _addend(term: _Fixed, shape: _Shape) -> Iterator[str]:
    assert shape.c is not None
    stem = term.stem
    padded = _padded("addend_significand", _precision(shape.c), term.width)
    present = "!first && " if shape.accumulate else ""
    magnitude = f"{padded} << addend_shift"
    if shape.accumulate:
        magnitude = f"first ? {_bits(0, term.width)} : {magnitude}"
    yield f"wire [{term.width - 1}:0] {stem}_magnitude = {magnitude};"
    yield f"wire {stem}_sign = addend_negative;"
    yield f"wire {stem}_zero = addend_zero, {stem}_undefined = 0;"
    for name in ("signaling", "nan", "inf"):
        yield f"wire {stem}_{name} = {present}addend_{name};"


def _special_sums(shape: _Shape, stems: Sequence[str]) -> Iterator[str]:
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

    def all_zeros(sign: str) -> str:
        missing = {"addend_term": "first || "} if shape.accumulate else {}
        return " && ".join(f"({missing.get(s, '')}{s}_zero && {sign}{s}_sign)" for s in stems)

    default = int(shape.rounding == "rdn")
    yield (f"wire zero_sign = ({all_zeros('')}) ? 1'b1 : ({all_zeros('!')}) ? 1'b0 : 1'b{default};")


def _round(stem: str, shift: str, width: int, kept: int, rounding: str) -> Iterator[str]:
    """Yield `magnitude` without its `shift` lowest bits, rounded, and whether that changed it."""
    yield f"wire [{width - 1}:0] {stem}_whole = magnitude >> ({shift});"
    yield f"wire [{width - 1}:0] {stem}_lost = magnitude - ({stem}_whole << ({shift}));"
    yield f"wire [{width - 1}:0] {stem}_half = {_bits(1, width)} << (({shift}) - 1);"
    up = {
        "rne": f"{stem}_lost > {stem}_half || ({stem}_lost == {stem}_half && {stem}_whole[0])",
        "rna": f"{stem}_lost >= {stem}_half",
        "rtz": "1'b0",
        "rup": f"!sign && {stem}_lost != 0",
        "rdn": f"sign && {stem}_lost != 0",
    }[rounding]
    yield f"wire {stem}_up = {up};"
    yield f"wire [{kept}:0] {stem} = {stem}_whole[{kept}:0] + {stem}_up;"


def _rounded_integer(shape: _Shape, y: IntFormat, width: int, unit: int) -> Iterator[str]:
    total = max(width, y.bits) + 2
    yield from _round("rounded", str(-unit), width, width - 1, shape.rounding)
    yield f"wire signed [{total - 1}:0] whole = {_padded('rounded', width, total)};"
    yield f"wire signed [{total - 1}:0] value = sign ? -whole : whole;"
    yield from _integer_result(
        shape,
        "value",
        total,
        is_invalid="(is_nan || is_pos_inf || is_neg_inf)",
        is_inexact="rounded_lost != 0",
    )


def _float_result(shape: _Shape, y: FloatFormat, width: int, unit: int) -> Iterator[str]:
    precision, m = y.precision, y.mantissa_bits
    index = width.bit_length() + 1
    yield "integer bit_;"
    yield f"reg [{index - 1}:0] leading;"
    yield "always @* begin"
    yield "    leading = 0;"
    yield f"    for (bit_ = 0; bit_ < {width}; bit_ = bit_ + 1)"
    yield "        if (magnitude[bit_]) leading = bit_;"
    yield "end"
    # The last place kept is that of the precision, but not below the subnormals' one. A sum that is
    # not zero has more bits than y's precision: see `unit`.
    least = y.min_ulp_exponent - unit
    yield f"wire [{index - 1}:0] place = leading < {least + m} ? {least} : (leading - {m});"
    yield from _round("rounded", "place", width, precision, shape.rounding)
    # One step of the exponent is 2^m codes; the hidden bit makes the first of them.
    code = width.bit_length() + y.bits + 1
    yield f"wire [{code - 1}:0] exponent_steps = place - {least};"
    yield f"wire [{code - 1}:0] magnitude_code = (exponent_steps << {m}) + rounded;"
    yield f"wire is_overflow = magnitude_code > {_bits(y.max_code, code)};"
    yield "wire is_inexact = rounded_lost != 0;"
    smallest_normal = 1 << m
    flushed = f"magnitude_code != 0 && magnitude_code < {_bits(smallest_normal, code)}"
    yield f"wire is_flushed = {flushed if shape.flush else '0'};"
    yield "wire is_zero = magnitude == 0;"
    yield "wire is_special = is_nan || is_pos_inf || is_neg_inf;"

    body = m + y.exponent_bits
    nan = y.nan_code if y.has_nan else y.max_code
    limit = _signed_code("sign", y.max_code, y)
    if shape.saturate:
        infinity = overflowed = y.max_code
    elif y.has_inf:
        infinity = overflowed = y.inf_code
    else:
        infinity = overflowed = nan if y.has_nan else y.max_code
    carries = {"rne": "1'b1", "rna": "1'b1", "rtz": "1'b0", "rup": "!sign", "rdn": "sign"}
    is_nan_code = infinity == nan and y.has_nan
    signs = [
        _bits(code, y.bits) if is_nan_code else _signed_code(sign, code, y)
        for sign, code in (("is_neg_inf", infinity), ("sign", overflowed))
    ]
    rounded = f"magnitude_code[{body - 1}:0]"
    yield f"wire [{body - 1}:0] finite = is_flushed ? {_bits(0, body)} : {rounded};"
    number = "{sign, finite}" if y.is_signed else "finite"
    zero = f"{{zero_sign, {_bits(0, body)}}}" if y.is_signed else _bits(0, body)
    if y.is_signed and not y.has_negative_zero:
        number, zero = "{sign && finite != 0, finite}", _bits(0, y.bits)
    yield f"assign y = is_nan ? {_bits(nan, y.bits)}"
    yield f"    : (is_pos_inf || is_neg_inf) ? {signs[0]}"
    yield f"    : is_zero ? {zero}"
    yield f"    : is_overflow ? ({carries[shape.rounding]} ? {signs[1]} : {limit})"
    yield f"    : {number};"
    if shape.flags:
        yield from _flags(y, width, unit, shape.rounding)


def _flags(y: FloatFormat, width: int, unit: int, rounding: str) -> Iterator[str]:
    # Tiny after rounding to the precision of y, whatever the exponent.
    shift = f"leading - {y.mantissa_bits}"
    yield from _round("unbounded", shift, width, y.precision, rounding)
    normal = y.min_exponent - unit
    yield f"wire is_tiny = leading + unbounded[{y.precision}] < {normal};"
    yield "wire is_number = !is_special && !is_zero;"
    yield "wire overflow_flag = is_number && is_overflow;"
    yield "wire underflow_flag = is_number && ((is_tiny && is_inexact) || is_flushed);"
    yield "wire inexact_flag = is_number && (is_inexact || is_overflow || is_flushed);"
    yield "wire [3:0] arithmetic_flags = {1'b0, overflow_flag, underflow_flag, inexact_flag};"
    yield "assign flags = is_invalid ? 4'b1000 : arithmetic_flags;"


def _signed_code(sign: str, magnitude: int, fmt: FloatFormat) -> str:
    if not fmt.is_signed:
        return _bits(magnitude, fmt.bits)
    return f"{{{sign}, {_bits(magnitude, fmt.bits - 1)}}}"


def _precision(fmt: IntFormat | FloatFormat) -> int:
    return fmt.bits if isinstance(fmt, IntFormat) else fmt.precision


def _unit(fmt: IntFormat | FloatFormat) -> int:
    """Weight of the lowest bit of a significand that is not shifted, as a power of two."""
    return 0 if isinstance(fmt, IntFormat) else fmt.min_ulp_exponent


def _span(fmt: IntFormat | FloatFormat) -> int:
    """Bits that every significand has room in, however it is shifted."""
    return fmt.bits if isinstance(fmt, IntFormat) else fmt.precision + (1 << fmt.exponent_bits)


def _bits(value: int, width: int) -> str:
    return f"{width}'h{value & ((1 << width) - 1):x}"


def _padded(signal: str, width: int, wanted: int) -> str:
    """Return a signal with zeros above it."""
    return f"{{{_bits(0, wanted - width)}, {signal}}}" if wanted > width else signal


def _decimal(value: int, width: int) -> str:
    """Return a signed number of `width` bits."""
    return f"$signed({_bits(value, width)})"
