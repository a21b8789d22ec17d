from pathlib import Path

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.config import resolve
from gen.emit import generate, verilog_of
from tests.gen import toys
from tests.gen.check import is_equivalent, loops_through_vectors


class Feedback(wiring.Component):
    """An output that is read inside, bit by bit, by what makes its next bits, and by a choice."""

    def __init__(self) -> None:
        super().__init__({"a": In(4), "b": In(4), "y": Out(4), "z": Out(2)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chosen = Signal(4)
        with m.If(self.a[0]):
            m.d.comb += chosen.eq(Cat(self.b[0], chosen[0:3]))
        with m.Else():
            m.d.comb += chosen.eq(self.b)
        m.d.comb += [
            self.y.eq(Cat(self.a[0], self.y[0] & self.b[1], self.y[1] | self.b[2], self.y[2])),
            self.z.eq(chosen[2:4]),
        ]
        return m


@pytest.mark.parametrize("toy", [Feedback, toys.Chain])
def test_no_loop_is_left_and_nothing_changed(toy: type[wiring.Component], tmp_path: Path) -> None:
    verilog = verilog_of(toy(), "toy")
    (tmp_path / "toy.v").write_text(verilog)
    assert loops_through_vectors(tmp_path / "toy.v", "toy") == []
    assert is_equivalent(toy(), verilog, "toy", tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        "int8-mac",
        "fma a=e4m3 b=e4m3 c=fp16 y=fp16 objective=area stages=2",
        "fma a=e4m3 b=int8 c=fp16 y=fp16 objective=delay flags=true",
        "dot a=e4m3 b=e5m2 lanes=3 y=fp32 accumulate=true",
    ],
)
def test_units_have_no_loops(words: str, tmp_path: Path) -> None:
    (config,) = resolve(words.split())
    (tmp_path / "unit.v").write_text(generate(config).verilog)
    assert loops_through_vectors(tmp_path / "unit.v", config.name) == []


def test_loops_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "loop.v").write_text(
        "module loop (input [1:0] a, output [1:0] y);\n"
        "wire [1:0] c = {a[1] ^ c[0], a[0]};\nassign y = c;\nendmodule\n"
    )
    assert len(loops_through_vectors(tmp_path / "loop.v", "loop")) == 1
