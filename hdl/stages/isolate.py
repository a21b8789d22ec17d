"""Operands of products that are zero anyway: kept still, so that nothing behind them moves."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.formats import FloatFormat, Format, IntFormat

__all__ = ["Isolate"]


class Isolate(wiring.Component):
    """Passes two factors on; where one is zero, the other's magnitude becomes zero, too.

    Signs of floats stay, and so do infinities and NaN, whose product with zero is NaN.
    Combinational.

    Parameters
    ----------
    a, b
        Integer or float formats of the factors.
    flush
        Whether subnormals count as zeros.
    signs
        Whether signs of zeros count. Factors whose zero has none are passed on as they are then.

    Members
    -------
    a, b : In
        Codes.
    isolated_a, isolated_b : Out
    """

    def __init__(self, a: Format, b: Format, *, flush: bool = False, signs: bool = True) -> None:
        self.formats = (a, b)
        self.signs = signs
        self.flush = flush
        super().__init__(
            {
                "a": In(a.bits),
                "b": In(b.bits),
                "isolated_a": Out(a.bits),
                "isolated_b": Out(b.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        codes = self.a, self.b
        zeros = [
            _is_zero(code, fmt, flush=self.flush)
            for code, fmt in zip(codes, self.formats, strict=True)
        ]
        outputs = self.isolated_a, self.isolated_b
        for i, (code, fmt) in enumerate(zip(codes, self.formats, strict=True)):
            stays = self.signs and _loses_sign(fmt)
            m.d.comb += outputs[i].eq(code if stays else _gate(code, fmt, ~zeros[1 - i]))
        return m


def _loses_sign(fmt: Format) -> bool:
    """Return whether a format has negative numbers and one zero."""
    return fmt.is_signed and (not isinstance(fmt, FloatFormat) or fmt.specials == "fnuz")


def _is_zero(code: Value, fmt: Format, *, flush: bool) -> Value:
    if isinstance(fmt, IntFormat):
        return ~code.any()
    assert isinstance(fmt, FloatFormat)
    lowest = fmt.mantissa_bits if flush else 0
    zero = ~code[lowest : fmt.exponent_bits + fmt.mantissa_bits].any()
    # There -0 is NaN.
    return zero & ~code[-1] if fmt.specials == "fnuz" else zero


def _gate(code: Value, fmt: Format, passes: Value) -> Value:
    """Return the code, or what is left of a number where it does not pass."""
    if isinstance(fmt, IntFormat):
        return code & passes.replicate(len(code))
    assert isinstance(fmt, FloatFormat)
    magnitude = code[: fmt.exponent_bits + fmt.mantissa_bits]
    if fmt.specials == "fnuz":
        # Without its magnitude a negative number would be NaN; a NaN has none.
        number = magnitude.any()
        return Cat(magnitude & passes.replicate(len(magnitude)), code[-1] & (passes | ~number))
    special = Const(0)
    if fmt.specials == "ieee":
        special = magnitude[fmt.mantissa_bits :].all()
    elif fmt.specials == "fn":
        special = magnitude.all()
    return Cat(magnitude & (passes | special).replicate(len(magnitude)), code[-1])
