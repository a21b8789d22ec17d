"""What becomes of an exact sum: rounding, limits, special values and flags."""

from __future__ import annotations

from collections.abc import Iterator

from cosim.formal.plain.shape import Shape
from cosim.formal.plain.verilog import bits, decimal, padded
from hdl.formats import FloatFormat, IntFormat

__all__ = ["float_result", "integer_result", "rounded_integer"]


def integer_result(
    shape: Shape, value: str, width: int, *, is_invalid: str, is_inexact: str
) -> Iterator[str]:
    """Yield how a signed integer becomes y; `width` bits hold the limits of y too."""
    y = shape.y
    assert isinstance(y, IntFormat)
    low, high = (decimal(limit, width) for limit in (y.min_value, y.max_value))
    yield f"wire too_low = {value} < {low};"
    yield f"wire too_high = {value} > {high};"
    clipped = f"too_low ? {low} : too_high ? {high} : {value}" if shape.saturate else value
    yield f"wire signed [{width - 1}:0] clipped = {clipped};"
    yield f"wire [{y.bits - 1}:0] number = clipped[{y.bits - 1}:0];"
    if shape.flags:
        yield f"wire is_out_of_range = {is_invalid} || too_low || too_high;"
        yield f"assign flags = {{is_out_of_range, 2'b00, !is_out_of_range && {is_inexact}}};"
    if shape.is_integer:
        yield "assign y = number;"
    else:
        yield f"assign y = is_nan ? {bits(0, y.bits)}"
        yield f"    : is_pos_inf ? {bits(y.max_value, y.bits)}"
        yield f"    : is_neg_inf ? {bits(y.min_value, y.bits)} : number;"


def rounded_integer(shape: Shape, y: IntFormat, width: int, unit: int) -> Iterator[str]:
    """Yield how `magnitude`, of `width` bits in units of ``2^unit``, becomes an integer y."""
    total = max(width, y.bits) + 2
    yield from _round("rounded", str(shape.lsb - unit), width, width - 1, shape.rounding)
    yield f"wire signed [{total - 1}:0] whole = {padded('rounded', width, total)};"
    yield f"wire signed [{total - 1}:0] value = sign ? -whole : whole;"
    yield from integer_result(
        shape,
        "value",
        total,
        is_invalid="(is_nan || is_pos_inf || is_neg_inf)",
        is_inexact="rounded_lost != 0",
    )


def float_result(shape: Shape, y: FloatFormat, width: int, unit: int) -> Iterator[str]:
    """Yield how `magnitude`, of `width` bits in units of ``2^unit``, becomes a float y."""
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
    # not zero has more bits than y's precision: see `cosim.formal.plain.sums`.
    least = y.min_ulp_exponent - unit
    yield f"wire [{index - 1}:0] place = leading < {least + m} ? {least} : (leading - {m});"
    yield from _round("rounded", "place", width, precision, shape.rounding)
    # One step of the exponent is 2^m codes; the hidden bit makes the first of them.
    code = width.bit_length() + y.bits + 1
    yield f"wire [{code - 1}:0] exponent_steps = place - {least};"
    yield f"wire [{code - 1}:0] magnitude_code = (exponent_steps << {m}) + rounded;"
    yield f"wire is_overflow = magnitude_code > {bits(y.max_code, code)};"
    yield "wire is_inexact = rounded_lost != 0;"
    smallest_normal = 1 << m
    flushed = f"magnitude_code != 0 && magnitude_code < {bits(smallest_normal, code)}"
    yield f"wire is_flushed = {flushed if shape.flush else '0'};"
    yield "wire is_zero = magnitude == 0;"
    yield "wire is_special = is_nan || is_pos_inf || is_neg_inf;"
    yield from _float_code(shape, y)
    if shape.flags:
        yield from _flags(y, width, unit, shape.rounding)


def _float_code(shape: Shape, y: FloatFormat) -> Iterator[str]:
    """Yield which code is delivered, of a number or what stands for none."""
    body = y.mantissa_bits + y.exponent_bits
    nan = y.nan_code if y.has_nan else y.max_code
    if shape.saturate:
        infinity = y.max_code
    elif y.has_inf:
        infinity = y.inf_code
    else:
        infinity = nan if y.has_nan else y.max_code
    limit = _signed_code("sign", y.max_code, y)
    carries = {"rne": "1'b1", "rna": "1'b1", "rtz": "1'b0", "rup": "!sign", "rdn": "sign"}
    goes_beyond = carries[shape.rounding]
    is_nan_code = infinity == nan and y.has_nan
    signs = [
        bits(infinity, y.bits) if is_nan_code else _signed_code(sign, infinity, y)
        for sign in ("is_neg_inf", "sign")
    ]
    if shape.window:
        # Where there are windows, tensor cores, NaN has all its bits set and overflow is infinite.
        nan = (1 << body) - 1 if y.has_inf else nan
        goes_beyond = "1'b1"
    rounded = f"magnitude_code[{body - 1}:0]"
    yield f"wire [{body - 1}:0] finite = is_flushed ? {bits(0, body)} : {rounded};"
    number = "{sign, finite}" if y.is_signed else "finite"
    zero = f"{{zero_sign, {bits(0, body)}}}" if y.is_signed else bits(0, body)
    if y.is_signed and not y.has_negative_zero:
        number, zero = "{sign && finite != 0, finite}", bits(0, y.bits)
    yield f"assign y = is_nan ? {bits(nan, y.bits)}"
    yield f"    : (is_pos_inf || is_neg_inf) ? {signs[0]}"
    yield f"    : is_zero ? {zero}"
    yield f"    : is_overflow ? ({goes_beyond} ? {signs[1]} : {limit})"
    yield f"    : {number};"


def _round(stem: str, shift: str, width: int, kept: int, rounding: str) -> Iterator[str]:
    """Yield `magnitude` without its `shift` lowest bits, rounded, and whether that changed it."""
    yield f"wire [{width - 1}:0] {stem}_whole = magnitude >> ({shift});"
    yield f"wire [{width - 1}:0] {stem}_lost = magnitude - ({stem}_whole << ({shift}));"
    yield f"wire [{width - 1}:0] {stem}_half = {bits(1, width)} << (({shift}) - 1);"
    up = {
        "rne": f"{stem}_lost > {stem}_half || ({stem}_lost == {stem}_half && {stem}_whole[0])",
        "rna": f"{stem}_lost >= {stem}_half",
        "rtz": "1'b0",
        "rup": f"!sign && {stem}_lost != 0",
        "rdn": f"sign && {stem}_lost != 0",
    }[rounding]
    yield f"wire {stem}_up = {up};"
    yield f"wire [{kept}:0] {stem} = {stem}_whole[{kept}:0] + {stem}_up;"


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
        return bits(magnitude, fmt.bits)
    return f"{{{sign}, {bits(magnitude, fmt.bits - 1)}}}"
