"""Small circuits as graphs, for tests."""

from cosim.formal.graph import FALSE


def adder(graph, left, right):
    carry, total = FALSE, []
    for a, b in zip(left, right, strict=True):
        half = graph.differ(a, b)
        total.append(graph.differ(half, carry))
        carry = graph.either(graph.both(a, b), graph.both(half, carry))
    return [*total, carry]


def operands(graph, bits):
    return tuple([graph.input(f"{name}[{i}]") for i in range(bits)] for name in "ab")


def number(values, name, bits):
    return sum(values.get(f"{name}[{i}]", False) << i for i in range(bits))
