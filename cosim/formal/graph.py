"""And-inverter graphs: combinational logic as two-input ANDs, equal gates merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["FALSE", "TRUE", "Graph"]

FALSE = 0
TRUE = 1


class Graph:
    """Logic over named free inputs.

    A *literal* is twice the number of a node, plus one if inverted; node 0 is constant false. That
    is AIGER's convention. Inversion of a literal is ``literal ^ 1``.

    Attributes
    ----------
    inputs
        Name of every free input by its node.
    """

    def __init__(self) -> None:
        self.inputs: dict[int, str] = {}
        # Two fan-ins a node; constant and inputs have none.
        self._fanins: list[tuple[int, int] | None] = [None]
        self._numbers: dict[tuple[int, int], int] = {}

    def input(self, name: str) -> int:
        """Add a free input."""
        node = self._add(None)
        self.inputs[node] = name
        return 2 * node

    def both(self, left: int, right: int) -> int:
        """Return the AND of two literals."""
        if left > right:
            left, right = right, left
        if left == FALSE or left ^ 1 == right:
            return FALSE
        if left in (TRUE, right):
            return right
        number = self._numbers.get((left, right))
        if number is None:
            number = self._numbers[left, right] = self._add((left, right))
        return 2 * number

    def either(self, left: int, right: int) -> int:
        """Return the OR of two literals."""
        return self.both(left ^ 1, right ^ 1) ^ 1

    def differ(self, left: int, right: int) -> int:
        """Return the XOR of two literals."""
        return self.either(self.both(left, right ^ 1), self.both(left ^ 1, right))

    def any(self, literals: Iterable[int]) -> int:
        """Return the OR of any number of literals."""
        result = FALSE
        for literal in literals:
            result = self.either(result, literal)
        return result

    def choose(self, condition: int, yes: int, no: int) -> int:
        """Return one of two literals."""
        return self.either(self.both(condition, yes), self.both(condition ^ 1, no))

    def unequal(self, left: Sequence[int], right: Sequence[int]) -> int:
        """Return whether two vectors differ in any bit."""
        return self.any(self.differ(*pair) for pair in zip(left, right, strict=True))

    def cone(self, root: int) -> list[int]:
        """Return the nodes that a literal depends on, fan-ins first, the constant left out."""
        seen = {0}
        pending = [root // 2]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                pending += [fanin // 2 for fanin in self._fanins[node] or ()]
        return sorted(seen - {0})  # a node is younger than its fan-ins

    def fanins(self, node: int) -> tuple[int, int]:
        """Return the two literals that a gate is the AND of."""
        fanins = self._fanins[node]
        if fanins is None:
            raise ValueError(f"node {node} is no gate")
        return fanins

    def restricted(self, root: int, values: Mapping[str, bool]) -> tuple[Graph, int]:
        """Return a literal in a graph of its own, with some inputs fixed."""
        graph = Graph()
        literal = {0: FALSE}
        for node in self.cone(root):
            fanins = self._fanins[node]
            if fanins is not None:
                left, right = fanins
                literal[node] = graph.both(
                    literal[left // 2] ^ left % 2, literal[right // 2] ^ right % 2
                )
            elif self.inputs[node] in values:
                literal[node] = int(values[self.inputs[node]])
            else:
                literal[node] = graph.input(self.inputs[node])
        return graph, literal[root // 2] ^ root % 2

    def to_aiger(self, root: int) -> tuple[bytes, list[str]]:
        """Return the logic of one literal as a binary AIGER file, and its inputs in order."""
        nodes = self.cone(root)
        inputs = [node for node in nodes if node in self.inputs]
        return self._aiger(root, nodes, []), [self.inputs[node] for node in inputs]

    def to_sequential_aiger(self, root: int, registers: Sequence[tuple[int, int]]) -> bytes:
        """Return a literal over registers, all 0 at first, as a binary AIGER file.

        Parameters
        ----------
        root
            The literal.
        registers
            For each, the input that stands for it, as a literal, and what comes next.
        """
        nodes = {node for _, following in registers for node in self.cone(following)}
        nodes |= {*self.cone(root), *(current // 2 for current, _ in registers)}
        return self._aiger(root, sorted(nodes), registers)

    def _aiger(
        self, root: int, nodes: Sequence[int], registers: Sequence[tuple[int, int]]
    ) -> bytes:
        latches = [current // 2 for current, _ in registers]
        known = set(latches)
        inputs = [node for node in nodes if node in self.inputs and node not in known]
        gates = [node for node in nodes if node not in self.inputs]
        number = {0: 0} | {node: at for at, node in enumerate([*inputs, *latches, *gates], 1)}

        def literal(old: int) -> int:
            return 2 * number[old // 2] + old % 2

        counts = (len(number) - 1, len(inputs), len(latches), 1, len(gates))
        lines = [f"aig {' '.join(map(str, counts))}"]
        lines += [str(literal(following)) for _, following in registers]
        content = bytearray("\n".join([*lines, str(literal(root)), ""]).encode())
        for node in gates:
            high, low = sorted(map(literal, self.fanins(node)), reverse=True)
            content += _delta(2 * number[node] - high) + _delta(high - low)
        return bytes(content)

    def _add(self, fanins: tuple[int, int] | None) -> int:
        self._fanins.append(fanins)
        return len(self._fanins) - 1


def _delta(value: int) -> bytes:
    """Return a number as AIGER writes it: seven bits a byte, the lowest first."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
