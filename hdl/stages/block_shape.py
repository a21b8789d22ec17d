"""Widths and weights of a dot product of block formats, and which of them can be built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hdl.bricks.rounding import ROUNDINGS
from hdl.formats import BlockFormat, FixedFormat, FloatFormat, Format, IntFormat
from hdl.stages.decode import decoded_range
from hdl.stages.terms import product_range
from hdl.stages.window import MAX_FRACTION_BITS

__all__ = [
    "MAX_LANES",
    "MAX_WORD_BITS",
    "BlockShape",
    "BlockWindow",
    "check_block_options",
    "exact_block_format",
]

MAX_LANES = 1024

MAX_WORD_BITS = 256
"""Widest exact sum of several blocks; with e8m0 scales two blocks already need twice as much."""


MAX_WINDOW_BITS = 61
"""Widest sum of terms in a window, sign aside: golden models compute it in 64 bits."""


@dataclass(frozen=True)
class BlockWindow:
    """How much of its terms a block dot product adds, as in `hdl.stages.window`.

    Of each group the products are added exactly; the sum, times the significands of its scales, is
    a term. Its exponent is that of the scales, plus the products' own in groups of one; nothing is
    renormalised.

    Attributes
    ----------
    fraction_bits
        Fraction bits that are kept below the largest exponent.
    sticky
        Whether three more are kept: guard, round, and whether anything is below.
    group
        Lanes in a group; they share their scales.
    """

    fraction_bits: int
    sticky: bool = False
    group: int = 1


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
    window
        What of every term is added; None for all of it.

    Attributes
    ----------
    lanes : int
        Elements a cycle.
    group, groups : int
        Lanes whose products are added exactly before scales come in, and how many such groups.
    integer_scales, integer_elements : bool
        Whether the datapath is one of integers, at these places.
    value_bits, value_weight : int
        Width of a group's exact sum (two's complement, never the most negative number), and the
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

    def __init__(
        self,
        a: BlockFormat,
        b: BlockFormat,
        blocks: int,
        scale_bits: int | None,
        window: BlockWindow | None = None,
    ) -> None:
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
        _check_integers(self.formats)
        self.integer_scales = isinstance(a.scale, IntFormat)
        self.integer_elements = all(
            isinstance(fmt.element, IntFormat | FixedFormat) for fmt in self.formats
        )
        self.window = window
        self.group = a.length if window is None else window.group
        if self.group < 1 or self.length % self.group:
            raise ValueError(f"group = {self.group}: groups share scales, so it divides {a.length}")
        self.groups = self.lanes // self.group
        growth = (self.group - 1).bit_length()
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
        if window is not None:
            self._check_window(window)
            return
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

    @property
    def headroom(self) -> int:
        """With a window: bits of a term above its exponent."""
        if self.group == 1:
            return 2  # a product of two significands below 2
        # Two's complement has a sign; significands of scales are below 2 each, if not 1.
        return self.value_bits - 1 + self.value_weight + (2 if self.factor_bits else 0)

    def _check_window(self, window: BlockWindow) -> None:
        names = " and ".join(sorted({fmt.name for fmt in self.formats}))
        if not 1 <= window.fraction_bits <= MAX_FRACTION_BITS:
            raise ValueError(
                f"fraction_bits = {window.fraction_bits} is not in 1..{MAX_FRACTION_BITS}"
            )
        if self.integer_scales:
            raise ValueError("a window needs floating scales: integers have no exponent")
        for fmt in self.formats:
            if not isinstance(fmt.element, FloatFormat):
                raise ValueError(f"a window needs floats: {fmt.element.name} has no exponent")
        if self.factor_bits and window.group == 1:
            raise ValueError(
                f"group = 1: scales of {names} are no powers of two, they multiply sums of groups"
            )
        bits = window.fraction_bits + 3 * window.sticky + self.headroom + self.groups.bit_length()
        if bits > MAX_WINDOW_BITS:
            raise ValueError(
                f"fraction_bits = {window.fraction_bits}: sums of {names} take {bits} bits, more "
                f"than {MAX_WINDOW_BITS}"
            )


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


def _check_integers(formats: Sequence[BlockFormat]) -> None:
    """Raise `ValueError` where integer scales meet others, or elements that are not integers."""
    with_integers = [fmt for fmt in formats if isinstance(fmt.scale, IntFormat)]
    if 0 < len(with_integers) < len(formats):
        names = " and ".join(fmt.name for fmt in formats)
        raise ValueError(f"{names}: either both scales are integers or neither")
    for fmt in with_integers:
        if not isinstance(fmt.element, IntFormat):
            raise ValueError(f"{fmt.name}: with integer scales, elements are integers")
