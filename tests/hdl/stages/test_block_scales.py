from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from cosim.golden import decode
from hdl.formats import BlockFormat, parse_format
from hdl.stages.block_scales import multiply_scales
from hdl.stages.block_shape import BlockShape
from tests.hdl.simulate import settle


class Products(wiring.Component):
    def __init__(self, scale: str, scale_bits: int | None) -> None:
        element, fmt = parse_format("int4"), parse_format(scale)
        block = BlockFormat(scale, element, fmt, 2, "mx")
        blocks = 1 if scale == "e8m0" else 2
        self.shape = BlockShape(block, block, blocks, scale_bits)
        bits = fmt.bits * blocks
        super().__init__(
            {"a": In(bits), "b": In(bits)} | {"factors": Out(40), "exponent": Out(9), "nan": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        scales = multiply_scales(m, self.shape, "ripple", self.a, self.b)
        m.d.comb += [self.factors.eq(Cat(scales.factors)), self.nan.eq(scales.is_nan)]
        if scales.terms:
            m.d.comb += self.exponent.eq(scales.terms[0].exponent)
        return m


def test_integers_are_rounded_block_by_block():
    unit = Products("uint4", 4)
    # 15 * 15 / 16 = 14.06; 3 * 8 / 16 = 1.5, to even.
    assert settle(unit, [{"a": 3 << 4 | 15, "b": 8 << 4 | 15}], "factors", "nan") == [(0x2E, 0)]


def test_floats_multiply_significands_and_add_exponents():
    unit = Products("ue4m3", None)
    ue4m3 = [float(x) for x in decode(range(128), "ue4m3")]
    for a in (0, 1, 0x38, 0x3F, 0x7E):
        ((factors, exponent, nan),) = settle(
            unit, [{"a": a, "b": 0x3C}], "factors", "exponent", "nan"
        )
        # Significands of 4 bits, exponents biased by 7: 3 bits and 7 less each.
        assert (factors & 0xFF) * 2.0 ** (exponent - 20) == ue4m3[a] * 1.5
        assert nan == 0
    assert settle(unit, [{"a": 0x7F << 7, "b": 0}], "nan") == [(1,)]


def test_powers_of_two_are_nothing_but_exponents():
    unit = Products("e8m0", None)
    rows = [{"a": 127, "b": 120}, {"a": 254, "b": 254}, {"a": 255, "b": 0}]
    assert settle(unit, rows, "factors", "nan") == [(0, 0), (0, 0), (0, 1)]
    assert settle(unit, rows[:2], "exponent") == [(247,), (508,)]
