"""Integer products as partial products in a bit heap."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.adder import AdderKind
from hdl.bricks.bit_heap import BitHeap

__all__ = [
    "Multiplier",
    "Squarer",
    "add_booth_product",
    "add_chosen_product",
    "add_product",
    "add_square",
    "booth_bits",
]


# A row's bit takes a few gates where an and gate makes one of the array: fewer full adders must pay
# for that. Measured on multipliers of 4 to 11 bits.
_BOOTH_PAYS = 0.75


def booth_bits(a_bits: int, b_bits: int, *, a_signed: bool, b_signed: bool) -> int:
    """Return how many bits `add_booth_product` adds to a heap, constants aside."""
    rows = (b_bits + (not b_signed) + 1) // 2
    return rows * (a_bits + (not a_signed) + 2)


def add_chosen_product(
    m: Module,
    heap: BitHeap,
    a: Value,
    b: Value,
    *,
    weight: int = 0,
    a_signed: bool = False,
    b_signed: bool = False,
    name: str = "digit",
) -> None:
    """Add ``(a * b) << weight`` to a heap, as what is smaller: an array or Booth's rows.

    Parameters
    ----------
    m
        Module that the heap lives in.
    name
        Prefix of the signals that it adds to `m`, where there are several products.
    """
    straight = booth_bits(len(a), len(b), a_signed=a_signed, b_signed=b_signed)
    swapped = booth_bits(len(b), len(a), a_signed=b_signed, b_signed=a_signed)
    if min(straight, swapped) >= _BOOTH_PAYS * len(a) * len(b):
        add_product(heap, a, b, weight=weight, a_signed=a_signed, b_signed=b_signed)
        return
    if swapped < straight:
        a, b, a_signed, b_signed = b, a, b_signed, a_signed
    add_booth_product(m, heap, a, b, weight=weight, a_signed=a_signed, b_signed=b_signed, name=name)


def add_product(
    heap: BitHeap,
    a: Value,
    b: Value,
    *,
    weight: int = 0,
    a_signed: bool = False,
    b_signed: bool = False,
) -> None:
    """Add ``(a * b) << weight`` to a heap as an array of and gates (Baugh-Wooley where signed).

    A partial product with one sign bit in it counts negative: ``-p = (1 - p) - 1``, so it enters
    complemented, with a constant that the heap folds.
    """
    for i in range(len(a)):
        for j in range(len(b)):
            negative = (a_signed and i == len(a) - 1) != (b_signed and j == len(b) - 1)
            partial = a[i] & b[j]
            heap.add_bit(~partial if negative else partial, weight + i + j)
            if negative:
                heap.add_constant(-1 << (weight + i + j))


def add_booth_product(
    m: Module,
    heap: BitHeap,
    a: Value,
    b: Value,
    *,
    weight: int = 0,
    a_signed: bool = False,
    b_signed: bool = False,
    name: str = "digit",
) -> None:
    """Add ``(a * b) << weight`` to a heap as a row for every second bit of `b` (radix-4 Booth).

    A digit of `b` is ``-2 * b[i + 1] + b[i] + b[i - 1]``, from -2 to 2; its row is 0, `a` or twice
    `a`, complemented where the digit is negative, which leaves a one to add. In the lowest bit that
    one goes to the place above: ``(1 - x) + 1 = x + 2 * (1 - x)``.

    Parameters
    ----------
    name
        Prefix of the signals that it adds to `m`.
    """
    multiplicand = a if a_signed else Cat(a, Const(0, 1))
    multiplier = b if b_signed else Cat(b, Const(0, 1))
    top = len(multiplicand)
    for k in range(0, len(multiplier), 2):
        low = multiplier[k - 1] if k else Const(0, 1)
        middle = multiplier[k]
        high = multiplier[min(k + 1, len(multiplier) - 1)]
        one, two = Signal(name=f"{name}_one_{k}"), Signal(name=f"{name}_two_{k}")
        m.d.comb += [one.eq(middle ^ low), two.eq((high ^ middle) & ~one)]
        for i in range(top + 1):
            upper = multiplicand[min(i, top - 1)]
            lower = multiplicand[i - 1] if i else Const(0, 1)
            chosen = (one & upper) | (two & lower) if i else one & upper
            if i == 0:
                heap.add_bit(chosen, weight + k)
                heap.add_bit(high & ~chosen, weight + k + 1)
            elif i < top:
                heap.add_bit(chosen ^ high, weight + k + i)
            else:
                # The sign, as in `BitHeap.add_signed`.
                heap.add_bit(~(chosen ^ high), weight + k + i)
                heap.add_constant(-1 << (weight + k + i))


def add_square(heap: BitHeap, a: Value, *, weight: int = 0, a_signed: bool = False) -> None:
    """Add ``(a * a) << weight`` to a heap: half the array of a product.

    Two bits meet twice, which is once at the place above; a bit times itself is the bit. Where both
    come to one place, ``x[i] + x[i] x[i - 1]`` is ``x[i] ~x[i - 1] + 2 x[i] x[i - 1]``. With the
    sign bit, bits meet negative, as in `add_product`; the sign times itself counts positive.
    """
    top = len(a) - 1
    for i in range(top + 1):
        for j in range(i):
            place = weight + i + j + 1
            negative = a_signed and i == top
            if j == i - 1 and not negative:
                # With the bit times itself, below.
                heap.add_bit(a[i] & a[j], place + 1)
            else:
                heap.add_bit(~(a[i] & a[j]) if negative else a[i] & a[j], place)
                if negative:
                    heap.add_constant(-1 << place)
        joined = i > 0 and not (a_signed and i == top)
        heap.add_bit(a[i] & ~a[i - 1] if joined else a[i], weight + 2 * i)


class Multiplier(wiring.Component):
    """Unsigned product of two integers, exact: ``product = a * b``. Combinational.

    Parameters
    ----------
    a_bits, b_bits
        Widths of the operands.
    adder
        The final adder.

    Members
    -------
    a : In(a_bits)
    b : In(b_bits)
    product : Out(a_bits + b_bits)
    """

    def __init__(self, a_bits: int, b_bits: int, adder: AdderKind) -> None:
        self.adder: AdderKind = adder
        super().__init__({"a": In(a_bits), "b": In(b_bits), "product": Out(a_bits + b_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.product), kind="small" if self.adder == "ripple" else "fast")
        add_chosen_product(m, heap, self.a, self.b)
        m.d.comb += self.product.eq(heap.sum(m, self.adder))
        return m


class Squarer(wiring.Component):
    """Square of an integer, exact: ``square = a * a``. Combinational.

    Parameters
    ----------
    bits
        Width of the operand.
    adder
        The final adder.
    a_signed
        Whether the operand is two's complement.

    Members
    -------
    a : In(bits)
        A bit pattern.
    square : Out(2 * bits)
        Unsigned.
    """

    def __init__(self, bits: int, adder: AdderKind, *, a_signed: bool = False) -> None:
        self.adder: AdderKind = adder
        self.a_signed = a_signed
        super().__init__({"a": In(bits), "square": Out(2 * bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heap = BitHeap(len(self.square), kind="small" if self.adder == "ripple" else "fast")
        add_square(heap, self.a, a_signed=self.a_signed)
        m.d.comb += self.square.eq(heap.sum(m, self.adder))
        return m
