import pytest

from cosim.formal import solver
from cosim.formal.graph import FALSE, TRUE, Graph
from cosim.formal.solver import solve
from gen.errors import ToolError
from tests.cosim.formal.logic import adder, number, operands


@pytest.mark.parametrize("bits", [2, 10])  # within a word of 64, and in several chunks
@pytest.mark.parametrize("limit", [0, 25], ids=["sat", "exhaustion"])
def test_the_only_solution_is_found(bits, limit):
    """a + b = 2^(bits + 1) - 3 with a odd has one solution: the largest a, and b one less."""
    graph = Graph()
    a, b = operands(graph, bits)
    wanted = (1 << (bits + 1)) - 3
    wrong = [bit ^ (wanted >> i & 1) for i, bit in enumerate(adder(graph, a, b))]
    answer = solve(graph, graph.both(graph.any(wrong) ^ 1, a[0]), 60, limit)
    assert answer.is_possible
    assert answer.engine == ("exhaustion" if limit else "sat")
    top = (1 << bits) - 1
    assert (number(answer.values, "a", bits), number(answer.values, "b", bits)) == (top, top - 1)


@pytest.mark.parametrize("limit", [0, 25], ids=["sat", "exhaustion"])
def test_addition_commutes(limit):
    graph = Graph()
    a, b = operands(graph, 8)
    # Carries of b + a are built from b, so that no two gates of the sums are alike but the first.
    backwards = adder(graph, b, [graph.choose(b[0], bit, bit) for bit in a])
    violation = graph.unequal(adder(graph, a, b), backwards)
    assert solve(graph, violation, 60, limit).is_possible is False


def test_no_answer_in_time_is_no_answer(monkeypatch):
    graph = Graph()
    a, b = operands(graph, 9)
    root = graph.both(a[8], b[8])
    assert solve(graph, root, -1, 25).is_possible is None

    def never(*_args, **_keywords):
        raise solver.subprocess.TimeoutExpired("abc", 0)

    monkeypatch.setattr(solver.subprocess, "run", never)
    assert solve(graph, root, 0, 0).is_possible is None


def test_constants_need_no_engine():
    assert solve(Graph(), TRUE, 1).is_possible
    answer = solve(Graph(), FALSE, 1)
    assert (answer.is_possible, answer.engine) == (False, "structure")


def product(graph, left, right):
    total = [FALSE] * (len(left) + len(right))
    for shift, bit in enumerate(right):
        row = [FALSE] * shift + [graph.both(bit, other) for other in left]
        total = adder(graph, total, row + [FALSE] * (len(total) - len(row)))[: len(total)]
    return total


def test_factors_are_told_case_by_case():
    """a * b = b * a, which takes SAT long; then with a bug for one single pair."""
    graph = Graph()
    a, b = operands(graph, 6)
    ours, theirs = product(graph, a, b), product(graph, b, a)
    split = [f"b[{bit}]" for bit in range(6)]
    answer = solve(graph, graph.unequal(ours, theirs), 60, 0, split)
    assert (answer.is_possible, answer.engine) == (False, "cases")
    pair = [a[i] ^ (37 >> i & 1) for i in range(6)] + [b[i] ^ (53 >> i & 1) for i in range(6)]
    theirs[4] = graph.differ(theirs[4], graph.any(pair) ^ 1)
    answer = solve(graph, graph.unequal(ours, theirs), 60, 0, split)
    assert (answer.is_possible, answer.engine) == (True, "cases")
    assert number(answer.values, "a", 6) == 37
    assert number(answer.values, "b", 6) == 53


def test_diagrams_that_grow_too_large_leave_it_to_sat(monkeypatch):
    monkeypatch.setattr(solver, "_look_at_cases", lambda *_args: (False, None))
    graph = Graph()
    a, b = operands(graph, 3)
    violation = graph.unequal(product(graph, a, b), product(graph, b, a))
    answer = solve(graph, violation, 60, 0, ["b[0]"])
    assert (answer.is_possible, answer.engine) == (False, "sat")


def test_abc_that_stops_at_a_large_diagram_leaves_it_to_sat(monkeypatch):
    run_abc = solver.run_abc

    def stops(commands, *arguments):
        if "collapse" in commands:
            return "UNSATISFIABLE  Time = 0.00 sec\nError: Collapsing has failed."
        return run_abc(commands, *arguments)

    monkeypatch.setattr(solver, "run_abc", stops)
    graph = Graph()
    a, b = operands(graph, 3)
    violation = graph.unequal(product(graph, a, b), product(graph, b, a))
    answer = solve(graph, violation, 60, 0, ["b[0]"])
    assert (answer.is_possible, answer.engine) == (False, "sat")


def test_abc_without_a_verdict_is_an_error(monkeypatch):
    monkeypatch.setattr(solver, "run_abc", lambda *_args: "Segmentation fault")
    graph = Graph()
    a, b = operands(graph, 3)
    for split in ([], ["b[0]"]):
        with pytest.raises(ToolError, match=r"^abc: gave no verdict$"):
            solve(graph, graph.unequal(product(graph, a, b), a + b), 60, 0, split)
