from tests.hdl.dots import dot, evaluate


def test_a_float_tail_adds_an_addend_far_away_and_rounds_once():
    # 2 * 448^2 = 401408 = 0x1.88p18, far below 2^60.
    unit = dot("e4m3", "e4m3", "fp32", lanes=2, c="fp32", rounding="rup")
    assert evaluate(unit, [0x7E, 0x7E], [0x7E, 0x7E], 0) == (18 + 127) << 23 | 0x88 << 15
    assert evaluate(unit, [0x7E, 0x7E], [0x7E, 0x7E], (60 + 127) << 23) == ((60 + 127) << 23) + 1


def test_a_fixed_tail_rounds_a_fraction_and_saturates():
    unit = dot("e4m3", "e4m3", "int8", lanes=2)
    # 1.5 * 1 + 1 * 1 = 2.5, to even; 2 * 448^2 is too much; NaN is 0.
    assert evaluate(unit, [0x3C, 0x38], [0x38, 0x38]) == 2
    assert evaluate(unit, [0x7E, 0x7E], [0x7E, 0x7E]) == 127
    assert evaluate(unit, [0x7F, 0x38], [0x38, 0x38]) == 0
