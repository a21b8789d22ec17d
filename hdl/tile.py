# amaranth: UnusedElaboratable=no
# The constructor makes a dot product to ask it for its ports and latency.
"""A step of a matrix product: a dot product for every element of the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring

from hdl.block_dot import BlockDot
from hdl.dot import Dot
from hdl.ports import Port, members
from hdl.sparse_dot import SparseDot

__all__ = ["MAX_PRODUCTS", "Tile"]

MAX_PRODUCTS = 1 << 16
"""Most multiplications in a cycle."""

_OF_ROWS = frozenset({"a", "scale_a"})
_OF_COLUMNS = frozenset({"b", "scale_b", "meta"})
_OF_ELEMENTS = frozenset({"c", "y"})


class Tile(wiring.Component):
    """``Y = A B + C``, an M x K matrix times a K x N one in every cycle.

    Every element of `y` comes from a dot product of its own, whose options say how products are
    added, rounded and accumulated: the step of an output-stationary matrix multiplier, or of a
    tensor core. `c` is a port, or the previous `y` (accumulators that a cycle with `first` restarts
    together), or absent. One result a cycle, `latency` cycles after its operands, `latency` being
    that of a dot product.

    Matrices are row-major, element (0, 0) in the low bits: `a` is M x K, `b` K x N, `c` and `y` are
    M x N. Of block formats, blocks lie along K: `scale_a` is M x K / length, `scale_b` K / length x
    N, and with a sparse B, `meta` has a column for each of its columns and `a` all of the elements
    that B may meet.

    Parameters
    ----------
    m, n
        Rows of A and columns of B.
    dot
        Makes the dot product of a row and a column, of K lanes; called for each of them.

    Attributes
    ----------
    latency : int
        Cycles from operands to result.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    first, a, b, scale_a, scale_b, meta, c : In
        As far as the dot product has them.
    out_valid : Out(1)
    y : Out
    err : Out(1)
        If the dot product has it: that of any of them.

    Raises
    ------
    ValueError
        If the matrices are too small or too large.
    """

    def __init__(self, m: int, n: int, dot: Callable[[], Dot | BlockDot | SparseDot]) -> None:
        for name, size in (("m", m), ("n", n)):
            if size < 1:
                raise ValueError(f"{name} = {size}: a matrix has 1 row and column or more")
        self.shape = m, n
        self._dot = dot
        one = dot()
        products = m * n * next(port.lanes for port in one.ports if port.name == "b")
        if products > MAX_PRODUCTS:
            raise ValueError(f"{products} products in a cycle are more than {MAX_PRODUCTS}")
        self.latency = one.latency
        self.ports: tuple[Port, ...] = tuple(self._repeated(port) for port in one.ports)
        super().__init__(members(self.ports))

    def _repeated(self, port: Port) -> Port:
        """Return the port for all rows, columns or elements of what `port` is for one."""
        m, n = self.shape
        kinds = ((_OF_ROWS, m), (_OF_COLUMNS, n), (_OF_ELEMENTS, m * n))
        times = next((count for names, count in kinds if port.name in names), 1)
        return replace(port, width=port.width * times, lanes=port.lanes * times)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows, columns = self.shape
        cells: list[Any] = []  # ports are attributes that no checker sees
        for i in range(rows):
            for j in range(columns):
                m.submodules[f"dot_{i}_{j}"] = dot = self._dot()
                cells.append(dot)
                for port in dot.ports:
                    if port.direction == "in":
                        m.d.comb += getattr(dot, port.name).eq(self._operand(port, i, j))
        m.d.comb += [
            self.out_valid.eq(cells[0].out_valid),
            self.y.eq(Cat(cell.y for cell in cells)),
        ]
        if hasattr(self, "err"):
            m.d.comb += self.err.eq(Cat(cell.err for cell in cells).any())
        return m

    def _operand(self, port: Port, i: int, j: int) -> Value:
        """Return what goes into a port of the dot product in row i and column j."""
        columns = self.shape[1]
        whole: Value = getattr(self, port.name)
        if port.name in _OF_ROWS:
            return whole.word_select(i, port.width)
        if port.name in _OF_ELEMENTS:
            return whole.word_select(i * columns + j, port.width)
        if port.name in _OF_COLUMNS:
            bits = port.width // port.lanes
            return Cat(whole.word_select(k * columns + j, bits) for k in range(port.lanes))
        return whole
