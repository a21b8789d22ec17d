import itertools

import pytest

from cosim.formal.graph import FALSE, TRUE, Graph
from tests.cosim.formal.logic import adder, number, operands


def test_equal_gates_are_one_and_constants_fold():
    graph = Graph()
    (a,), (b,) = operands(graph, 1)
    assert graph.both(a, b) == graph.both(b, a)
    assert graph.both(a, a) == a
    assert graph.both(a, a ^ 1) == FALSE
    assert graph.both(TRUE, b) == b
    assert graph.both(a, FALSE) == FALSE
    assert graph.differ(a, a) == FALSE
    assert graph.any([]) == FALSE
    with pytest.raises(ValueError, match=r"^node 1 is no gate$"):
        graph.fanins(a // 2)


def test_restriction_fixes_inputs():
    graph = Graph()
    a, b = operands(graph, 4)
    total = adder(graph, a, b)
    fixed = {"a[0]": True, "a[1]": True, "a[2]": False, "a[3]": False}
    part, bit = graph.restricted(total[2], fixed)
    assert sorted(part.inputs.values()) == ["b[0]", "b[1]", "b[2]"]
    # Bit 2 of 3 + b.
    for values in itertools.product([False, True], repeat=3):
        given = dict(zip(["b[0]", "b[1]", "b[2]"], values, strict=True))
        _, literal = part.restricted(bit, given)
        assert literal == (3 + number(given, "b", 3) >> 2 & 1)


def test_an_aiger_file_holds_what_the_literal_needs():
    graph = Graph()
    (a, _, c), _ = operands(graph, 3)
    # Inputs 1 and 2, gate 3 = not c and a; 6 is the gate, 5 the inverted second input.
    assert graph.to_aiger(graph.both(a, c ^ 1)) == (b"aig 3 2 0 1 1\n6\n\x01\x03", ["a[0]", "a[2]"])
    assert graph.to_aiger(TRUE) == (b"aig 0 0 0 1 0\n1\n", [])
