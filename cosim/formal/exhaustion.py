"""Proof by trying everything, 64 assignments to a word: unbeaten where there are few inputs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.formal.graph import Graph

__all__ = ["find_by_exhaustion"]

WORD_BITS = 6
"""Inputs that vary inside a word of 64 bits."""

CHUNK_BITS = 16
"""Inputs that vary inside the arrays that numpy works on: 8 KiB each."""

_PATTERNS = [
    np.uint64(sum(1 << bit for bit in range(64) if bit >> index & 1)) for index in range(WORD_BITS)
]


def find_by_exhaustion(graph: Graph, root: int, deadline: float) -> dict[str, bool] | None:
    """Return values of inputs that make a literal true, None if there are none.

    Parameters
    ----------
    graph, root
        The literal.
    deadline
        Time, as `time.monotonic` has it, to give up at.

    Raises
    ------
    TimeoutError
        If it took too long.
    """
    nodes = graph.cone(root)
    inputs = [node for node in nodes if node in graph.inputs]
    bits = max(len(inputs), WORD_BITS)
    chunk_bits = min(bits, CHUNK_BITS)
    steps = _Program(graph, root, nodes)
    words = 1 << (chunk_bits - WORD_BITS)
    index = np.arange(words, dtype=np.uint64)
    for chunk in range(1 << (bits - chunk_bits)):
        if time.monotonic() > deadline:
            raise TimeoutError
        values: list[NDArray[np.uint64]] = []
        for position in range(len(inputs)):
            if position < WORD_BITS:
                values.append(np.full(words, _PATTERNS[position]))
            elif position < chunk_bits:
                bit = index >> np.uint64(position - WORD_BITS) & np.uint64(1)
                values.append(np.uint64(0) - bit)
            else:
                bit = chunk >> (position - chunk_bits) & 1
                values.append(np.full(words, np.uint64(0xFFFF_FFFF_FFFF_FFFF * bit)))
        result = steps.run(values, words)
        hits = np.flatnonzero(result)
        if len(hits):
            word = int(result[hits[0]])
            lowest = (word & -word).bit_length() - 1
            number = chunk << chunk_bits | int(hits[0]) << WORD_BITS | lowest
            return {
                graph.inputs[node]: bool(number >> position & 1)
                for position, node in enumerate(inputs)
            }
    return None


class _Program:
    """The gates of a cone, in order, with the arrays that are free after each of them."""

    def __init__(self, graph: Graph, root: int, nodes: Sequence[int]) -> None:
        self._root = root
        self._inputs = [node for node in nodes if node in graph.inputs]
        self._gates = [(node, *graph.fanins(node)) for node in nodes if node not in graph.inputs]
        last: dict[int, int] = {}
        for position, (_, left, right) in enumerate(self._gates):
            last[left // 2] = last[right // 2] = position
        self._dead: list[list[int]] = [[] for _ in self._gates]
        for node, position in last.items():
            if node not in (0, root // 2):
                self._dead[position].append(node)

    def run(self, values: Sequence[NDArray[np.uint64]], words: int) -> NDArray[np.uint64]:
        """Return the literal for values of the inputs."""
        known = {0: np.zeros(words, np.uint64)} | dict(zip(self._inputs, values, strict=True))
        free: list[NDArray[np.uint64]] = []
        scratch = np.empty(words, np.uint64)
        for (node, left, right), dead in zip(self._gates, self._dead, strict=True):
            target = free.pop() if free else np.empty(words, np.uint64)
            one, other = known[left // 2], known[right // 2]
            if left % 2 and right % 2:
                np.bitwise_or(one, other, out=target)
                np.invert(target, out=target)
            elif left % 2:
                np.bitwise_and(np.invert(one, out=scratch), other, out=target)
            elif right % 2:
                np.bitwise_and(one, np.invert(other, out=scratch), out=target)
            else:
                np.bitwise_and(one, other, out=target)
            known[node] = target
            free += [known.pop(name) for name in dead]
        result = known[self._root // 2]
        return ~result if self._root % 2 else result
