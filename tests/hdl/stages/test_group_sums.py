import itertools

import pytest
from amaranth.hdl import Cat, Const, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from cosim.golden import decode
from hdl.formats import BlockFormat, parse_format
from hdl.pipeline import Pipeline
from hdl.stages.block_shape import BlockShape, BlockWindow
from hdl.stages.group_sums import GroupSums
from tests.hdl.simulate import settle


class Sums(wiring.Component):
    """Two sums of two products each, as multiples of `weight`."""

    def __init__(self, element: str) -> None:
        fmt = parse_format(element)
        # Two groups of one block, or a block of integers, which know no window.
        window = BlockWindow(9, group=2) if element.startswith("e") else None
        block = BlockFormat(element, fmt, parse_format("e8m0"), 4 if window else 2, "mx")
        self.shape = BlockShape(block, block, 1, None, window)
        self.steps = GroupSums(self.shape, "balanced")
        self.lanes = self.shape.lanes
        bits = fmt.bits * self.lanes
        super().__init__(
            {"a": In(bits), "b": In(bits)}
            | {f"sum_{j}": Out(signed(self.shape.value_bits)) for j in range(self.shape.groups)}
            | {"is_nan": Out(1), "all_negative": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pipe = Pipeline(m, Const(1), self.steps.delays, 0)
        bits = len(self.a) // self.lanes
        lanes = [
            (self.a.word_select(i, bits), self.b.word_select(i, bits)) for i in range(self.lanes)
        ]
        rows, specials, live = self.steps.elaborate(m, pipe, lanes, (Cat(Const(1)),))
        assert len(live) == 1
        for j, value in enumerate(self.steps.propagate(m, rows)):
            m.d.comb += getattr(self, f"sum_{j}").eq(value)
        m.d.comb += [self.is_nan.eq(specials.is_nan), self.all_negative.eq(specials.all_negative)]
        return m


@pytest.mark.parametrize("element", ["int3", "e2m1"])
def test_every_group_is_summed_exactly(element):
    unit = Sums(element)
    bits = parse_format(element).bits
    values = [float(x) for x in decode(range(1 << bits), element)]
    some = [0, 1, (1 << bits) - 1, 1 << (bits - 1), 3]
    chosen = [codes[: unit.lanes] for codes in itertools.product(some, repeat=4)]
    rows, expected = [], []
    for a, b in zip(chosen, reversed(chosen), strict=True):
        packed = [sum(code << (bits * i) for i, code in enumerate(codes)) for codes in (a, b)]
        rows.append({"a": packed[0], "b": packed[1]})
        products = [values[x] * values[y] for x, y in zip(a, b, strict=True)]
        unit_weight = 2.0**unit.shape.value_weight
        sums = [sum(products[i : i + 2]) / unit_weight for i in range(0, unit.lanes, 2)]
        expected.append(tuple(sums))
    outputs = [f"sum_{j}" for j in range(unit.shape.groups)]
    assert settle(unit, rows, *outputs) == expected


def test_signs_and_nan_of_products_are_told():
    unit = Sums("e4m3")
    one, nan = 0x38, 0x7F
    vectors = [[one, 0x80, 0x80, one | 0x80], [one, one, one, nan]]
    rows = [
        {"a": sum(x << 8 * i for i, x in enumerate(a)), "b": sum(one << 8 * i for i in range(4))}
        for a in [[x | 0x80 for x in vectors[0]], *vectors]
    ]
    assert settle(unit, rows, "is_nan", "all_negative") == [(0, 1), (0, 0), (1, 0)]
