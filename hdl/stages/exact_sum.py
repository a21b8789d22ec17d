"""How wide an exact sum of products is: the integer format, and the word it is formed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hdl.formats import FloatFormat, Format, IntFormat
from hdl.stages.codebook import Codebook
from hdl.stages.terms import TermRange, operand_range

__all__ = ["Word", "exact_sum", "exact_sum_format", "word_of"]


def exact_sum(
    a: Format | Codebook, b: Format | Codebook, lanes: int, c: Format | None
) -> tuple[IntFormat, int]:
    """Return the smallest integer format that holds every sum of `lanes` products plus `c`.

    With floats, infinities and NaN aside, it counts units of the lowest bit of a product, whose
    weight is returned as well, as a power of two.

    Raises
    ------
    FormatError
        If that takes more than 64 bits.
    ValueError
        If `c` is given and not all are integers.
    """
    if isinstance(a, IntFormat) and isinstance(b, IntFormat) and isinstance(c, IntFormat | None):
        return exact_sum_format(a, b, lanes, c), 0
    if c is not None:
        raise ValueError("y can only be left out with c where all operands are integers")
    largest = lanes * _largest(a) * _largest(b)
    return IntFormat(largest.bit_length() + 1), _range(a).min_weight + _range(b).min_weight


def _range(operand: Format | Codebook) -> TermRange:
    return operand.range() if isinstance(operand, Codebook) else operand_range(operand)


def _largest(operand: Format | Codebook) -> int:
    """Return the largest magnitude in units of the lowest weight."""
    if isinstance(operand, Codebook):
        return operand.largest
    if isinstance(operand, IntFormat):
        return max(operand.max_value, -operand.min_value)
    assert isinstance(operand, FloatFormat)
    hidden = 1 << operand.mantissa_bits
    significand = operand.max_code & (hidden - 1) | (hidden if operand.max_code >= hidden else 0)
    return significand << (operand_range(operand).max_weight - operand.min_ulp_exponent)


def exact_sum_format(a: IntFormat, b: IntFormat, lanes: int, c: IntFormat | None) -> IntFormat:
    """Return the smallest integer format that holds every sum of `lanes` products plus `c`.

    Raises
    ------
    FormatError
        If that takes more than 64 bits.
    """
    products = [x * y for x in (a.min_value, a.max_value) for y in (b.min_value, b.max_value)]
    low = lanes * min(products) + (c.min_value if c else 0)
    high = lanes * max(products) + (c.max_value if c else 0)
    if low >= 0:
        return IntFormat(max(1, high.bit_length()), signed=False)
    return IntFormat(max((-low - 1).bit_length(), high.bit_length()) + 1)


@dataclass(frozen=True)
class Word:
    """The fixed-point word that holds an exact sum.

    Attributes
    ----------
    base
        Weight of its lowest bit.
    bits
        Its width, with a sign.
    addend
        Width and place of an addend in it; None without one.
    """

    base: int
    bits: int
    addend: tuple[int, int] | None


def word_of(lanes: int, product: TermRange, addends: Sequence[TermRange]) -> Word:
    """Return the word that holds the sum of so many products and of the addend, if there is one."""

    def extent(term: TermRange) -> int:
        return term.bits + term.max_weight - term.min_weight

    base = min(term.min_weight for term in (product, *addends))
    largest = lanes * ((1 << extent(product)) - 1) << (product.min_weight - base)
    places = [(extent(term), term.min_weight - base) for term in addends]
    largest += sum(((1 << bits) - 1) << place for bits, place in places)
    return Word(base, largest.bit_length() + 1, places[0] if places else None)
