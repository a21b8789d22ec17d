# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.dot import Dot, exact_sum, exact_sum_format
from hdl.formats import FormatError, IntFormat, parse_format
from tests.hdl.simulate import run_pipeline, settle


def dot(a, b, y=None, **options):
    if "c" in options:
        options["c"] = parse_format(options["c"])
    return Dot(parse_format(a), parse_format(b), parse_format(y) if y else None, **options)


def integer(name):
    fmt = parse_format(name)
    assert isinstance(fmt, IntFormat)
    return fmt


def pack(codes, bits):
    return sum(code << (i * bits) for i, code in enumerate(codes))


def evaluate(unit, a, b, c=None):
    widths = {port.name: port.width // port.lanes for port in unit.ports}
    operands = {"in_valid": 1, "a": pack(a, widths["a"]), "b": pack(b, widths["b"])}
    return settle(unit, [operands | ({} if c is None else {"c": c})], "y")[0][0]


def test_worked_integer_dot_product():
    # 1*4 + 2*3 - 3*2 + 4*-1 = 0, and the extreme 4 * (-128)^2 = 65536 fits int18.
    unit = dot("int8", "int8", lanes=4)
    assert unit.result.name == "int18"
    assert evaluate(unit, [1, 2, 0xFD, 4], [4, 3, 2, 0xFF]) == 0
    assert evaluate(unit, [0x80] * 4, [0x80] * 4) == 65536


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


@pytest.mark.parametrize("stages", [0, 2])
def test_accumulator_restarts_and_ignores_invalid_cycles(stages):
    unit = dot("int8", "int8", "int32", lanes=1, accumulate=True, stages=stages)
    assert unit.latency == stages + 1
    rows = [(1, 1, 2), (1, 0, 3), (0, 1, 99), (1, 0, 4), (1, 1, 5)]
    cycles = [{"in_valid": v, "first": f, "a": a, "b": 10} for v, f, a in rows]
    cycles += [{"in_valid": 0}] * unit.latency
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [20, 50, 90, 50]


def test_float_accumulator_rounds_every_time():
    # fp16: 2048 + 1 is a tie that stays 2048, again and again.
    unit = dot("e5m2", "e5m2", "fp16", lanes=1, accumulate=True)
    rows = [(1, 0x68), (0, 0x3C), (0, 0x3C)]
    cycles = [{"in_valid": 1, "first": f, "a": a, "b": 0x3C} for f, a in rows] + [{"in_valid": 0}]
    outputs = run_pipeline(unit, cycles, "out_valid", "y")
    assert [y for valid, y in outputs if valid] == [0x6800] * 3


@pytest.mark.parametrize(
    ("a", "b", "lanes", "c", "name"),
    [
        # Two's complement: (-8)^2 * 4 = 256 needs 9 bits and a sign.
        ("int4", "int4", 4, None, "int10"),
        ("uint4", "uint4", 1, None, "uint8"),
        ("int8", "uint8", 1, None, "int16"),
        ("int8", "int8", 1, "int32", "int33"),
    ],
)
def test_exact_sum_format(a, b, lanes, c, name):
    assert exact_sum_format(integer(a), integer(b), lanes, integer(c) if c else None).name == name


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


def test_no_integer_holds_too_large_a_sum():
    int32 = IntFormat(32)
    with pytest.raises(FormatError, match=r"^int65: an integer format has 2 to 64 bits$"):
        exact_sum_format(int32, int32, 2, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lanes": 0}, "lanes = 0 is not in 1..1024"),
        ({"align": "loose"}, "align = 'loose' is not one of exact, window"),
        ({"y": "fp16", "sticky": True}, "fraction_bits and sticky need align = 'window'"),
        ({"y": "fp16", "align": "window"}, "fraction_bits = None is not in 1..40"),
        (
            {"y": "int8", "align": "window", "fraction_bits": 9},
            "align = 'window' needs floats, not int8",
        ),
        (
            {"accumulate": True, "c": "fp32", "y": "fp32"},
            "accumulate = true and c exclude each other: the accumulator is c",
        ),
        ({"accumulate": True}, "y can only be left out without accumulate"),
        ({"c": "int8"}, "y can only be left out with c where all operands are integers"),
        ({"y": "fp16", "lsb": 1}, "lsb = 1 needs an integer y of float operands"),
        ({"y": "int8", "c": "fp16", "lsb": 1}, "lsb and c exclude each other"),
    ],
)
def test_what_cannot_be_built(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dot("e4m3", "e4m3", **options)
