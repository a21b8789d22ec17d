from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.dot_tail import hold, no_registers
from hdl.pipeline import Pipeline
from tests.hdl.simulate import run_pipeline


class Held(wiring.Component):
    def __init__(self):
        super().__init__({"in_valid": In(1), "data": In(4), "out_valid": Out(1), "held": Out(4)})

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, self.in_valid, {"loop": 1.0}, 0)
        accumulator = Signal(4)
        m.d.comb += self.held.eq(hold(m, pipe, accumulator, self.data))
        m.d.comb += self.out_valid.eq(pipe.valid)
        return m


def test_what_is_held_changes_in_valid_cycles_only():
    rows = [(1, 3), (0, 5), (0, 6), (1, 7), (0, 8), (0, 9)]
    cycles = [{"in_valid": valid, "data": data} for valid, data in rows]
    outputs = run_pipeline(Held(), cycles, "out_valid", "held")
    assert outputs[1:] == [(1, 3), (0, 3), (0, 3), (1, 7), (0, 7)]


def test_no_registers_pass_everything():
    one, two = Const(1), Const(2)
    assert no_registers("step", one) is one
    assert no_registers("step", one, two) == (one, two)
