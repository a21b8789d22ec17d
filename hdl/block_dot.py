"""Dot product of vectors in block formats: elements, scales, and a sum across blocks."""

from __future__ import annotations

from amaranth.hdl import Const, Module

from hdl.block_exact import ExactBlocks
from hdl.block_window import WindowBlocks
from hdl.bricks.rounding import Rounding
from hdl.formats import BlockFormat, Format
from hdl.options import Objective
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.block_shape import (
    BlockShape,
    BlockWindow,
    check_block_options,
    exact_block_format,
)
from hdl.stages.pack import Overflow
from hdl.unit import Unit

__all__ = ["BlockDot"]


class BlockDot(Unit):
    """``y = round(sum over blocks j of scale_a[j] * scale_b[j] * sum(a[i] * b[i] in j) + c)``.

    DotGeneral of the OCP MX specification v1.0: the sum over a block is exact, the scales join it,
    the sum over blocks is exact as well, and so is the addend's; there is one rounding at the end.
    A scale that is NaN, or an element, makes the result NaN. Scales of tensors and channels are
    left to `hdl.quantize.Quantize` behind.

    Unsigned integer scales (VS-Quant) keep everything integer: the product of two scales is rounded
    to `scale_bits` (to nearest even, no further than the largest such number) before it multiplies,
    and nothing is shifted back: the lowest bit of `c` and `y` weighs 2 to the number of bits
    rounded away, which the manifest says as ``lsb``.

    `c` is a port, or the previous `y` (an accumulator that a cycle with `first` restarts), or
    absent. One result a cycle, `latency` cycles after its operands. For weights of structured
    sparsity see `hdl.sparse_dot`.

    With a `window` (floating scales only) not all is added: groups of products are summed exactly,
    scaled, and shifted right to the largest exponent of all terms, `c` among them, as tensor cores
    do; see `hdl.stages.block_shape.BlockWindow`.

    Parameters
    ----------
    a, b
        Block formats of the vectors, of one block length.
    y
        Format of the result: an integer if the scales are, else a signed float. Default, for
        integers without `accumulate`: the smallest that holds every sum.
    blocks
        Blocks a cycle.
    c
        Format of the addend port; None for none.
    accumulate
        Whether `y` accumulates. Excludes `c`.
    scale_bits
        Bits that the product of integer scales is rounded to. Default: all.
    window
        What of every term is added; default: all of it.
    rounding
        Of a float result: ``rne``, ``rtz``, ``rup``, ``rdn`` or ``rna``.
    overflow
        ``wrap`` (default) or ``saturate`` for an integer `y`; ``ieee`` (default) or ``saturate``
        for a float.
    stages
        Number of pipeline registers; 0 is combinational.
    objective
        What to build for: ``area``, ``delay`` or ``balanced``.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`, plus 1 for an accumulator.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    first : In(1)
        With `accumulate`: start a new sum in this cycle.
    a, b : In
        Elements, lane 0 in the low bits.
    scale_a, scale_b : In
        One scale a block.
    c : In
    out_valid : Out(1)
    y : Out

    Raises
    ------
    ValueError
        If options contradict each other or the formats.
    """

    def __init__(
        self,
        a: BlockFormat,
        b: BlockFormat,
        y: Format | None = None,
        blocks: int = 1,
        *,
        c: Format | None = None,
        accumulate: bool = False,
        scale_bits: int | None = None,
        window: BlockWindow | None = None,
        rounding: Rounding = "rne",
        overflow: Overflow | None = None,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self.shape = shape = BlockShape(a, b, blocks, scale_bits, window)
        self.accumulate = accumulate
        self.rounding: Rounding = rounding
        integers = shape.integer_scales
        self.result = y or exact_block_format(shape, c, accumulate=accumulate)
        self.overflow: Overflow = overflow or ("wrap" if integers else "ieee")
        check_block_options(
            shape,
            self.result,
            c,
            accumulate=accumulate,
            rounding=rounding,
            overflow=self.overflow,
        )
        self.addend = self.result if accumulate else c
        lsb = shape.dropped or None
        super().__init__(
            (
                *((Port("first", "in", 1, "control"),) if accumulate else ()),
                data_port("a", "in", a.element, shape.lanes),
                data_port("b", "in", b.element, shape.lanes),
                data_port("scale_a", "in", a.scale, blocks),
                data_port("scale_b", "in", b.scale, blocks),
                *((data_port("c", "in", c, lsb=lsb),) if c else ()),
            ),
            (data_port("y", "out", self.result, lsb=lsb),),
            stages=stages,
            objective=objective,
            extra_latency=int(accumulate),
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape = self.shape
        datapath = ExactBlocks(self) if shape.window is None else WindowBlocks(self, shape.window)
        pipe = Pipeline(m, self.in_valid, datapath.delays, self.stages)
        a_bits, b_bits = (fmt.element.bits for fmt in shape.formats)
        lanes = [
            (self.a.word_select(i, a_bits), self.b.word_select(i, b_bits))
            for i in range(shape.lanes)
        ]
        extra = self.first if self.accumulate else self.c if self.addend else Const(0)
        code = datapath.elaborate(m, pipe, lanes, (self.scale_a, self.scale_b), extra)
        m.d.comb += [self.y.eq(code), self.out_valid.eq(pipe.valid)]
        return m
