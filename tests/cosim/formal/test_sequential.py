"""Literals over registers: which can ever be true."""

import pytest

from cosim.formal import sequential
from cosim.formal.graph import TRUE, Graph
from cosim.formal.sequential import can_ever_be
from gen.errors import ToolError


def counter(bits, last):
    """Return a graph, its registers, and whether they count up to `last`, from where they stay."""
    graph = Graph()
    held = [graph.input(f"count[{bit}]") for bit in range(bits)]
    is_last = TRUE
    for bit, one in enumerate(held):
        is_last = graph.both(is_last, one ^ (~last >> bit & 1))
    registers = []
    carry = is_last ^ 1
    for one in held:
        registers.append((one, graph.differ(one, carry)))
        carry = graph.both(one, carry)
    return graph, registers, held


def equals(graph, held, number):
    found = TRUE
    for bit, one in enumerate(held):
        found = graph.both(found, one ^ (~number >> bit & 1))
    return found


def test_a_counter_reaches_its_last_number_and_no_further():
    graph, registers, held = counter(4, last=9)
    assert can_ever_be(graph, equals(graph, held, 9), registers, 20) is True
    assert can_ever_be(graph, equals(graph, held, 12), registers, 20) is False


def test_equal_registers_stay_equal():
    graph = Graph()
    x = graph.input("x")
    left, right = graph.input("left"), graph.input("right")
    registers = [(left, graph.differ(left, x)), (right, graph.differ(x, right))]
    assert can_ever_be(graph, graph.differ(left, right), registers, 20) is False
    assert can_ever_be(graph, graph.both(left, x), registers, 20) is True


def test_what_is_left_may_have_no_registers():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    left, right = graph.input("left"), graph.input("right")
    registers = [(left, graph.differ(left, x)), (right, graph.differ(x, right))]
    same = graph.differ(left, right) ^ 1
    assert can_ever_be(graph, graph.both(same, graph.both(x, y)), registers, 20) is True


def test_no_verdict_is_none_or_an_error(monkeypatch):
    graph, registers, held = counter(2, last=3)

    def late(*_args):
        raise TimeoutError

    monkeypatch.setattr(sequential, "run_abc", late)
    assert can_ever_be(graph, held[0], registers, 1) is None
    monkeypatch.setattr(sequential, "run_abc", lambda *_args: "Segmentation fault")
    with pytest.raises(ToolError, match="gave no verdict"):
        can_ever_be(graph, held[0], registers, 1)
