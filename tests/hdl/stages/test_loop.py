from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.pipeline import Pipeline
from hdl.stages.loop import hold, no_registers
from tests.hdl.simulate import run_pipeline


class Held(wiring.Component):
    def __init__(self):
        operands = {"in_valid": In(1), "data": In(4), "rests": In(1)}
        super().__init__(operands | {"out_valid": Out(1), "held": Out(4)})

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, self.in_valid, {"loop": 1.0}, 0)
        accumulator = Signal(4)
        m.d.comb += self.held.eq(hold(m, pipe, accumulator, self.data, self.rests))
        m.d.comb += self.out_valid.eq(pipe.valid)
        return m


def test_what_is_held_changes_in_valid_cycles_only():
    rows = [(1, 3), (0, 5), (0, 6), (1, 7), (0, 8), (0, 9)]
    cycles = [{"in_valid": valid, "data": data} for valid, data in rows]
    outputs = run_pipeline(Held(), cycles, "out_valid", "held")
    assert outputs[1:] == [(1, 3), (0, 3), (0, 3), (1, 7), (0, 7)]


def test_it_rests_where_there_is_nothing_to_add():
    rows = [(1, 3, 0), (1, 5, 1), (1, 6, 0), (0, 7, 0)]
    cycles = [{"in_valid": valid, "data": data, "rests": rests} for valid, data, rests in rows]
    assert run_pipeline(Held(), cycles, "out_valid", "held")[1:] == [(1, 3), (1, 3), (1, 6)]


def test_no_registers_pass_everything():
    one, two = Const(1), Const(2)
    assert no_registers("step", one) is one
    assert no_registers("step", one, two) == (one, two)
