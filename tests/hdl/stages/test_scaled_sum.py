from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Const, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from cosim.golden import decode, encode
from hdl.formats import parse_format
from hdl.stages.scaled_sum import ScaledSum
from hdl.stages.specials import Specials
from hdl.stages.unpack import Unpack
from tests.hdl.simulate import settle

SCALE = parse_format("e3m0")
"""Powers of two and zero; of its terms only the exponent counts here."""

FP16 = parse_format("fp16")


class Scaled(wiring.Component):
    """``y = value * 2^-2 * scale + addend`` in FP16, where the scale is no zero."""

    def __init__(self, *, with_addend: bool) -> None:
        self._with_addend = with_addend
        super().__init__(
            {"value": In(signed(9)), "scale": In(4), "addend": In(16), "restart": In(1)}
            | {"y": Out(16)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unpack = unpack = Unpack(SCALE)
        m.d.comb += unpack.code.eq(self.scale)
        tail = ScaledSum(
            9,
            -2,
            [unpack.range],
            FP16,
            FP16 if self._with_addend else None,
            rounding="rne",
            overflow="ieee",
            objective="balanced",
        )

        def after(step: str, *live: object) -> object:
            assert step in tail.delays
            return live[0] if len(live) == 1 else live

        none = Specials(*(Const(0) for _ in range(5)))
        code = tail.elaborate(
            m,
            after,
            self.value,
            [unpack.term],
            specials=none,
            addend=self.addend,
            restart=self.restart,
        )
        m.d.comb += self.y.eq(code)
        return m


@pytest.mark.parametrize("restart", [0, 1])
@pytest.mark.parametrize("with_addend", [False, True])
def test_scaled_values_are_rounded_once(with_addend: bool, restart: int) -> None:
    rng = np.random.default_rng(1)
    scales = range(1, 8)
    addends = encode(rng.normal(0, 40, 40), FP16).tolist()
    rows = [
        {"value": int(value), "scale": scale, "addend": addend, "restart": restart}
        for addend in addends
        for scale in scales
        for value in rng.integers(-255, 256, 3)
    ]
    expected: list[int] = []
    for row in rows:
        scale = Fraction(float(decode(row["scale"], SCALE)))
        total = row["value"] * scale / 4
        if with_addend and not restart:
            total += Fraction(float(decode(row["addend"], FP16)))
        expected.append(int(encode(float(total), FP16)))  # exact in float64: few bits
    results = settle(Scaled(with_addend=with_addend), rows, "y")
    assert [code for (code,) in results] == expected


def test_an_infinite_addend_counts_unless_it_is_dropped() -> None:
    row = {"value": 4, "scale": 4, "addend": 0x7C00}
    rows = [row | {"restart": 0}, row | {"restart": 1}]
    # 4 * 2^-2 times 2^(4 - 3) is 2.
    assert settle(Scaled(with_addend=True), rows, "y") == [(0x7C00,), (0x4000,)]
