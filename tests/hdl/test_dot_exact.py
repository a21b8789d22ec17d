import pytest

from hdl.formats import parse_format
from hdl.stages.exact_sum import exact_sum
from tests.hdl.dots import dot, evaluate
from tests.hdl.simulate import run_pipeline


def test_the_order_of_large_terms_does_not_matter():
    # 448^2 - 448^2 + 2^-18: only an exact sum keeps the last term.
    unit = dot("e4m3", "e4m3", "fp32", lanes=3)
    tiny = 0x36800000
    assert evaluate(unit, [0x7E, 0x7E, 0x01], [0x7E, 0xFE, 0x01]) == tiny
    assert evaluate(unit, [0x01, 0x7E, 0x7E], [0x01, 0x7E, 0xFE]) == tiny


def test_addend_far_above_and_far_below():
    # 2 * 1 + 2^100, and 2 * 1 + 2^-149 rounded up.
    unit = dot("e4m3", "e4m3", "fp32", lanes=2, c="fp32", rounding="rup")
    assert evaluate(unit, [0x38, 0x38], [0x38, 0x38], (100 + 127) << 23) == (227 << 23) + 1
    assert evaluate(unit, [0x38, 0x38], [0x38, 0x38], 1) == 0x40000001


def test_addend_in_the_word_of_the_products():
    # FP16 is near E4M3's products: 448^2 - 448^2 + 2^-24, the smallest FP16; and far from FP32's.
    unit = dot("e4m3", "e4m3", "fp16", lanes=2, c="fp16")
    assert evaluate(unit, [0x7E, 0xFE], [0x7E, 0x7E], 0x0001) == 0x0001
    # 1 - 2 * 2^-9 * 2^-9 = 1 - 2^-17, to the nearest 1; an infinite addend stays.
    assert evaluate(unit, [0x01, 0x01], [0x81, 0x81], 0x3C00) == 0x3C00
    assert evaluate(unit, [0x01, 0x01], [0x81, 0x81], 0xFC00) == 0xFC00
    assert evaluate(unit, [0x7F, 0x01], [0x81, 0x81], 0xFC00) == 0x7E00
    # -0 + -0 + -0
    assert evaluate(unit, [0x80, 0x80], [0x38, 0x38], 0x8000) == 0x8000


def test_signs_of_zero():
    unit = dot("e4m3", "e4m3", "fp16", lanes=2)
    assert evaluate(unit, [0x80, 0x80], [0x38, 0x38]) == 0x8000
    assert evaluate(unit, [0x80, 0x00], [0x38, 0x38]) == 0x0000
    assert evaluate(unit, [0x38, 0xB8], [0x38, 0x38]) == 0x0000
    down = dot("e4m3", "e4m3", "fp16", lanes=2, rounding="rdn")
    assert evaluate(down, [0x38, 0xB8], [0x38, 0x38]) == 0x8000


def test_float_accumulator_rounds_every_time():
    # fp16: 2048 + 1 is a tie that stays 2048, again and again.
    unit = dot("e5m2", "e5m2", "fp16", lanes=1, accumulate=True)
    rows = [(1, 0x68), (0, 0x3C), (0, 0x3C)]
    cycles = [{"in_valid": 1, "first": f, "a": a, "b": 0x3C} for f, a in rows] + [{"in_valid": 0}]
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [0x6800] * 3


def test_exact_sum_of_floats():
    # 8 * 6 * 6 = 288 in units of 1/4: 1152 < 2^11, and a sign.
    e2m1 = parse_format("e2m1")
    fmt, lsb = exact_sum(e2m1, e2m1, 8, None)
    assert (fmt.name, lsb) == ("int12", -2)
    unit = dot("e2m1", "e2m1", lanes=8)
    assert evaluate(unit, [7] * 8, [7] * 8) == 1152
    assert evaluate(unit, [15] * 8, [7] * 8) == 4096 - 1152
    assert evaluate(unit, [1] + [0] * 7, [1] + [0] * 7) == 1
    (y,) = (port for port in unit.ports if port.name == "y")
    assert y.lsb == -2


@pytest.mark.parametrize(("rounding", "sums"), [("rne", [0, 2, 2]), ("rup", [1, 3, 4])])
def test_a_fixed_point_accumulator_rounds_every_time(rounding, sums):
    # 0.5, 1.5, 0.5 in units of 1; infinity stays at the limit, NaN is zero.
    unit = dot("e5m2", "e5m2", "int8", lanes=1, accumulate=True, rounding=rounding)
    rows = [(1, 0x38), (0, 0x3E), (0, 0x38), (0, 0x7C), (0, 0x7F)]
    cycles = [{"in_valid": 1, "first": f, "a": a, "b": 0x3C} for f, a in rows] + [{"in_valid": 0}]
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [*sums, 127, 0]


def test_posits():
    # 1.5 * -4 + 2^-24 * 2^24 = -5, exactly; NaR makes everything NaN.
    unit = dot("posit8", "posit8", "fp32", lanes=2)
    assert evaluate(unit, [0x44, 0x01], [0xB0, 0x7F]) == 0xC0A00000
    assert evaluate(unit, [0x44, 0x80], [0xB0, 0x00]) == 0x7FC00000
    assert evaluate(unit, [0x44, 0x44], [0x00, 0x00]) == 0
