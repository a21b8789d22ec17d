"""Widths and weights of a dot product of block formats, and which of them can be built."""

from __future__ import annotations

from hdl.bricks.rounding import ROUNDINGS
from hdl.formats import BlockFormat, FixedFormat, FloatFormat, Format, IntFormat
from hdl.stages.decode import decoded_range
from hdl.stages.terms import product_range

__all__ = [
    "MAX_LANES",
    "MAX_WORD_BITS",
    "BlockShape",
    "check_block_options",
    "check_sparsity",
    "exact_block_format",
]

MAX_LANES = 1024

MAX_WORD_BITS = 256
"""Widest exact sum of several blocks; with e8m0 scales two blocks already need twice as much."""


class BlockShape:
    """What follows from the formats alone: widths and weights of a block dot product.

    Parameters
    ----------
    a, b
        Block formats of both vectors.
    blocks
        Blocks a cycle.
    scale_bits
        Bits that the product of integer scales is rounded to; None for all.

    Attributes
    ----------
    lanes : int
        Elements a cycle.
    integer_scales, integer_elements : bool
        Whether the datapath is one of integers, at these places.
    value_bits, value_weight : int
        Width of a block's exact sum (two's complement, never the most negative number), and the
        weight of its lowest bit.
    factor_bits, dropped : int
        Width of a block's factor (0: nothing but an exponent), and the bits that it was rounded by.
    scale_range : TermRange
        Of the product of two floating scales.
    span : int
        Places that its exponent can move a sum by.
    total_bits : int
        Width of the sum of all blocks.

    Raises
    ------
    ValueError
        If the formats cannot be multiplied block by block.
    """

    def __init__(self, a: BlockFormat, b: BlockFormat, blocks: int, scale_bits: int | None) -> None:
        if a.length != b.length:
            raise ValueError(
                f"blocks of {a.name} and {b.name} have {a.length} and {b.length} lanes"
            )
        if blocks < 1 or blocks * a.length > MAX_LANES:
            raise ValueError(f"blocks = {blocks}: there are 1 to {MAX_LANES} lanes")
        self.formats = (a, b)
        self.blocks = blocks
        self.length = a.length
        self.lanes = blocks * a.length
        scales = [fmt.scale for fmt in self.formats]
        self.integer_scales = all(isinstance(scale, IntFormat) for scale in scales)
        if not self.integer_scales and any(isinstance(scale, IntFormat) for scale in scales):
            raise ValueError(f"{a.name} and {b.name}: either both scales are integers or neither")
        self.integer_elements = all(
            isinstance(fmt.element, IntFormat | FixedFormat) for fmt in self.formats
        )
        growth = (self.length - 1).bit_length()
        elements = [decoded_range(fmt.element) for fmt in self.formats]
        if self.integer_elements:
            # A sign bit for unsigned operands is not needed: elements are signed.
            self.value_bits = sum(fmt.element.bits for fmt in self.formats) + growth
            self.value_weight = sum(element.offset for element in elements)
        else:
            product = product_range(*elements)
            # The word that holds every product, the growth of their sum, and a sign.
            word = product.bits + product.max_weight - product.min_weight
            self.value_bits = word + growth + 1
            self.value_weight = product.min_weight
        self._set_scales(scale_bits)
        self.total_bits = self.value_bits + self.factor_bits
        if blocks > 1:
            self.total_bits += self.span + (blocks - 1).bit_length()
        if blocks > 1 and self.total_bits > MAX_WORD_BITS:
            raise ValueError(
                f"blocks = {blocks}: an exact sum of blocks of {a.name} and {b.name} has "
                f"{self.total_bits} bits, more than {MAX_WORD_BITS}"
            )

    def _set_scales(self, scale_bits: int | None) -> None:
        scales = [fmt.scale for fmt in self.formats]
        full = sum(scale.bits for scale in scales)
        self.span = 0
        if self.integer_scales:
            self.factor_bits = full if scale_bits is None else scale_bits
            if not 1 <= self.factor_bits <= full:
                raise ValueError(f"scale_bits = {scale_bits} is not in 1..{full}")
            self.dropped = full - self.factor_bits
            return
        if scale_bits is not None:
            raise ValueError("scale_bits is for integer scales: others are not rounded")
        ranges = [decoded_range(scale) for scale in scales]
        product = product_range(*ranges)
        # Powers of two have a significand of 1, which multiplies nothing.
        self.factor_bits = 0 if all(scale.bits == 1 for scale in ranges) else product.bits
        self.dropped = 0
        self.scale_range = product
        self.span = product.max_weight - product.min_weight


def exact_block_format(shape: BlockShape, c: Format | None, *, accumulate: bool) -> IntFormat:
    """Return the integer format that holds every sum of all blocks plus `c`."""
    if not shape.integer_scales or accumulate or not isinstance(c, IntFormat | None):
        raise ValueError("y can only be left out for integer scales without accumulate")
    bits = shape.total_bits
    if c is not None:
        bits = max(bits, c.width + (not c.signed)) + 1
    return IntFormat(bits)


def check_block_options(
    shape: BlockShape,
    y: Format,
    c: Format | None,
    *,
    accumulate: bool,
    rounding: str,
    overflow: str,
) -> None:
    """Raise `ValueError` unless sums of this shape can be delivered like that."""
    integers = shape.integer_scales
    if accumulate and c is not None:
        raise ValueError("accumulate = true and c exclude each other: the accumulator is c")
    for name, fmt in (("y", y), ("c", c)):
        if fmt is not None:
            _check_result(name, fmt, integers=integers)
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding = {rounding!r} is not one of {', '.join(ROUNDINGS)}")
    if integers and rounding != "rne":
        raise ValueError("rounding is that of a float result: integers are not rounded")
    allowed = ("wrap", "saturate") if integers else ("ieee", "saturate")
    if overflow not in allowed:
        raise ValueError(f"overflow = {overflow!r}: {y.name} takes {' or '.join(allowed)}")


def _check_result(name: str, fmt: Format, *, integers: bool) -> None:
    if integers != isinstance(fmt, IntFormat):
        raise ValueError(f"{name} is an integer if the scales are, and otherwise a float")
    if not integers and not (isinstance(fmt, FloatFormat) and fmt.signed):
        raise ValueError(f"{name} is a float with a sign, unlike {fmt.name}")


def check_sparsity(shape: BlockShape, n: int, m: int) -> None:
    """Raise `ValueError` unless of every `m` operands `n` can be selected for the lanes."""
    if not 1 <= n < m or shape.lanes % n:
        raise ValueError(f"sparsity {n}:{m}: n is below m and divides the {shape.lanes} lanes")
    if shape.lanes // n * m > MAX_LANES:
        raise ValueError(f"sparsity {n}:{m}: there are 1 to {MAX_LANES} lanes of a")
