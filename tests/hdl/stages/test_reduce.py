from random import Random

import pytest

from hdl.formats import IntFormat
from hdl.stages.align import Frame
from hdl.stages.reduce import (
    AddAligned,
    AddRows,
    MultiplyAdd,
    SumIntegerProducts,
    SumPlaced,
    SumTerms,
)
from tests.hdl.simulate import settle

FRAME = Frame(
    below=1, reach=1, width=5, lost=2, clamps=True, zero_leads=False, min_base=0, max_base=0
)


def totals(component, operands):
    """Return the sums of both carry-save numbers, as signed numbers."""
    bits = len(component.first)
    sums = [sum(row) % (1 << bits) for row in settle(component, operands, "first", "second")]
    return [total - (total >> (bits - 1) << bits) for total in sums]


@pytest.mark.parametrize("terms", [1, 2, 5, 8, 19])
def test_sum_of_terms(terms):
    random = Random(1)
    rows = [[(1, 15)] * terms, [(0, 15)] * terms, [(1, 0)] * terms]
    rows += [[(random.randrange(2), random.randrange(16)) for _ in range(terms)] for _ in range(50)]
    operands = [
        {f"sign_{i}": sign for i, (sign, _) in enumerate(row)}
        | {f"magnitude_{i}": magnitude for i, (_, magnitude) in enumerate(row)}
        for row in rows
    ]
    unit = SumTerms(terms, 4, 5 + (terms - 1).bit_length())
    wanted = [sum(-magnitude if sign else magnitude for sign, magnitude in row) for row in rows]
    assert totals(unit, operands) == wanted


def test_placed_terms_of_different_widths():
    random = Random(2)
    shapes = [(5, 0), (3, 4), (9, 2), (1, 6)]
    unit = SumPlaced(shapes, 16)
    rows = [[-(1 << (width - 1)) for width, _ in shapes]]
    rows += [
        [random.randrange(-(1 << (w - 1)), 1 << (w - 1)) for w, _ in shapes] for _ in range(50)
    ]
    operands = [
        {
            f"term_{i}": term % (1 << width)
            for i, (term, (width, _)) in enumerate(zip(row, shapes, strict=True))
        }
        for row in rows
    ]
    wanted = [
        sum(term << place for term, (_, place) in zip(row, shapes, strict=True)) for row in rows
    ]
    assert totals(unit, operands) == wanted


def test_rows_add_up_modulo_their_width():
    random = Random(3)
    rows = [[255] * 4, *([random.randrange(256) for _ in range(4)] for _ in range(50))]
    operands = [{f"row_{i}": value for i, value in enumerate(row)} for row in rows]
    sums = [sum(pair) % 256 for pair in settle(AddRows(4, 8), operands, "first", "second")]
    assert sums == [sum(row) % 256 for row in rows]


@pytest.mark.parametrize("signed", [False, True])
def test_sum_of_integer_products(signed):
    random = Random(1)
    fmt, addend = IntFormat(3, signed=signed), IntFormat(5, signed=signed)
    unit = SumIntegerProducts(fmt, fmt, 3, addend, 9)
    operands, wanted = [], []
    for _ in range(200):
        a, b = ([random.randint(fmt.min_value, fmt.max_value) for _ in range(3)] for _ in "ab")
        c = random.randint(addend.min_value, addend.max_value)
        operands.append(
            {f"a_{i}": x & 7 for i, x in enumerate(a)}
            | {f"b_{i}": x & 7 for i, x in enumerate(b)}
            | {"c": c & 31}
        )
        wanted.append(sum(x * y for x, y in zip(a, b, strict=True)) + c)
    assert totals(unit, operands) == wanted


def with_addends(products):
    """Return products, addends, and both as operands: the addends from -31 to 31."""
    return [
        (product, addend, given | {"aligned": addend % 64})
        for product, given in products
        for addend in range(-31, 32)
    ]


def test_product_and_addend_in_one_heap():
    cases = with_addends([(a * b, {"a": a, "b": b}) for a in range(4) for b in range(4)])
    results = totals(MultiplyAdd(2, 2, FRAME), [given for _, _, given in cases])
    assert results == [product * 2 + addend for product, addend, _ in cases]


def test_sum_and_addend():
    cases = with_addends([(value, {"value": value % 16}) for value in range(-8, 8)])
    results = totals(AddAligned(4, FRAME), [given for _, _, given in cases])
    assert results == [value * 2 + addend for value, addend, _ in cases]
