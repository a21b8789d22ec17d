import pytest

from hdl.dot import Dot
from hdl.formats import parse_format
from tests.hdl.simulate import run_pipeline, settle

E5M2_ONE, E5M2_HALF = 0x3C, 0x38


def dot(fmt, y, lanes, fraction_bits, **options):
    if "c" in options:
        options["c"] = parse_format(options["c"])
    a, result = parse_format(fmt), parse_format(y)
    return Dot(a, a, result, lanes, align="window", fraction_bits=fraction_bits, **options)


def pack(*codes):
    return sum(code << (8 * i) for i, code in enumerate(codes))


# a = (-2^13, -0.5, -0.25, -0.125), b = (2^10, 1, 1, 1), c = 2^23, in E5M2 and FP32.
A = pack(0x80 | 28 << 2, 0x80 | 14 << 2, 0x80 | 13 << 2, 0x80 | 12 << 2)
B = pack(25 << 2, E5M2_ONE, E5M2_ONE, E5M2_ONE)
C = (127 + 23) << 23


@pytest.mark.parametrize("objective", ["area", "balanced", "delay"])
@pytest.mark.parametrize(
    ("fraction_bits", "result"), [(23, 0), (24, 0xBF000000), (25, 0xBF400000), (26, 0xBF600000)]
)
def test_a_wider_window_keeps_more(fraction_bits, result, objective):
    # 2^23 is the largest; the others end at 2^(23 - F).
    unit = dot("e5m2", "fp32", 4, fraction_bits, c="fp32", rounding="rtz", objective=objective)
    assert settle(unit, [{"in_valid": 1, "a": A, "b": B, "c": C}], "y") == [(result,)]


def test_sticky_bits_tip_the_rounding():
    # 1 + 2^-11 + 2^-16 in FP16: without what is below a window of 11 bits a tie, to even.
    a = pack(E5M2_ONE, 4 << 2, 1)
    b = pack(E5M2_ONE, E5M2_ONE, E5M2_ONE)
    operands = [{"in_valid": 1, "a": a, "b": b}]
    assert settle(dot("e5m2", "fp16", 3, 11), operands, "y") == [(0x3C00,)]
    assert settle(dot("e5m2", "fp16", 3, 11, sticky=True), operands, "y") == [(0x3C01,)]


def test_nan_and_overflow_of_tensor_cores():
    unit = dot("e5m2", "fp16", 1, 13, rounding="rtz")
    operands = [{"in_valid": 1, "a": a, "b": b} for a, b in ((0x7F, 0), (0x7B, 0xFB), (0x7C, 0))]
    # NaN; -57344^2, too large for FP16; infinity times zero.
    assert settle(unit, operands, "y") == [(0x7FFF,), (0xFC00,), (0x7FFF,)]


@pytest.mark.parametrize("stages", [0, 3])
def test_an_accumulator_is_a_term_of_the_window(stages):
    # 2 + 2^-2, where four bits below 2^1 are 2^-3; then 2^-5 more is lost, but not alone.
    unit = dot("e5m2", "fp32", 1, 4, accumulate=True, stages=stages)
    rows = [(1, 16 << 2), (0, 13 << 2), (0, 10 << 2), (1, 10 << 2)]
    cycles = [{"in_valid": 1, "first": f, "a": a, "b": E5M2_ONE} for f, a in rows]
    cycles += [{"in_valid": 0}] * unit.latency
    outputs = [y for valid, y in run_pipeline(unit, cycles, "out_valid", "y") if valid]
    assert outputs == [0x40000000, 0x40100000, 0x40100000, 0x3D000000]
