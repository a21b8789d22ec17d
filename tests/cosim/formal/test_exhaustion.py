import time

import pytest

from cosim.formal import exhaustion
from cosim.formal.exhaustion import find_by_exhaustion
from cosim.formal.graph import Graph
from tests.cosim.formal.logic import adder, number, operands


def test_every_sum_can_be_found(monkeypatch):
    """a = 2 and a + b = total, for every total: in each position of words, arrays and chunks."""
    monkeypatch.setattr(exhaustion, "CHUNK_BITS", 7)
    graph = Graph()
    a, b = operands(graph, 5)
    bits = adder(graph, a, b)
    for total in range(64):
        wrong = [bit ^ (total >> i & 1) for i, bit in enumerate(bits)]
        wrong += [bit ^ (2 >> i & 1) for i, bit in enumerate(a)]
        found = find_by_exhaustion(graph, graph.any(wrong) ^ 1, time.monotonic() + 60)
        if 2 <= total < 34:
            assert found is not None
            assert number(found, "b", 5) == total - 2
        else:
            assert found is None


def test_exhaustion_stops_at_its_deadline():
    graph = Graph()
    a, _ = operands(graph, 3)
    with pytest.raises(TimeoutError):
        find_by_exhaustion(graph, graph.both(a[0], a[1]), time.monotonic() - 1)
