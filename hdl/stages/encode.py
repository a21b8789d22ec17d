# amaranth: UnusedElaboratable=no
# Whoever looks at blocks one by one elaborates only one of lanes that are alike.
"""From an exact number to a code of any format with binary significands, rounded once."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast, get_args

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.normalizer import NormalizerKind
from hdl.bricks.rounding import Rounding, rounds_up
from hdl.formats import (
    FixedFormat,
    FloatFormat,
    Format,
    IntFormat,
    PowerFormat,
    SignMagnitudeFormat,
)
from hdl.stages.normalize import Normalize, Normalized, add_random
from hdl.stages.pack import Overflow, Pack, Special
from hdl.stages.terms import Target, Term, TermRange, target_of

__all__ = ["MODES", "Encode", "Fit", "RoundingMode"]

RoundingMode = Literal["rne", "rtz", "rup", "rdn", "rna", "stochastic"]
"""`hdl.bricks.rounding.Rounding`, and one that needs random words."""

MODES: tuple[RoundingMode, ...] = get_args(RoundingMode)

_POWER_EXPONENT_BITS = 11
"""An exponent wide enough for anything that is rounded to a power of two."""


def _core(fmt: Format) -> IntFormat | FloatFormat:
    """Return the format, known to `Pack`, that a code of `fmt` is made from."""
    match fmt:
        case IntFormat() | FloatFormat():
            return fmt
        case FixedFormat():
            return IntFormat(fmt.bits, fmt.signed)
        case SignMagnitudeFormat():
            return IntFormat(fmt.bits - 1, signed=False)
        case PowerFormat():
            # A float of no mantissa whose code is one more: what it calls zero is too small here.
            return FloatFormat(_POWER_EXPONENT_BITS, 0, fmt.bias + 1, signed=False)
        case _:
            raise ValueError(f"format {fmt.name} has no binary significands to round to")


class Fit(wiring.Component):
    """Brings a magnitude to where a format rounds it. Combinational.

    Parameters
    ----------
    fmt
        The format.
    source
        Range of the magnitude.
    random_bits
        Bits to keep below the last one of the result, for stochastic rounding.
    adder, kind
        See `hdl.stages.normalize.Normalize`.

    Attributes
    ----------
    max_exponent : int
        Largest value of `exponent`.

    Members
    -------
    magnitude_exponent : In(source.exponent_bits)
    magnitude : In(source.bits)
    exponent, significand, guard, second, sticky : Out
        See `hdl.stages.normalize.Normalized`; the significand has `random_bits` bits more.
    """

    def __init__(
        self,
        fmt: Format,
        source: TermRange,
        *,
        random_bits: int,
        adder: AdderKind,
        kind: NormalizerKind,
    ) -> None:
        self.source = source
        target = target_of(_core(fmt))
        # More precision at the bottom: the exponent stays that of the format.
        self.target = Target(target.precision + random_bits, target.min_exponent)
        # An integer's last bit weighs 1, of fixed point 2^-F: its numbers are so much larger.
        raised = fmt.fraction_bits if isinstance(fmt, FixedFormat) else 0
        self._offset = source.offset + raised
        lowest, highest = source.min_weight + raised, source.max_weight + raised
        self.normalize: Normalize | None = None
        if lowest == highest and not isinstance(_core(fmt), FloatFormat):
            self._drop = self.target.min_weight - lowest
            self.max_exponent = 2
        else:
            self.normalize = Normalize(
                source.bits + 1, lowest, highest, self.target, adder=adder, kind=kind
            )
            self.max_exponent = self.normalize.max_exponent
        super().__init__(
            {
                "magnitude_exponent": In(source.exponent_bits),
                "magnitude": In(source.bits),
                "exponent": Out(self.max_exponent.bit_length()),
                "significand": Out(self.target.precision),
                "guard": Out(1),
                "second": Out(1),
                "sticky": Out(1),
            }
        )

    @property
    def normalized(self) -> Normalized:
        """The outputs as a `Normalized`; a magnitude brings no carry with it."""
        return Normalized(
            self.exponent, self.significand, Const(0), self.guard, self.second, self.sticky
        )

    def connect(self, m: Module, term: Term) -> None:
        """Feed the magnitude in."""
        m.d.comb += [
            self.magnitude_exponent.eq(term.exponent),
            self.magnitude.eq(term.significand),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.normalize is None:
            self._cut(m)
            return m
        m.submodules.normalize = normalize = self.normalize
        weight = self.magnitude_exponent + self._offset
        # Positive, so that synthesis finds neither carries nor complements to build.
        normalize.connect(m, Cat(self.magnitude, Const(0)), Const(0), Const(0), weight)
        m.d.comb += [
            self.exponent.eq(normalize.exponent),
            self.significand.eq(normalize.significand),
            self.guard.eq(normalize.guard),
            self.second.eq(normalize.second),
            self.sticky.eq(normalize.sticky),
        ]
        return m

    def _cut(self, m: Module) -> None:
        """Cut at a place that is known: from one equal spacing to another."""
        precision = len(self.significand)
        # Zeros below where the result's last bit weighs less than the magnitude's.
        word = Cat(Const(0, max(0, -self._drop)), self.magnitude)
        last = max(0, self._drop)

        def bit(index: int) -> Value:
            return word[index] if 0 <= index < len(word) else Const(0)

        cut = word[min(last, len(word)) :]
        m.d.comb += [
            self.significand.eq(cut[:precision]),
            self.guard.eq(bit(last - 1)),
            self.second.eq(bit(last - 2)),
            self.sticky.eq(word[: min(max(0, last - 2), len(word))].any()),
            self.exponent.eq(Mux(cut[precision:].any(), 2, 1)),
        ]


class Encode(wiring.Component):
    """Rounds what `Fit` has cut, and encodes it. Combinational.

    Parameters
    ----------
    fmt
        Format of `code`.
    max_exponent
        Of `Fit`.
    rounding
        One of `MODES`.
    overflow
        ``"ieee"`` or ``"saturate"``.
    flush
        Whether a float result that is subnormal after rounding becomes zero.
    random_bits
        Width of `rnd`, which is added below the last bit of the result; 0 but for ``stochastic``.

    Members
    -------
    sign, guard, second, sticky, is_nan, is_inf, is_zero : In(1)
    exponent, significand : In
        As `Fit` gives them.
    rnd : In(random_bits)
    code : Out(fmt.bits)
    """

    def __init__(
        self,
        fmt: Format,
        max_exponent: int,
        *,
        rounding: RoundingMode,
        overflow: Overflow,
        flush: bool,
        random_bits: int,
    ) -> None:
        self.fmt = fmt
        self.max_exponent = max_exponent
        self.rounding: RoundingMode = rounding
        self.overflow: Overflow = overflow
        self.flush = flush
        self.random_bits = random_bits
        self._inner = _core(fmt)
        super().__init__(
            {
                "sign": In(1),
                "exponent": In(max_exponent.bit_length()),
                "significand": In(target_of(self._inner).precision + random_bits),
                "guard": In(1),
                "second": In(1),
                "sticky": In(1),
                "is_zero": In(1),
                "is_inf": In(1),
                "is_nan": In(1),
                "rnd": In(random_bits),
                "code": Out(fmt.bits),
            }
        )

    def connect(self, m: Module, term: Term, number: Normalized, rnd: Value) -> None:
        """Feed the number in, the sign and the special cases of a term with it."""
        m.d.comb += [
            self.sign.eq(term.sign),
            self.is_zero.eq(term.is_zero),
            self.is_inf.eq(term.is_inf),
            self.is_nan.eq(term.is_nan),
            self.exponent.eq(number.exponent),
            self.significand.eq(number.significand),
            self.guard.eq(number.guard),
            self.second.eq(number.second),
            self.sticky.eq(number.sticky),
            self.rnd.eq(rnd),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        number = Normalized(
            self.exponent, self.significand, Const(0), self.guard, self.second, self.sticky
        )
        rounding, sign = cast(Rounding, self.rounding), self.sign
        if self.random_bits:
            # Nothing else is rounded, and what is then too large is no matter of direction.
            # A zero has the sign of the operand whether it is exact or not.
            number = replace(add_random(m, number, self.rnd), sticky=Const(0))
            rounding = "rne"
        elif isinstance(self.fmt, SignMagnitudeFormat):
            lowest = self.significand[0]
            up = rounds_up(rounding, sign, lowest, self.guard, self.second | self.sticky)
            number = replace(number, carry=up, guard=Const(0), second=Const(0), sticky=Const(0))
            rounding = "rne"
        special = Special(
            is_nan=self.is_nan,
            is_inf=self.is_inf,
            inf_sign=sign,
            is_invalid=Const(0),
            zero_sign=sign,
        )
        m.submodules.pack = pack = Pack(
            self._inner,
            self.max_exponent,
            rounding=rounding,
            overflow=self.overflow,
            flush=self.flush,
        )
        match self.fmt:
            case SignMagnitudeFormat():
                # The magnitude is encoded as positive, its sign put on top.
                special = replace(special, inf_sign=Const(0))
                pack.connect(m, Const(0), number, special)
                m.d.comb += self.code.eq(Cat(pack.code, sign & ~self.is_nan))
            case PowerFormat():
                pack.connect(m, sign, number, special)
                self._encode_power(m, self.fmt, pack.code)
            case FloatFormat(signed=False):
                pack.connect(m, sign, number, special)
                # Nothing below zero has a code but NaN.
                m.d.comb += self.code.eq(Mux(sign & ~self.is_nan, 0, pack.code))
            case _:
                pack.connect(m, sign, number, special)
                m.d.comb += self.code.eq(pack.code)
        return m

    def _encode_power(self, m: Module, fmt: PowerFormat, above: Value) -> None:
        # Codes of the inner format are one higher, 0 is what lies below the smallest power.
        finite, infinite = fmt.nan_code, fmt.nan_code
        if self.overflow == "saturate":
            finite = infinite = fmt.max_code
        if self.rounding in ("rtz", "rdn"):
            finite = fmt.max_code
        with m.If(self.is_nan | self.is_zero | self.sign):
            m.d.comb += self.code.eq(fmt.nan_code)
        with m.Elif(self.is_inf):
            m.d.comb += self.code.eq(infinite)
        with m.Elif(above > fmt.max_code + 1):
            m.d.comb += self.code.eq(finite)
        with m.Else():
            m.d.comb += self.code.eq(Mux(above == 0, 0, above - 1))
