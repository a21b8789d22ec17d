"""Multiples by constants, as few shifted terms in a bit heap."""

from __future__ import annotations

from amaranth.hdl import Value

from hdl.bricks.bit_heap import BitHeap

__all__ = ["add_multiple", "signed_digits"]


def signed_digits(constant: int) -> list[tuple[int, int]]:
    """Return ``(weight, digit)`` of the canonical signed-digit form, digits +1 or -1.

    No two neighbours are non-zero, and no form has fewer non-zero digits (Reitwiesner 1960).
    """
    digits: list[tuple[int, int]] = []
    weight = 0
    while constant:
        if constant & 1:
            digit = 2 - (constant & 3)
            digits.append((weight, digit))
            constant -= digit
        constant >>= 1
        weight += 1
    return digits


def add_multiple(heap: BitHeap, value: Value, constant: int, *, is_signed: bool) -> None:
    """Add ``value * constant`` to a heap.

    ``-x = ~x + 1``: a negative digit enters complemented, bit by bit, with constants that the heap
    folds. Of a two's-complement number the sign bit counts the other way round.
    """
    top = len(value) - 1
    for weight, digit in signed_digits(constant):
        for i in range(len(value)):
            negative = (digit < 0) != (is_signed and i == top)
            heap.add_bit(~value[i] if negative else value[i], weight + i)
            if negative:
                heap.add_constant(-1 << (weight + i))
