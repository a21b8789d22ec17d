"""Operand selection for structured sparsity: the activations that meet the weights kept."""

from __future__ import annotations

from math import log2

from amaranth.hdl import Cat, Module

from hdl.formats import Format
from hdl.options import Objective
from hdl.pipeline import Pipeline
from hdl.ports import Port, data_port
from hdl.stages.select import SelectGroup, index_bits
from hdl.unit import Unit

__all__ = ["SparseMux"]

MAX_LANES = 1024
MAX_META_BITS = 64


class SparseMux(Unit):
    """``y[g * n + k] = x[g * m + position(g, k)]``: of every `m` operands those `n` that count.

    The positions of a group ascend and come from `meta` as CUTLASS packs them: slot 0 in the low
    bits. Codes whose positions do not ascend or lie beyond the group raise `err`; slot k of such a
    group picks the position that is nearest to the one asked for among ``k .. k + m - n``. One
    result a cycle, `latency` cycles after its operands; with one stage the selection ends in a
    register, so that a multiplier behind it sees no glitches.

    Parameters
    ----------
    x
        Format of an operand, any; its codes pass as they are.
    n, m
        Operands kept of every `m`.
    groups
        Groups side by side.
    stages
        Number of pipeline registers; 0 is combinational.
    objective
        Of no effect here: a multiplexer tree is both smallest and fastest.

    Attributes
    ----------
    latency : int
        Cycles from operands to result: `stages`.
    ports : tuple of Port
        All ports but clock and reset.

    Members
    -------
    in_valid : In(1)
    x : In(groups * m * bits)
        Lane 0 in the low bits.
    meta : In(groups * n * index_bits)
        Group 0 in the low bits; see `hdl.stages.select.SelectGroup`.
    out_valid : Out(1)
    y : Out(groups * n * bits)
    err : Out(1)
        The code of some group is illegal.

    Raises
    ------
    ValueError
        If the numbers make no sense together.
    """

    def __init__(
        self,
        x: Format,
        n: int = 2,
        m: int = 4,
        groups: int = 1,
        *,
        stages: int = 0,
        objective: Objective = "balanced",
    ) -> None:
        if not 1 <= n <= m:
            raise ValueError(f"sparsity {n}:{m}: n is 1 to m")
        if n * index_bits(m) > MAX_META_BITS:
            raise ValueError(f"sparsity {n}:{m}: more than {MAX_META_BITS} bits of metadata")
        if groups < 1 or groups * m > MAX_LANES:
            raise ValueError(f"groups = {groups}: groups * m is 1 to {MAX_LANES}")
        self.format = x
        self.n = n
        self.m = m
        self.groups = groups
        meta = Port("meta", "in", groups * n * index_bits(m), "data", None, groups)
        super().__init__(
            (data_port("x", "in", x, groups * m), meta),
            (data_port("y", "out", x, groups * n), Port("err", "out", 1, "flags")),
            stages=stages,
            objective=objective,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pipe = Pipeline(m, self.in_valid, {"select": 2 * log2(self.m) + 1}, self.stages)
        registered = self.stages > 0
        groups = [
            SelectGroup(self.format.bits, self.n, self.m, inverted=registered)
            for _ in range(self.groups)
        ]
        for i, group in enumerate(groups):
            m.submodules[f"group_{i}"] = group
            m.d.comb += [
                group.x.eq(self.x.word_select(i, len(group.x))),
                group.meta.eq(self.meta.word_select(i, len(group.meta))),
            ]
        picked, err = pipe.after(
            "select", [group.y for group in groups], Cat(group.err for group in groups).any()
        )
        y = Cat(picked)
        m.d.comb += [
            self.out_valid.eq(pipe.valid),
            self.y.eq(~y if registered else y),
            self.err.eq(err),
        ]
        return m
