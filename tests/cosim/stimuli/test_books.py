"""Codebooks where stimuli expect formats."""

import numpy as np
import pytest

from cosim.stimuli import get_stimuli, operands
from cosim.stimuli.books import Book, operands_of
from gen.config import make_config
from hdl.formats import IntFormat, parse_format

NUMBERS = IntFormat(8)
# 5, -3, 0, 100, 5, -128, 1, 2
BOOK = Book(3, NUMBERS, (5, 253, 0, 100, 5, 128, 1, 2))


def test_order_and_neighbours():
    assert BOOK.values(BOOK.order).tolist() == [-128, -3, 0, 1, 2, 5, 5, 100]
    assert BOOK.is_signed
    assert operands.nearest(BOOK, [np.inf, -np.inf, 3.4, 40, -1]).tolist()[:2] == [3, 5]
    assert BOOK.values(operands.nearest(BOOK, [3.4, 40, -2])).tolist() == [2, 5, -3]
    assert BOOK.values(operands.nudged(BOOK, np.array([2, 3, 5]), [1, 1, -1])).tolist() == [
        1,
        100,
        -128,
    ]
    assert BOOK.values(operands.negated(BOOK, np.array([0, 5]))).tolist() == [-3, 100]
    assert operands.constant(BOOK, 0.0) == 2


def test_ranges():
    assert operands.exponent_range(BOOK) == (0, 7)
    assert Book(1, NUMBERS, (0, 0)).exponent_range() == (0, 0)
    assert BOOK.span == (0, -128, 100)
    assert Book(1, NUMBERS, (4, 12)).span == (2, 1, 3)
    assert BOOK.precision == 8
    rng = np.random.default_rng(1)
    drawn = operands.values(BOOK, operands.of_exponent(BOOK, np.full(200, 6), rng))
    assert set(drawn) == {100.0, -128.0, -3.0} or set(drawn) <= {100.0, -128.0, -3.0, 5.0}
    assert operands.finite_codes(BOOK, (50,), rng).max() == 7


def test_corners_of_a_large_book():
    table = tuple(range(256))
    corners = Book(8, IntFormat(8), table).corner_codes()
    assert {128, 129, 255, 0, 1, 126, 127} <= set(corners.tolist())
    assert len(corners) < 20
    assert BOOK.corner_codes().tolist() == list(range(8))
    assert operands.special_codes(BOOK).tolist() == [7]


@pytest.mark.parametrize(
    "params",
    [
        {"a": "int8", "b": "nf4", "b_table": "q1.7"},
        {"a": "nf4", "a_table": "e4m3", "b": "af4", "b_table": "int4", "y": "fp16", "c": "fp16"},
        {"a": "nf4", "a_table": "q2.2", "b": "int3", "y": "int20", "lsb": -2, "accumulate": True},
        {
            "a": "nf4",
            "a_table": "fp16",
            "b": "e5m2",
            "y": "fp32",
            "align": "window",
            "fraction_bits": 9,
        },
    ],
    ids=["fixed", "two books", "accumulator", "window"],
)
def test_dot_products_of_codebooks(params):
    config = make_config("dot", params | {"lanes": 3}).params_dict()
    stimuli = get_stimuli("dot")
    for drawn in (
        stimuli.directed(config),
        stimuli.random(config, 3000, np.random.default_rng(1)),
    ):
        for port in "ab":
            bits = parse_format(config[port]).bits
            assert drawn[port].max() < 1 << bits
            if bits == 4:
                assert len(np.unique(drawn[port])) == 16
    # In units of y's lowest bit the entries are multiples of one.
    a, _ = operands_of(config)
    if isinstance(a, Book) and config["lsb"]:
        assert a.span[0] == 0


def test_no_rows():
    config = make_config("dot", {"a": "int8", "b": "nf4", "b_table": "q1.7", "lanes": 2})
    drawn = get_stimuli("dot").random(config.params_dict(), 0, np.random.default_rng(1))
    assert len(drawn["b"]) == 0


def test_posits_have_a_code_that_is_no_number():
    config = make_config("dot", {"a": "posit8", "b": "int8", "y": "fp32", "lanes": 2})
    a, _ = operands_of(config.params_dict())
    assert isinstance(a, Book)
    assert a.special_codes.tolist() == [0x80]
    assert 0x80 in a.corner_codes()
    assert 0x80 not in a.order
    assert a.nearest([0.0, 1e-9, -1e-9, 3.0]).tolist() == [0, 0, 0, 0x4C]
    assert a.nudged(np.array([0, 1, 0x7F]), 1).tolist() == [1, 2, 0x7F]
    drawn = get_stimuli("dot").random(config.params_dict(), 4000, np.random.default_rng(1))["a"]
    assert 0 < (drawn == 0x80).any(axis=1).mean() < 0.3
