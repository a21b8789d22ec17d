from itertools import product

import pytest

from hdl.bricks.adder import ADDERS, Adder, FullAdder, HalfAdder, prefix_levels
from tests.hdl.simulate import settle


@pytest.mark.parametrize("fast", [False, True])
def test_full_adder(fast):
    operands = [{"a": a, "b": b, "c": c} for a, b, c in product((0, 1), repeat=3)]
    for given, (total, carry) in zip(
        operands, settle(FullAdder(fast=fast), operands, "sum", "carry"), strict=True
    ):
        assert 2 * carry + total == sum(given.values())


def test_half_adder():
    operands = [{"a": a, "b": b} for a, b in product((0, 1), repeat=2)]
    for given, (total, carry) in zip(
        operands, settle(HalfAdder(), operands, "sum", "carry"), strict=True
    ):
        assert 2 * carry + total == sum(given.values())


@pytest.mark.parametrize("kind", ADDERS)
@pytest.mark.parametrize("bits", [1, 2, 3, 5])
def test_every_sum(bits, kind):
    operands = [
        {"a": a, "b": b, "carry_in": c}
        for a in range(1 << bits)
        for b in range(1 << bits)
        for c in (0, 1)
    ]
    assert settle(Adder(bits, kind), operands, "total") == [(sum(o.values()),) for o in operands]


@pytest.mark.parametrize("kind", ADDERS)
@pytest.mark.parametrize("bits", [16, 23, 37])
def test_long_carries(bits, kind):
    ones = (1 << bits) - 1
    operands = [
        {"a": ones ^ (1 << i), "b": 1 << j, "carry_in": 1} for i in range(bits) for j in (0, i)
    ]
    assert settle(Adder(bits, kind), operands, "total") == [(sum(o.values()),) for o in operands]


@pytest.mark.parametrize(
    ("kind", "levels", "nodes"),
    # Textbook figures for 16 bits: depth, and number of prefix cells.
    [("kogge_stone", 4, 49), ("sklansky", 4, 32), ("brent_kung", 7, 26), ("ripple", 15, 15)],
)
def test_depth_and_size_of_the_prefix_graphs(kind, levels, nodes):
    graph = prefix_levels(16, kind)
    assert len(graph) == levels
    assert sum(len(level) for level in graph) == nodes
