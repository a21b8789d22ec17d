import pytest
from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.formats import parse_format
from hdl.pipeline import Pipeline
from hdl.stages.specials import Specials
from hdl.stages.terms import Term
from hdl.stages.window_sum import TermKind, WindowSum, comparison_for
from tests.hdl.simulate import settle

FP32 = parse_format("fp32")


class Sum(wiring.Component):
    """Two terms of 4 bits with exponents of their own, of 3 bits, and shared ones of 6 bits."""

    def __init__(self, kept: int, *, sticky: bool) -> None:
        # 1.xxx times 2^(exponent + shared).
        kind = TermKind(2, 4, 3, least=0, highest=7 + 63, origin=0, own_bits=3, shared=2)
        self.tail = WindowSum(
            kind,
            7,
            kept,
            sticky=sticky,
            y=FP32,
            addend=None,
            rounding="rtz",
            overflow="ieee",
            objective="balanced",
        )
        super().__init__(
            {f"{key}_{i}": In(bits) for i in range(2) for key, bits in (("x", 4), ("e", 3))}
            | {"shared_0": In(6), "shared_1": In(6), "y": Out(32)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        no, zero = Const(0), [self.x_0 == 0, self.x_1 == 0]
        terms = [
            Term(no, self.e_0, self.x_0, zero[0], no, no, no),
            Term(no, self.e_1, self.x_1, zero[1], no, no, no),
        ]
        codes = [
            Mux(zero[i], 0, getattr(self, f"e_{i}") + getattr(self, f"shared_{i}"))
            for i in range(2)
        ]
        code = self.tail.elaborate(
            m,
            Pipeline(m, Const(1), self.tail.delays, 0),
            terms,
            [self.shared_0, self.shared_1],
            largest=Mux(codes[0] > codes[1], codes[0], codes[1]),
            present=~Cat(zero).all(),
            specials=Specials(*(no for _ in range(5))),
            addend=[],
            restart=no,
            accumulate=False,
        )
        m.d.comb += self.y.eq(code)
        return m


@pytest.mark.parametrize("sticky", [False, True])
def test_shared_exponents_count_like_own_ones(sticky):
    kept = 4
    unit = Sum(kept, sticky=sticky)
    rows, expected = [], []
    for x, e, shared in [(8, 0, 0), (15, 7, 0), (9, 3, 5), (8, 0, 63), (0, 7, 63), (15, 7, 63)]:
        for other in [(8, 0, 0), (13, 2, 8), (0, 0, 40), (11, 7, 62)]:
            pair = [(x, e, shared), other]
            rows.append(
                {f"{k}_{i}": v for i, t in enumerate(pair) for k, v in zip("xe", t, strict=False)}
            )
            rows[-1] |= {"shared_0": shared, "shared_1": other[2]}
            last = max([-126, *(e + s for x, e, s in pair if x)]) - kept - 3 * sticky
            total = 0
            for significand, own, common in pair:
                scaled = significand << (own + common)  # in units of 2^-3
                if last >= -3:
                    unit_step = 1 << (last + 3)
                    units, rest = divmod(scaled, unit_step)
                    total += (units | (sticky and rest > 0)) * unit_step
                else:
                    total += scaled
            expected.append(total / 8)
    answers = [y for (y,) in settle(unit, rows, "y")]
    assert [_truncated(value) for value in expected] == answers


def _truncated(value: float) -> int:
    """Return the FP32 code of a value of few bits."""
    if not value:
        return 0
    mantissa, exponent = value, 0
    while mantissa >= 2:
        mantissa, exponent = mantissa / 2, exponent + 1
    while mantissa < 1:
        mantissa, exponent = mantissa * 2, exponent - 1
    return (exponent + 127) << 23 | int((mantissa - 1) * 2**23)


def test_exponents_are_compared_as_the_objective_asks():
    assert comparison_for("area") == "serial"
    assert comparison_for("delay") == comparison_for("balanced") == "tree"
