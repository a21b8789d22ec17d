"""Structured sparsity in front of a dot product: of M operands the N that meet a weight."""

from __future__ import annotations

from dataclasses import replace

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring

from hdl.block_dot import BlockDot
from hdl.dot import Dot
from hdl.ports import Port, members
from hdl.stages.select import SelectGroup, index_bits

__all__ = ["MAX_LANES", "SparseDot", "check_sparsity"]

MAX_LANES = 1024
"""Most operands to select from."""


def check_sparsity(lanes: int, n: int, m: int) -> None:
    """Raise `ValueError` unless of every `m` operands `n` can be selected for the lanes."""
    if not 1 <= n < m or lanes % n:
        raise ValueError(f"sparsity {n}:{m}: n is below m and divides the {lanes} lanes")
    if lanes // n * m > MAX_LANES:
        raise ValueError(f"sparsity {n}:{m}: there are 1 to {MAX_LANES} lanes of a")


class SparseDot(wiring.Component):
    """A dot product whose `b` holds of every M weights N, and whose `a` has all M operands.

    `meta` says which of these the weights meet, see `hdl.stages.select.SelectGroup`. What is
    selected is registered before it goes anywhere if there is any stage at all, so that multipliers
    do not see the multiplexers settle: all other operands take that register as well. One result a
    cycle, `latency` cycles after its operands.

    Parameters
    ----------
    dense
        The dot product; with `stages` above 0 it has one stage less. It becomes a part of this
        component: its ports are driven from here, and it is of no other use.
    n, m
        Operands kept of every `m`.
    stages
        Pipeline registers in front of the dense unit: 1, or 0 where all is combinational.

    Attributes
    ----------
    latency : int
        Cycles from operands to result.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid, first, a, b, scale_a, scale_b, c, out_valid, y
        As in the dense unit; `a` is wider.
    meta : In
        A code for every `n` lanes.
    err : Out(1)
        With the result: the code of some group is illegal.

    Raises
    ------
    ValueError
        If the numbers make no sense together.
    """

    def __init__(self, dense: Dot | BlockDot, n: int, m: int, stages: int = 0) -> None:
        wide = next(port for port in dense.ports if port.name == "a")
        check_sparsity(wide.lanes, n, m)
        if stages not in (0, 1):
            raise ValueError(f"stages = {stages}: there is one register at most after selecting")
        # Amaranth would complain that nothing of its own ever elaborates it.
        vars(dense)["_MustUse__used"] = True
        self._dense = dense
        self._registered = bool(stages)
        self.n = n
        self.m = m
        self.latency = dense.latency + stages
        groups = wide.lanes // n
        self._bits = wide.width // wide.lanes
        self._groups = groups
        ports: list[Port] = []
        for port in dense.ports:
            if port.name == "out_valid":
                meta_bits = groups * n * index_bits(m)
                ports.append(Port("meta", "in", meta_bits, "data", None, groups))
            lanes = groups * m if port is wide else port.lanes
            ports.append(replace(port, width=port.width // port.lanes * lanes, lanes=lanes))
        self.ports: tuple[Port, ...] = (*ports, Port("err", "out", 1, "flags"))
        super().__init__(members(self.ports))

    def elaborate(self, platform: object) -> Module:
        inverted = self._registered
        groups = [
            SelectGroup(self._bits, self.n, self.m, inverted=inverted) for _ in range(self._groups)
        ]
        wanted = {port.name: getattr(self, port.name) for port in self._dense.ports}
        wanted["a"] = Cat(group.y for group in groups)
        # The dense unit's steps stand beside the selection, in one module: what it takes for its
        # ports is what is here.
        seen = {
            port.name: self._register(port, len(wanted[port.name]))
            if self._registered and port.direction == "in"
            else wanted[port.name]
            for port in self._dense.ports
        }
        for name, value in seen.items():
            setattr(self._dense, name, ~value if inverted and name == "a" else value)
        m = self._dense.elaborate(platform)
        if self._registered:
            m.d.sync += [
                seen[port.name].eq(wanted[port.name])
                for port in self._dense.ports
                if port.direction == "in"
            ]
        for i, group in enumerate(groups):
            m.submodules[f"select_{i}"] = group
            m.d.comb += [
                group.x.eq(self.a.word_select(i, len(group.x))),
                group.meta.eq(self.meta.word_select(i, len(group.meta))),
            ]
        err: Value = Cat(group.err for group in groups).any()
        for stage in range(self.latency):
            late = Signal(name=f"err_{stage}", reset_less=True)
            m.d.sync += late.eq(err)
            err = late
        m.d.comb += self.err.eq(err)
        return m

    @staticmethod
    def _register(port: Port, width: int) -> Signal:
        # Only `in_valid` has a reset: what else is in a register means nothing without it.
        return Signal(width, name=f"selected_{port.name}", reset_less=port.role != "valid")
