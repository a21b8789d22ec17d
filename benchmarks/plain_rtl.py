"""What a designer writes who leaves the arithmetic to the synthesis tool: ``*``, ``+``, ``<<``.

One combinational module for every kind of unit, with the unit's own ports, to compare with: decode,
multiply, shift, add, find the leading one, shift, round, encode. It answers as the unit does (round
to nearest, IEEE overflow, no flags), which its test checks on the same vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hdl.formats import FloatFormat, IntFormat, parse_format

__all__ = ["plain_verilog"]

Number = IntFormat | FloatFormat


def plain_verilog(name: str, params: Mapping[str, Any]) -> str:
    """Return the module for the normalised parameters of an `fma` or a combinational `dot`.

    Raises
    ------
    ValueError
        For what is not described here: another rounding, a window, an accumulator, floats mixed
        with integers, or several float lanes with an addend whose exponent range is wide.
    """
    lanes = params.get("lanes", 1)
    a, b, y = (_number(params[port]) for port in ("a", "b", "y"))
    c = None if params["c"] is None else _number(params["c"])
    options = {"rounding": "rne", "subnormals": "ieee", "align": "exact", "accumulate": False}
    options |= {"flags": False, "stages": 0}
    for key, plain in options.items():
        if params.get(key, plain) != plain:
            raise ValueError(f"{key} = {params[key]}: there is no plain description")
    ports = [f"input [{lanes * a.bits - 1}:0] a", f"input [{lanes * b.bits - 1}:0] b"]
    ports += [] if c is None else [f"input [{c.bits - 1}:0] c"]
    ports = ["input in_valid", *ports, "output out_valid", f"output [{y.bits - 1}:0] y"]
    if isinstance(a, IntFormat) and isinstance(b, IntFormat):
        if not isinstance(y, IntFormat) or isinstance(c, FloatFormat):
            raise ValueError("integers mixed with floats: there is no plain description")
        body = _integer(a, b, c, y, lanes)
    elif isinstance(a, FloatFormat) and isinstance(b, FloatFormat):
        if c is None or lanes > 1:
            body = _fixed_sum((a, b), c, y, lanes, params.get("lsb", 0))
        else:
            body = _fused(a, b, c, y)
    else:
        raise ValueError("integers mixed with floats: there is no plain description")
    lines = ["assign out_valid = in_valid;", *body]
    text = "".join(f"    {line}\n" for line in lines)
    return f"module {name} (\n    " + ",\n    ".join(ports) + f"\n);\n{text}endmodule\n"


def _number(name: str) -> Number:
    fmt = parse_format(name)
    assert isinstance(fmt, IntFormat | FloatFormat)
    return fmt


def _integer(
    a: IntFormat, b: IntFormat, c: IntFormat | None, y: IntFormat, lanes: int
) -> Iterator[str]:
    def term(port: str, fmt: IntFormat, lane: int) -> str:
        slice_ = f"{port}[{lane * fmt.bits} +: {fmt.bits}]"
        return f"$signed({slice_})" if fmt.signed else f"$signed({{1'b0, {slice_}}})"

    products = [f"{term('a', a, i)} * {term('b', b, i)}" for i in range(lanes)]
    addend = [] if c is None else [term("c", c, 0)]
    yield f"wire signed [{y.bits}:0] total = {' + '.join([*products, *addend])};"
    yield "assign y = total;"


def _decode(port: str, lane: int, fmt: FloatFormat) -> Iterator[str]:
    """Yield the fields of one operand, under names that begin with port and lane."""
    x, m, e = f"{port}{lane}", fmt.mantissa_bits, fmt.exponent_bits
    yield f"wire [{fmt.bits - 1}:0] {x} = {port}[{lane * fmt.bits} +: {fmt.bits}];"
    yield f"wire {x}_hidden = |{x}[{m} +: {e}];"
    yield f"wire [{m}:0] {x}_significand = {{{x}_hidden, {x}[{m - 1}:0]}};"
    yield f"wire [{e - 1}:0] {x}_exponent = {x}_hidden ? {x}[{m} +: {e}] : 1;"
    yield f"wire {x}_zero = {x}_significand == 0;"
    magnitude = f"{x}[{e + m - 1}:0]"
    nan, inf = "1'b0", "1'b0"
    if fmt.has_inf:
        nan, inf = f"{magnitude} > {fmt.inf_code}", f"{magnitude} == {fmt.inf_code}"
    elif fmt.has_nan:
        nan = f"{magnitude} == {fmt.nan_code}"
    yield f"wire {x}_nan = {nan};"
    yield f"wire {x}_inf = {inf};"


def _products(a: FloatFormat, b: FloatFormat, lanes: int) -> Iterator[str]:
    bits = a.precision + b.precision
    exponent = max(a.exponent_bits, b.exponent_bits) + 1
    for i in range(lanes):
        yield from _decode("a", i, a)
        yield from _decode("b", i, b)
        yield f"wire p{i}_sign = a{i}[{a.bits - 1}] ^ b{i}[{b.bits - 1}];"
        yield f"wire [{bits - 1}:0] p{i} = a{i}_significand * b{i}_significand;"
        yield f"wire [{exponent - 1}:0] p{i}_exponent = a{i}_exponent + b{i}_exponent;"
        yield (
            f"wire p{i}_nan = a{i}_nan | b{i}_nan | a{i}_inf & b{i}_zero | a{i}_zero & b{i}_inf;"
        )
        yield f"wire p{i}_inf = (a{i}_inf | b{i}_inf) & ~p{i}_nan;"


def _specials(terms: list[str]) -> Iterator[str]:
    yield f"wire plus = {' | '.join(f'{x}_inf & ~{x}_sign' for x in terms)};"
    yield f"wire minus = {' | '.join(f'{x}_inf & {x}_sign' for x in terms)};"
    yield f"wire nan = {' | '.join(f'{x}_nan' for x in terms)} | plus & minus;"
    yield f"wire all_negative = {' & '.join(f'{x}_sign' for x in terms)};"


def _place(a: FloatFormat, b: FloatFormat) -> tuple[int, int]:
    """Return the weight of a product's lowest bit at exponents of 1, and how far it goes up."""
    lowest = a.min_ulp_exponent + b.min_ulp_exponent
    span = a.max_exponent - a.min_exponent + b.max_exponent - b.min_exponent
    return lowest, span


def _fixed_sum(
    factors: tuple[FloatFormat, FloatFormat], c: Number | None, y: Number, lanes: int, lsb: int
) -> Iterator[str]:
    """Yield a sum in a fixed-point word that holds every term exactly."""
    a, b = factors
    lowest, span = _place(a, b)
    bits = a.precision + b.precision + span
    base = lowest
    if isinstance(c, FloatFormat):
        base = min(base, c.min_ulp_exponent)
        bits = max(bits + lowest - base, c.max_exponent + 1 - base)
    if bits > 100:
        raise ValueError("an addend of a wide range: there is no plain description")
    width = bits + lanes.bit_length() + 2
    yield from _products(a, b, lanes)
    terms = [f"p{i}" for i in range(lanes)]
    for i in range(lanes):
        shift = f"(p{i}_exponent - 2 + {lowest - base})"
        yield f"wire [{width - 1}:0] p{i}_placed = {{{width}'b0, p{i}}} << {shift};"
    if isinstance(c, FloatFormat):
        yield from _decode("c", 0, c)
        yield f"wire c0_sign = c0[{c.bits - 1}];"
        shift = f"(c0_exponent - 1 + {c.min_ulp_exponent - base})"
        yield f"wire [{width - 1}:0] c0_placed = {{{width}'b0, c0_significand}} << {shift};"
        terms.append("c0")
    signed_terms = [f"({x}_sign ? -{x}_placed : {x}_placed)" for x in terms]
    yield f"wire signed [{width - 1}:0] total = {' + '.join(signed_terms)};"
    yield from _specials(terms)
    if isinstance(y, IntFormat):
        if lsb != base or width < y.bits:
            raise ValueError("a rounded fixed-point result: there is no plain description")
        limit = f"(minus ? {y.bits}'d{1 << (y.bits - 1)} : {y.bits}'d{y.max_value})"
        yield f"assign y = nan ? 0 : plus | minus ? {limit} : total;"
        return
    yield "wire negative = total[WIDTH - 1];".replace("WIDTH", str(width))
    yield f"wire [{width - 1}:0] magnitude = negative ? -total : total;"
    yield f"wire signed [11:0] base = {base};"
    yield from _round(y, width)


def _fused(a: FloatFormat, b: FloatFormat, c: Number, y: Number) -> Iterator[str]:
    """Yield the textbook's multiply-add: the addend is shifted to the product, not beyond reach."""
    if not isinstance(c, FloatFormat) or not isinstance(y, FloatFormat):
        raise ValueError("integers mixed with floats: there is no plain description")
    yield from _products(a, b, 1)
    yield from _decode("c", 0, c)
    yield f"wire c0_sign = c0[{c.bits - 1}];"
    product, addend = a.precision + b.precision, c.precision
    # Beyond that far either term is only a sticky bit of the other's.
    reach = below = max(addend, y.precision) + product + 3
    width = below + reach + addend + 2
    lowest, _ = _place(a, b)
    yield f"wire signed [11:0] p0_weight = $signed({{1'b0, p0_exponent}}) + ({lowest - 2});"
    yield (
        "wire signed [11:0] c0_weight = $signed({1'b0, c0_exponent})"
        f" + ({c.min_ulp_exponent - 1});"
    )
    yield f"wire signed [11:0] drop = {reach} - (c0_weight - p0_weight);"
    yield "wire leads = ~c0_zero & (drop < 0 | a0_zero | b0_zero);"
    yield f"wire [11:0] shift = leads ? 0 : drop > {reach + below + addend} ? "
    yield f"    {reach + below + addend} : drop;"
    yield f"wire signed [11:0] base = (leads ? c0_weight - {reach} : p0_weight) - {below + 1};"
    # The last bit stands for whatever is below.
    yield f"wire [{width + addend - 2}:0] c0_shifted ="
    yield f"    {{c0_significand, {reach + below + addend}'b0}} >> shift;"
    yield f"wire [{width - 1}:0] c0_placed = {{c0_shifted[{width + addend - 2}:{addend}],"
    yield f"    |c0_shifted[{addend - 1}:0]}};"
    yield f"wire [{width - 1}:0] p0_placed = {{p0, {below + 1}'b0}};"
    yield f"wire signed [{width}:0] total = (p0_sign ? -p0_placed : p0_placed)"
    yield "    + (c0_sign ? -c0_placed : c0_placed);"
    yield from _specials(["p0", "c0"])
    yield f"wire negative = total[{width}];"
    yield f"wire [{width}:0] magnitude = negative ? -total : total;"
    yield from _round(y, width + 1)


def _round(y: FloatFormat, width: int) -> Iterator[str]:
    """Yield the rounding of ``magnitude * 2^base`` to nearest, and its code."""
    m, code_bits = y.mantissa_bits, y.exponent_bits + y.mantissa_bits
    yield f"function signed [11:0] leading(input [{width - 1}:0] number);"
    yield "    integer i;"
    yield "    begin"
    yield "        leading = 0;"
    yield f"        for (i = 0; i < {width}; i = i + 1) if (number[i]) leading = i;"
    yield "    end"
    yield "endfunction"
    yield "wire signed [11:0] lead = leading(magnitude);"
    yield f"wire signed [11:0] least = {y.min_ulp_exponent} - base;"
    yield f"wire signed [11:0] ulp = lead - {m} > least ? lead - {m} : least;"
    # Two places more below, so that there always is a guard bit.
    yield f"wire [{width + m + 2}:0] wide = {{magnitude, {m + 3}'b0}};"
    yield f"wire signed [11:0] place = ulp + {m + 3};"
    yield f"wire [11:0] cut = place > {width + m + 2} ? {width + m + 2} : place;"
    yield f"wire [{m}:0] kept = wide >> cut;"
    yield "wire guard = wide >> (cut - 1);"
    yield f"wire sticky = |(wide & ~({{{width + m + 3}{{1'b1}}}} << (cut - 1)));"
    yield f"wire [{code_bits + 2}:0] above = ulp - least;"
    yield "wire up = guard & (sticky | kept[0]);"
    yield f"wire [{code_bits + 2}:0] rounded = kept + (above << {m}) + up;"
    infinite = y.inf_code if y.has_inf else y.nan_code if y.has_nan else y.max_code
    nan = y.nan_code if y.has_nan else y.max_code
    yield "wire zero = magnitude == 0;"
    yield f"wire overflow = rounded > {y.max_code};"
    yield "wire sign = plus | minus ? minus : zero ? all_negative : negative;"
    lone_nan = " & 1'b0" if y.has_nan and not y.has_inf else ""
    yield (
        f"assign y = nan ? {nan} : plus | minus | ~zero & overflow ? "
        f"{{sign{lone_nan}, {code_bits}'d{infinite}}} :"
    )
    yield f"    zero ? {{sign, {code_bits}'d0}} : {{sign, rounded[{code_bits - 1}:0]}};"
