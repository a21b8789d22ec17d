"""From a code to sign, exponent and significand."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.formats import FloatFormat, Format, IntFormat
from hdl.stages.terms import Term, TermRange, operand_range

__all__ = ["TermFields", "Unpack"]


class TermFields(wiring.Component):
    """A code that comes in, and the fields of its `Term` that go out.

    Parameters
    ----------
    fmt
        Format of `code`.
    term_range
        Range of the term.
    signals
        Whether there is an output for a NaN that signals.
    """

    def __init__(self, fmt: Format, term_range: TermRange, *, signals: bool) -> None:
        self.range = term_range
        self.signals = signals
        super().__init__(
            {
                "code": In(fmt.bits),
                "sign": Out(1),
                "exponent": Out(term_range.exponent_bits),
                "significand": Out(term_range.bits),
                "is_zero": Out(1),
                "is_inf": Out(1),
                "is_nan": Out(1),
            }
            | ({"is_invalid": Out(1)} if signals else {})
        )

    @property
    def term(self) -> Term:
        """The outputs as a `Term`."""
        return Term(
            self.sign,
            self.exponent,
            self.significand,
            self.is_zero,
            self.is_inf,
            self.is_nan,
            self.is_invalid if self.signals else Const(0),
        )

    def elaborate(self, platform: object) -> Module:
        """Return the logic between them."""
        raise NotImplementedError


class Unpack(TermFields):
    """Splits a code of a float or integer format into the fields of a `Term`.

    A float's subnormals get exponent 1 and a clear hidden bit, so that
    ``significand * 2**(exponent - bias - mantissa_bits)`` holds for all finite codes. An integer
    becomes sign and magnitude at weight 0. Combinational.

    Parameters
    ----------
    fmt
        Format of `code`.
    flush
        Whether subnormals count as zeros of their sign.

    Members
    -------
    code : In(fmt.bits)
    sign, is_zero, is_inf, is_nan, is_invalid : Out(1)
        See `Term`.
    exponent : Out(range.exponent_bits)
    significand : Out(range.bits)
    """

    def __init__(self, fmt: Format, *, flush: bool = False) -> None:
        self.fmt = fmt
        self.flush = flush
        super().__init__(fmt, operand_range(fmt, flush=flush), signals=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(self.fmt, IntFormat):
            self._unpack_integer(m, self.fmt)
        elif isinstance(self.fmt, FloatFormat):
            self._unpack_float(m, self.fmt)
        return m

    def _unpack_integer(self, m: Module, fmt: IntFormat) -> None:
        if fmt.signed:
            # |-2^(n-1)| = 2^(n-1) fits n bits unsigned: the negation cannot overflow.
            m.d.comb += self.sign.eq(self.code[-1])
            m.d.comb += self.significand.eq(Mux(self.sign, -self.code, self.code))
        else:
            m.d.comb += self.significand.eq(self.code)
        m.d.comb += self.is_zero.eq(self.code == 0)

    def _unpack_float(self, m: Module, fmt: FloatFormat) -> None:
        mantissa: Value = self.code[: fmt.mantissa_bits]
        biased = self.code[fmt.mantissa_bits : fmt.mantissa_bits + fmt.exponent_bits]
        if fmt.signed:
            m.d.comb += self.sign.eq(self.code[-1])

        # Without mantissa bits the reductions are those of the empty set.
        mantissa_any = mantissa.any() if fmt.mantissa_bits else Const(0)
        mantissa_all = mantissa.all() if fmt.mantissa_bits else Const(1)

        # Hidden bit, and exponent 1 instead of 0: only the lowest bit differs.
        hidden = Signal()
        m.d.comb += hidden.eq(biased.any())
        m.d.comb += self.exponent.eq(Cat(biased[0] | ~hidden, biased[1:]))
        is_zero = ~hidden if self.flush else ~hidden & ~mantissa_any
        if self.flush:
            mantissa = mantissa & hidden.replicate(fmt.mantissa_bits)
        m.d.comb += self.significand.eq(Cat(mantissa, hidden))

        # Specials, see `hdl.formats.Specials`.
        is_nan = Const(0)
        if fmt.specials == "ieee":
            is_nan = biased.all() & mantissa_any
            m.d.comb += self.is_inf.eq(biased.all() & ~mantissa_any)
        elif fmt.specials == "fn":
            is_nan = biased.all() & mantissa_all
        elif fmt.specials == "fnuz":
            is_nan = self.sign & ~hidden & ~mantissa_any
            is_zero = is_zero & ~is_nan
        m.d.comb += self.is_nan.eq(is_nan)
        m.d.comb += self.is_zero.eq(is_zero)
        if fmt.has_signaling_nan:
            m.d.comb += self.is_invalid.eq(is_nan & ~mantissa[-1])
