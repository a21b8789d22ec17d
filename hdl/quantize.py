"""Requantization: a wide number times a scale, rounded into a narrow format."""

from __future__ import annotations

from math import log2

from amaranth.hdl import Const, Module

from hdl.convert import check_conversion, needs_table
from hdl.formats import Format
from hdl.options import Objective, adder_for, normalizer_for
from hdl.pipeline import Pipeline
from hdl.ports import data_port, random_port
from hdl.stages.decode import BINARY_FORMATS, Decode
from hdl.stages.encode import Encode, Fit, RoundingMode
from hdl.stages.pack import Overflow
from hdl.stages.product import Product
from hdl.unit import Unit

__all__ = ["Quantize"]


class Quantize(Unit):
    """``y = round(x * scale)``, rounded once.

    The scale's format says how it scales: ``e8m0`` by a power of two, which moves nothing but
    exponents; ``uq0.16`` by an integer multiplication and a fixed shift; a float by both. Infinity
    and NaN follow IEEE 754: infinity times zero is NaN, NaN stays so; what `y` makes of them is
    that of `hdl.convert.Convert`. One result a cycle, `latency` cycles after its operands.

    Parameters
    ----------
    x, y
        Formats of operand and result.
    scale
        Format of the scale, with `x` one with binary significands.
    rounding, random_bits, stages, objective
        As in `hdl.convert.Convert`.
    overflow
        ``saturate`` (default), or ``ieee`` for a float or e8m0 `y`.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    x, scale : In
    rnd : In(random_bits)
        With ``stochastic``.
    out_valid : Out(1)
    y : Out

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        x: Format,
        y: Format,
        scale: Format,
        *,
        rounding: RoundingMode = "rne",
        overflow: Overflow = "saturate",
        random_bits: int | None = None,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self.source = x
        self.scaling = scale
        self.result = y
        self.rounding: RoundingMode = rounding
        self.overflow: Overflow = overflow
        self.random_bits = random_bits or 0
        check_conversion(
            y,
            integers=False,
            rounding=rounding,
            overflow=overflow,
            subnormals="ieee",
            random_bits=self.random_bits,
            stages=stages,
            objective=objective,
        )
        for fmt in (x, scale):
            if not isinstance(fmt, BINARY_FORMATS):
                raise ValueError(f"format {fmt.name} has no binary significands to multiply")
        if needs_table(x, y):
            raise ValueError(f"format {y.name} has no binary significands to round to")
        operands = data_port("x", "in", x), data_port("scale", "in", scale)
        super().__init__(
            (*operands, *random_port(self.random_bits)),
            (data_port("y", "out", y),),
            stages=stages,
            objective=objective,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        adder = adder_for(self.objective)
        m.submodules.decode_x = decode_x = Decode(self.source)
        m.submodules.decode_scale = decode_scale = Decode(self.scaling)
        m.submodules.multiply = multiply = Product(decode_x.range, decode_scale.range, adder)
        m.submodules.fit = fit = Fit(
            self.result,
            multiply.range,
            random_bits=self.random_bits,
            adder=adder,
            kind=normalizer_for(self.objective),
        )
        m.submodules.encode = encode = Encode(
            self.result,
            fit.max_exponent,
            rounding=self.rounding,
            overflow=self.overflow,
            flush=False,
            random_bits=self.random_bits,
        )
        factor_bits = min(decode_x.range.bits, decode_scale.range.bits)
        delays = {
            "decode": 3.0,
            "multiply": 4 * log2(factor_bits) + 2 * log2(multiply.range.bits) + 1,
            "fit": 6 * log2(multiply.range.bits) + 4,
            "encode": 2 * log2(fit.target.precision + 2) + 4,
        }
        pipe = Pipeline(m, self.in_valid, delays, self.stages)

        m.d.comb += [decode_x.code.eq(self.x), decode_scale.code.eq(self.scale)]
        rnd = self.rnd if self.random_bits else Const(0)
        x, scale, rnd = pipe.after("decode", decode_x.term, decode_scale.term, rnd)
        product = multiply.connect(m, x, scale, name="product")
        product, rnd = pipe.after("multiply", product, rnd)
        fit.connect(m, product)
        number, product, rnd = pipe.after("fit", fit.normalized, product, rnd)
        encode.connect(m, product, number, rnd)
        m.d.comb += [self.y.eq(pipe.after("encode", encode.code)), self.out_valid.eq(pipe.valid)]
        return m
