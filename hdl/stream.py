"""Any unit behind valid/ready handshakes, with room for what back-pressure catches in flight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bricks.queue import Queue
from hdl.ports import Port, members

__all__ = ["AxiStreamUnit", "HandshakeUnit", "StreamUnit", "Unit"]


class Unit(Protocol):
    """What every unit is: a component that says its latency and its ports."""

    latency: int
    ports: tuple[Port, ...]

    def elaborate(self, platform: Any) -> Any:
        """As of every component."""
        ...


class StreamUnit(wiring.Component):
    """A unit whose operands come from a stream and whose results leave in another.

    Units never stall: a result leaves `latency` cycles after its operands, wanted or not. So there
    is a queue behind the unit, and operands are taken only against a credit, one for each of its
    places: whatever is in flight has a place to go. With as many credits as a round trip takes, one
    operation a cycle goes through where nobody stalls. Operands that bring no result (those of a
    sum that goes on) give their credit back when the result would have come. A combinational unit
    needs none of this: its handshakes pass through.

    Parameters
    ----------
    unit
        Any unit, not elaborated yet; becomes a submodule.
    depth
        Results that the queue holds, at least 1. Default: `latency` + 2, the fewest for full speed.

    Attributes
    ----------
    latency : int
        Cycles from taking operands to offering their result: that of the unit, plus 1 for the
        queue, or 0.
    depth : int
        As above; 0 without a queue.

    Members
    -------
    operands : In(stream.Signature)
        A struct with a field for every input port of the unit but ``in_valid``.
    results : Out(stream.Signature)
        The same for its outputs.

    Raises
    ------
    ValueError
        If `depth` is less than 1.
    """

    def __init__(self, unit: Unit, depth: int | None = None) -> None:
        if depth is not None and depth < 1:
            raise ValueError(f"depth = {depth}: a queue has 1 place or more")
        self.unit = unit
        self.depth = 0 if unit.latency == 0 else depth or unit.latency + 2
        self.latency = unit.latency + (1 if self.depth else 0)
        super().__init__(
            {
                "operands": In(stream.Signature(_layout(unit.ports, "in"))),
                "results": Out(stream.Signature(_layout(unit.ports, "out"))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = self.unit
        unit: Any = self.unit  # its ports are attributes that no checker sees
        taken = Signal()
        m.d.comb += [taken.eq(self.operands.valid & self.operands.ready), unit.in_valid.eq(taken)]
        for name in _names(unit.ports, "in"):
            m.d.comb += getattr(unit, name).eq(self.operands.payload[name])
        answer = Cat(getattr(unit, name) for name in _names(unit.ports, "out"))
        if self.depth:
            self._queue(m, taken, answer)
        else:
            m.d.comb += [
                self.results.payload.as_value().eq(answer),
                self.results.valid.eq(unit.out_valid),
                # What needs no result may go whether one is wanted or not, but nobody knows before.
                self.operands.ready.eq(self.results.ready),
            ]
        return m

    def _queue(self, m: Module, taken: Signal, answer: Value) -> None:
        unit: Any = self.unit
        m.submodules.queue = queue = Queue(len(answer), self.depth)
        m.d.comb += [
            queue.w_data.eq(answer),
            queue.w_en.eq(unit.out_valid),
            self.results.payload.as_value().eq(queue.r_data),
            self.results.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.results.ready),
        ]
        # Which of the last cycles took operands; what comes out without a result frees its place.
        flight = Signal(unit.latency)
        m.d.sync += flight.eq(Cat(taken, flight)[: unit.latency])
        fruitless = flight[-1] & ~unit.out_valid
        left = queue.r_rdy & queue.r_en
        places = Signal(range(self.depth + 1), init=self.depth)
        m.d.sync += places.eq(places - taken + left + fruitless)
        m.d.comb += self.operands.ready.eq(places != 0)


class HandshakeUnit(wiring.Component):
    """A `StreamUnit` with the ports of the unit itself, and a ready for either side.

    Parameters
    ----------
    unit, depth
        As for `StreamUnit`.

    Attributes
    ----------
    latency, depth : int
        As of `StreamUnit`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid, out_ready : In(1)
    in_ready, out_valid : Out(1)
    others
        As those of the unit.
    """

    def __init__(self, unit: Unit, depth: int | None = None) -> None:
        self.inner = StreamUnit(unit, depth)
        self.latency, self.depth = self.inner.latency, self.inner.depth
        ready = {
            "in_valid": Port("in_ready", "out", 1, "ready"),
            "out_valid": Port("out_ready", "in", 1, "ready"),
        }
        self.ports: tuple[Port, ...] = tuple(
            each
            for port in unit.ports
            for each in (port, *((ready[port.name],) if port.name in ready else ()))
        )
        super().__init__(members(self.ports))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = self.inner
        m.d.comb += [
            inner.operands.valid.eq(self.in_valid),
            self.in_ready.eq(inner.operands.ready),
            self.out_valid.eq(inner.results.valid),
            inner.results.ready.eq(self.out_ready),
        ]
        ports = inner.unit.ports
        for name in _names(ports, "in"):
            m.d.comb += inner.operands.payload[name].eq(getattr(self, name))
        for name in _names(ports, "out"):
            m.d.comb += getattr(self, name).eq(inner.results.payload[name])
        return m


class AxiStreamUnit(wiring.Component):
    """A `StreamUnit` under the port names of AXI4-Stream.

    The fields lie side by side in ``tdata``, the unit's first port lowest, filled up with zeros to
    whole bytes. One transfer is one operation; there is no ``tlast``.

    Parameters
    ----------
    unit, depth
        As for `StreamUnit`.

    Attributes
    ----------
    latency, depth : int
        As of `StreamUnit`.
    ports : tuple of Port
        All ports but clock and reset.
    fields : dict
        The unit's ports in ``s_axis_tdata`` and in ``m_axis_tdata``, each with its lowest bit.

    Members
    -------
    s_axis_tdata : In
    s_axis_tvalid : In(1)
    s_axis_tready : Out(1)
    m_axis_tdata : Out
    m_axis_tvalid : Out(1)
    m_axis_tready : In(1)
    """

    def __init__(self, unit: Unit, depth: int | None = None) -> None:
        self.inner = StreamUnit(unit, depth)
        self.latency, self.depth = self.inner.latency, self.inner.depth
        sides = {
            "s_axis_tdata": _fields(unit.ports, "in"),
            "m_axis_tdata": _fields(unit.ports, "out"),
        }
        bits = {
            name: -(-sum(port.width for port, _ in fields) // 8) * 8
            for name, fields in sides.items()
        }
        self.fields = sides
        self.ports: tuple[Port, ...] = (
            Port("s_axis_tdata", "in", bits["s_axis_tdata"], "data"),
            Port("s_axis_tvalid", "in", 1, "valid"),
            Port("s_axis_tready", "out", 1, "ready"),
            Port("m_axis_tdata", "out", bits["m_axis_tdata"], "data"),
            Port("m_axis_tvalid", "out", 1, "valid"),
            Port("m_axis_tready", "in", 1, "ready"),
        )
        super().__init__(members(self.ports))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = self.inner
        m.d.comb += [
            inner.operands.payload.as_value().eq(self.s_axis_tdata),
            inner.operands.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(inner.operands.ready),
            self.m_axis_tdata.eq(inner.results.payload.as_value()),
            self.m_axis_tvalid.eq(inner.results.valid),
            inner.results.ready.eq(self.m_axis_tready),
        ]
        return m


def _names(ports: Sequence[Port], direction: str) -> list[str]:
    return [port.name for port in ports if port.direction == direction and port.role != "valid"]


def _fields(ports: Sequence[Port], direction: str) -> list[tuple[Port, int]]:
    """Return the ports that lie side by side in a payload, each with its lowest bit."""
    chosen = [port for port in ports if port.name in _names(ports, direction)]
    return [(port, sum(below.width for below in chosen[:i])) for i, port in enumerate(chosen)]


def _layout(ports: Sequence[Port], direction: str) -> data.StructLayout:
    return data.StructLayout({port.name: port.width for port, _ in _fields(ports, direction)})
