"""The outer scales behind a dot product: those of tensors or channels."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring

from hdl.block_dot import BlockDot
from hdl.formats import FloatFormat, Format
from hdl.options import Objective
from hdl.ports import Port, data_port, members
from hdl.quantize import Quantize
from hdl.sparse_dot import SparseDot

__all__ = ["OuterDot", "check_outer", "stages_behind"]


def check_outer(y: Format, outer: Format) -> None:
    """Raise `ValueError` unless results `y` can be multiplied by an outer scale."""
    if not isinstance(y, FloatFormat):
        raise ValueError(f"outer = {outer.name} needs a y that is a float, not {y.name}")
    if not isinstance(outer, FloatFormat) or not outer.signed:
        raise ValueError(f"outer is a float with a sign, unlike {outer.name}")


def stages_behind(stages: int) -> int:
    """Return how many of a unit's pipeline registers are in the multiplication behind."""
    return stages // 3


class OuterDot(wiring.Component):
    """``y = round(sum * outer)``, the sum being the rounded one of a dot product.

    Where sums accumulate, they do so before they are scaled. One result a cycle, `latency` cycles
    after its operands.

    Parameters
    ----------
    dot
        The dot product, not elaborated yet; becomes a submodule. Its `y` is a float.
    outer
        Format of the outer scale, the product of both vectors'.
    stages
        Pipeline registers in the multiplication.
    objective
        As in `hdl.fma.Fma`.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: that of the dot product, and `stages`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    outer : In
        Of the operands that come with it.
    others
        As those of the dot product.

    Raises
    ------
    ValueError
        If there is nothing to multiply.
    """

    def __init__(
        self,
        dot: BlockDot | SparseDot,
        outer: Format,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        self._dot = dot
        y = next(port for port in dot.ports if port.name == "y").format
        assert y is not None
        check_outer(y, outer)
        self._formats = y, outer
        self._objective: Objective = objective
        self._stages = stages
        self.latency = dot.latency + stages
        at = next(i for i, port in enumerate(dot.ports) if port.name == "out_valid")
        self.ports: tuple[Port, ...] = (
            *dot.ports[:at],
            data_port("outer", "in", outer),
            *dot.ports[at:],
        )
        super().__init__(members(self.ports))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dot = dot = self._dot
        y, outer = self._formats
        m.submodules.scale = scale = Quantize(
            y, y, outer, overflow="ieee", stages=self._stages, objective=self._objective
        )
        for port in dot.ports:
            if port.direction == "in":
                m.d.comb += getattr(dot, port.name).eq(getattr(self, port.name))
        m.d.comb += [
            scale.in_valid.eq(dot.out_valid),
            scale.x.eq(dot.y),
            scale.scale.eq(self._delayed(m, self.outer, "outer", dot.latency)),
            self.out_valid.eq(scale.out_valid),
            self.y.eq(scale.y),
        ]
        if hasattr(self, "err"):
            m.d.comb += self.err.eq(self._delayed(m, dot.err, "err", self._stages))
        return m

    @staticmethod
    def _delayed(m: Module, value: Value, name: str, cycles: int) -> Value:
        for cycle in range(cycles):
            late = Signal(len(value), name=f"{name}_{cycle}", reset_less=True)
            m.d.sync += late.eq(value)
            value = late
        return value
