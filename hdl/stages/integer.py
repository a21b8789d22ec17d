"""Integers that stay integers: operands as two's complement, results wrapped or saturated."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value

from hdl.formats import IntFormat

__all__ = ["fit_integer", "integer_value"]


def integer_value(code: Value, fmt: IntFormat) -> Value:
    """Return the code as a number: signed where the format is."""
    return code.as_signed() if fmt.signed else code.as_unsigned()


def fit_integer(
    m: Module, total: Signal, fmt: IntFormat, *, saturate: bool
) -> tuple[Signal, Signal]:
    """Return the code of a signed sum in `fmt`, and whether the sum is out of its range."""
    code = Signal(fmt.width, name="fitted")
    too_large = Signal(name="too_large")
    # In range if all bits above the result's equal its sign (0 for an unsigned result).
    if len(total) > fmt.width:
        above = total[fmt.width :]
        sign = total[fmt.width - 1] if fmt.signed else Const(0)
        m.d.comb += too_large.eq((above ^ sign.replicate(len(above))).any())
    elif not fmt.signed:
        m.d.comb += too_large.eq(total[-1])
    if saturate:
        limit = Mux(total[-1], fmt.min_value, fmt.max_value)
        m.d.comb += code.eq(Mux(too_large, limit, total))
    else:
        m.d.comb += code.eq(total)
    return code, too_large
