"""Fused multiply-add over any mix of integer and float formats."""

from __future__ import annotations

from math import log2
from typing import cast

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hdl.bricks.adder import Adder
from hdl.bricks.rounding import Rounding
from hdl.formats import FloatFormat, Format, IntFormat
from hdl.options import (
    Objective,
    Subnormals,
    adder_for,
    check_options,
    default_overflow,
    heap_for,
    normalizer_for,
)
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port, random_port
from hdl.stages.align import Align, frame_of
from hdl.stages.encode import RoundingMode
from hdl.stages.integer import fit_integer
from hdl.stages.isolate import Isolate
from hdl.stages.normalize import Normalize, add_random
from hdl.stages.pack import Overflow, Pack, Special
from hdl.stages.product import product_term
from hdl.stages.reduce import MultiplyAdd, SumIntegerProducts
from hdl.stages.terms import Target, product_range, target_of
from hdl.stages.unpack import Unpack
from hdl.unit import Unit

__all__ = ["Fma", "check_stochastic"]


MAX_RANDOM_BITS = 24
MAX_FACTOR_BITS = 56


def check_stochastic(a: Format, b: Format, y: Format, flags: bool) -> None:
    """Raise `ValueError` unless a product of these formats can be rounded stochastically to `y`."""
    if not isinstance(y, FloatFormat):
        raise ValueError(f"stochastic needs a float y, not {y.name}; unit quantize rounds integers")
    if flags:
        raise ValueError("stochastic excludes flags: IEEE 754 defines none for it")
    if sum(fmt.precision if isinstance(fmt, FloatFormat) else fmt.bits for fmt in (a, b)) > (
        MAX_FACTOR_BITS
    ):
        raise ValueError(f"stochastic takes factors of {MAX_FACTOR_BITS} bits together at most")


class Fma(Unit):
    """``y = round(a * b + c)`` with a single rounding.

    Subnormals, infinities, NaN and the signs of zeros follow IEEE 754-2019 wherever the formats
    have them. One result a cycle, `latency` cycles after its operands.

    Parameters
    ----------
    a, b, c, y
        Formats of multiplicand, multiplier, addend and result.
    rounding
        ``rne``, ``rtz``, ``rup``, ``rdn`` or ``rna``; for a float `y` also ``stochastic``: the word
        `rnd` is added to the magnitude below the last bit that is kept, and the rest cut off.
    overflow
        ``ieee`` or ``saturate`` for a float `y`; ``wrap`` (all operands integers) or ``saturate``
        for an integer `y`. Default: ``ieee``, or ``wrap`` if allowed, else ``saturate``.
    subnormals
        ``ieee``, or ``flush`` to take and return zeros instead of subnormals.
    flags
        Whether there is a `flags` port; not with ``stochastic``, of which IEEE 754 knows nothing.
    random_bits
        Width of `rnd`, for ``stochastic``.
    stages
        Number of pipeline registers; 0 is combinational.
    objective
        What to build for: ``area``, ``delay`` or ``balanced``.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    a, b, c : In
    rnd : In(random_bits)
        With ``stochastic``.
    out_valid : Out(1)
    y : Out
    flags : Out(4)
        Invalid, overflow, underflow, inexact, from bit 3 down.

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        a: Format,
        b: Format,
        c: Format,
        y: Format,
        *,
        rounding: RoundingMode = "rne",
        overflow: Overflow | None = None,
        subnormals: Subnormals = "ieee",
        flags: bool = False,
        gate_zero: bool = False,
        random_bits: int | None = None,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self.formats = (a, b, c)
        self.result = y
        if rounding == "stochastic":
            check_stochastic(a, b, y, flags)
        if (rounding == "stochastic") != (random_bits is not None):
            raise ValueError("random_bits come with rounding = 'stochastic', and only with it")
        if random_bits is not None and not 1 <= random_bits <= MAX_RANDOM_BITS:
            raise ValueError(f"random_bits = {random_bits} is not in 1..{MAX_RANDOM_BITS}")
        self.random_bits = random_bits or 0
        # Once the random word is added, nothing is left to round.
        self.rounding: Rounding = "rne" if rounding == "stochastic" else rounding
        self.overflow: Overflow = overflow or default_overflow(y, self.formats)
        check_options(
            self.formats,
            y,
            rounding=self.rounding,
            overflow=self.overflow,
            subnormals=subnormals,
            stages=stages,
            objective=objective,
        )
        self.flush = subnormals == "flush"
        self.has_flags = flags
        self.gate_zero = gate_zero
        operands = (data_port(name, "in", fmt) for name, fmt in zip("abc", (a, b, c), strict=True))
        super().__init__(
            (*operands, *random_port(self.random_bits)),
            (data_port("y", "out", y), *((Port("flags", "out", 4, "flags"),) if flags else ())),
            stages=stages,
            objective=objective,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if all(isinstance(fmt, IntFormat) for fmt in (*self.formats, self.result)):
            self._elaborate_integer(m)
        else:
            self._elaborate_float(m)
        return m

    def _factors(self, m: Module) -> tuple[Value, Value]:
        """Return the codes of the factors, with `gate_zero` as far as they matter."""
        if not self.gate_zero:
            return self.a, self.b
        m.submodules.isolate = isolate = Isolate(
            *self.formats[:2], flush=self.flush, signs=isinstance(self.result, FloatFormat)
        )
        m.d.comb += [isolate.a.eq(self.a), isolate.b.eq(self.b)]
        return isolate.isolated_a, isolate.isolated_b

    def _elaborate_integer(self, m: Module) -> None:
        a, b, c = (cast(IntFormat, fmt) for fmt in self.formats)
        y = cast(IntFormat, self.result)
        # Two's complement throughout. A product of unsigned operands needs a sign bit as well, and
        # the sum one bit more than its wider term.
        bits = max(a.width + b.width + 1, c.width + 1) + 1
        if self.overflow == "wrap" and not self.has_flags:
            # Nobody looks at what is wrapped away.
            bits = min(bits, y.width)
        m.submodules.multiply_add = multiply_add = SumIntegerProducts(
            a, b, 1, c, bits, kind=heap_for(self.objective)
        )
        m.submodules.propagate = propagate = Adder(bits, adder_for(self.objective))
        delays = {
            "multiply_add": 4 * log2(min(a.width, b.width) + 1),
            "propagate": 2 * log2(bits) + 2,
            "fit": 3.0,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        multiply_add.connect(m, [self._factors(m)], self.c)
        first, second = pipe.after("multiply_add", multiply_add.first, multiply_add.second)
        m.d.comb += [propagate.a.eq(first), propagate.b.eq(second)]
        total = Signal(signed(bits))
        m.d.comb += total.eq(propagate.total)
        total = pipe.after("propagate", total)
        code, too_large = fit_integer(m, total, y, saturate=self.overflow == "saturate")
        code, too_large = pipe.after("fit", code, too_large)
        self._finish(m, pipe, code, Cat(0, 0, 0, too_large))

    def _elaborate_float(self, m: Module) -> None:
        plain = target_of(self.result)
        # More precision at the bottom, for the random word: the exponent stays that of the format.
        target = Target(plain.precision + self.random_bits, plain.min_exponent)
        unpackers = [Unpack(fmt, flush=self.flush) for fmt in self.formats]
        for name, unpacker in zip("abc", unpackers, strict=True):
            m.submodules[f"unpack_{name}"] = unpacker
        a_range, b_range, c_range = (unpacker.range for unpacker in unpackers)
        p_range = product_range(a_range, b_range)
        frame = frame_of(p_range, c_range, target, zero_is_lowest=True)
        adder = adder_for(self.objective, frame.width)
        m.submodules.normalize = normalize = Normalize(
            frame.width + 2,
            frame.min_base,
            frame.max_base,
            target,
            adder=adder,
            kind=normalizer_for(self.objective, frame.width),
            from_room=True,
        )
        m.submodules.align = align = Align(
            p_range,
            c_range,
            frame,
            factors=(a_range, b_range),
            adder=adder,
            origin=normalize.room_base,
        )
        m.submodules.multiply_add = multiply_add = MultiplyAdd(
            a_range.bits, b_range.bits, frame, kind=heap_for(self.objective)
        )
        m.submodules.pack = pack = Pack(
            self.result,
            normalize.max_exponent,
            rounding=self.rounding,
            overflow=self.overflow,
            flush=self.flush,
        )
        delays = {
            "unpack": 3.0,
            "align": 2 * log2(p_range.exponent_bits + 1) + 2 * log2(frame.width) + 4,
            "multiply_add": 4 * log2(min(a_range.bits, b_range.bits) + 1),
            "normalize": 6 * log2(frame.width) + 4,
            "pack": 2 * log2(target.precision + 2) + 4,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        # Codes to fields.
        for code, unpacker in zip((*self._factors(m), self.c), unpackers, strict=True):
            m.d.comb += unpacker.code.eq(code)
        rnd = self.rnd if self.random_bits else Const(0)
        a, b, c, rnd = pipe.after("unpack", *(unpacker.term for unpacker in unpackers), rnd)

        # The addend to its place beside the product, whose significand is not needed yet; and all
        # that does not depend on the sum.
        p = product_term(m, a, b, Const(0), Const(0))
        subtract = Signal()
        align.connect(m, (a, b), p.is_zero, c, subtract)
        opposite_infinities = Signal()
        is_nan = Signal()
        m.d.comb += [
            subtract.eq(p.sign ^ c.sign),
            opposite_infinities.eq(p.is_inf & c.is_inf & subtract),
            is_nan.eq(p.is_nan | c.is_nan | opposite_infinities),
        ]
        special = Special(
            is_nan=is_nan,
            is_inf=(p.is_inf | c.is_inf) & ~is_nan,
            inf_sign=Mux(p.is_inf, p.sign, c.sign),
            is_invalid=p.is_invalid | c.is_invalid | opposite_infinities,
            # A sum of zeros keeps their common sign, any other zero is +0, or -0 rounding down.
            zero_sign=p.sign | c.sign if self.rounding == "rdn" else p.sign & c.sign,
        )
        a, b, aligned, sticky, base, sign, special, rnd = pipe.after(
            "align",
            a.significand,
            b.significand,
            align.aligned,
            align.sticky,
            align.base,
            p.sign,
            special,
            rnd,
        )

        # Partial products and addend in one heap.
        m.d.comb += [
            multiply_add.a.eq(a),
            multiply_add.b.eq(b),
            multiply_add.aligned.eq(aligned),
        ]
        first, second, sticky, base, sign, special, rnd = pipe.after(
            "multiply_add",
            multiply_add.first,
            multiply_add.second,
            sticky,
            base,
            sign,
            special,
            rnd,
        )

        # Their sum: sign, and magnitude with the leading one on top.
        normalize.connect(m, first, second, sticky, base)
        number, sign, special, rnd = pipe.after(
            "normalize", normalize.normalized, sign ^ normalize.negative, special, rnd
        )

        # The one rounding.
        if self.random_bits:
            number = add_random(m, number, rnd)
        pack.connect(m, sign, number, special)
        code, flags = pipe.after("pack", pack.code, pack.flags)
        self._finish(m, pipe, code, flags)

    def _finish(self, m: Module, pipe: Pipeline, code: Value, flags: Value) -> None:
        m.d.comb += [self.out_valid.eq(pipe.valid), self.y.eq(code)]
        if self.has_flags:
            m.d.comb += self.flags.eq(flags)
