"""Any function of a few bits: a table, shared and minimised as a graph of multiplexers."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Lut"]


class Lut(wiring.Component):
    """``y = contents[x]``. Combinational.

    Every output bit is a decision graph over the bits of `x`, from the top down: halves of the
    table that are equal need no multiplexer, and equal or opposite parts are built once, for all
    output bits together (a reduced ordered binary decision diagram with complemented edges; Brace,
    Rudell and Bryant, DAC 1990).

    Parameters
    ----------
    contents
        The table, ``2**n`` entries.
    bits
        Width of an entry.

    Members
    -------
    x : In(n)
    y : Out(bits)

    Raises
    ------
    ValueError
        If there are not that many entries, or one does not fit.
    """

    def __init__(self, contents: Sequence[int], bits: int) -> None:
        address = len(contents).bit_length() - 1
        if len(contents) != 1 << address or address < 1:
            raise ValueError(f"a table has 2, 4, 8 .. entries, not {len(contents)}")
        if not all(0 <= entry < 1 << bits for entry in contents):
            raise ValueError(f"an entry of the table does not fit {bits} bits")
        self.contents = tuple(contents)
        super().__init__({"x": In(address), "y": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        nodes: dict[tuple[int, int], Value] = {}
        columns = [
            sum(((entry >> bit) & 1) << i for i, entry in enumerate(self.contents))
            for bit in range(len(self.y))
        ]
        m.d.comb += self.y.eq(Cat(self._graph(m, nodes, len(self.x), c) for c in columns))
        return m

    def _graph(
        self, m: Module, nodes: dict[tuple[int, int], Value], address: int, column: int
    ) -> Value:
        """Return the function of the lowest `address` bits of `x` with that column of a table."""
        size = 1 << address
        full = (1 << size) - 1
        if column in (0, full):
            return Const(column & 1, 1)
        # Of a function and its complement the one that is 0 at 0 is built.
        if column & 1:
            return ~self._graph(m, nodes, address, column ^ full)
        half = size >> 1
        low, high = column & ((1 << half) - 1), column >> half
        if low == high:
            return self._graph(m, nodes, address - 1, low)
        if (address, column) not in nodes:
            select = self.x[address - 1]
            upper = self._graph(m, nodes, address - 1, high)
            lower = self._graph(m, nodes, address - 1, low)
            node = Signal(name=f"node_{address - 1}_{len(nodes)}")
            m.d.comb += node.eq(Mux(select, upper, lower))
            nodes[address, column] = node
        return nodes[address, column]
