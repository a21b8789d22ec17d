# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import Elaboratable, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.hierarchy import blocks_of
from hdl.bricks.adder import FullAdder
from hdl.dot import Dot
from hdl.formats import parse_format
from tests.gen import toys


def test_equal_components_become_one_module_named_after_class_and_parameters() -> None:
    names = [block.name for block in blocks_of(toys.Nested(), "top")]
    assert sorted(names) == [
        "top",
        "top_choices",
        "top_empty",
        "top_scale_2_8",
        "top_scale_3_4",
        "top_scale_3_8",
    ]
    assert names[-1] == "top"


def test_modules_come_before_those_that_contain_them() -> None:
    int4 = parse_format("int4")
    blocks = blocks_of(Dot(int4, int4, lanes=3, stages=1), "dot")
    seen: set[str] = set()
    for block in blocks:
        assert {child.name for child in block.children.values()} <= seen
        seen.add(block.name)
    assert [type(block.component) for block in blocks].count(FullAdder) == 1


def test_summary_is_the_first_paragraph_of_the_description() -> None:
    block = blocks_of(toys.Scale(3, 4), "scale")[0]
    assert block.summary == "Multiplies by a constant."


def test_clocked_instances_are_clocked() -> None:
    class Outer(wiring.Component):
        def __init__(self) -> None:
            super().__init__({"x": In(8), "y": Out(9)})

        def elaborate(self, platform: object) -> Module:
            m = Module()
            m.submodules.inner = inner = toys.Pipeline()
            m.d.comb += [inner.x.eq(self.x), inner.enable.eq(1), self.y.eq(inner.y)]
            return m

    inner, outer = blocks_of(Outer(), "outer")
    assert inner.has_input("clk")
    assert inner.has_input("rst")
    assert outer.has_input("clk")
    assert not outer.has_input("enable")


class Reader(wiring.Component):
    """Is given a signal of somebody else, or gives one away, instead of having a port for it."""

    def __init__(self, other: Value | None = None) -> None:
        self.hidden = Signal(4)
        self.other = other
        super().__init__({"x": In(4), "y": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.hidden.eq(self.x + 1)
        m.d.comb += self.y.eq(self.hidden if self.other is None else self.other)
        return m


class Outer(wiring.Component):
    """Has a reader inside and perhaps reads what is hidden in there."""

    def __init__(self, *, peek: bool, lend: bool) -> None:
        self.peek = peek
        self.lend = lend
        super().__init__({"x": In(4), "y": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lent = Signal(4)
        m.submodules.inner = inner = Reader(lent if self.lend else None)
        m.d.comb += [lent.eq(self.x ^ 3), inner.x.eq(self.x)]
        m.d.comb += self.y.eq(inner.hidden if self.peek else inner.y)
        return m


def test_reading_past_the_ports_is_refused() -> None:
    assert len(blocks_of(Outer(peek=False, lend=False), "outer")) == 2
    with pytest.raises(TypeError, match="Outer reads hidden, which is no port"):
        blocks_of(Outer(peek=True, lend=False), "outer")
    with pytest.raises(TypeError, match="Reader reads lent, which is no port"):
        blocks_of(Outer(peek=False, lend=True), "outer")


class Plain(Elaboratable):
    def elaborate(self, platform: object) -> Module:
        return Module()


class Loose(wiring.Component):
    """Has a submodule without ports, perhaps even without a name."""

    def __init__(self, *, named: bool) -> None:
        self.named = named
        super().__init__({"y": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.named:
            m.submodules.part = Plain()
        else:
            m.submodules += toys.Empty()
        return m


@pytest.mark.parametrize(
    ("named", "message"),
    [(True, r"Loose\.part is not a component"), (False, "Loose: a submodule has no name")],
)
def test_submodules_without_ports_or_name_are_refused(named: bool, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        blocks_of(Loose(named=named), "loose")
