"""How sums become results; that they are right is simulated in test_reference."""

from cosim.formal.plain.results import float_result, integer_result, rounded_integer
from cosim.formal.plain.shape import Shape
from gen.config import make_config
from hdl.formats import FloatFormat, IntFormat, parse_format


def shape(**given):
    base = {"a": "e2m1", "b": "e2m1", "lanes": 2}
    return Shape.of(make_config("dot", base | given).params_dict())


def test_integers_are_clipped_or_wrapped():
    saturated = shape(y="int4", overflow="saturate")
    lines = list(integer_result(saturated, "x", 9, is_invalid="0", is_inexact="0"))
    assert "wire too_low = x < $signed(9'h1f8);" in lines
    assert any("too_low ? $signed(9'h1f8)" in line for line in lines)
    wrapped = Shape.of(make_config("dot", {"a": "int3", "b": "int3", "lanes": 2}).params_dict())
    lines = list(integer_result(wrapped, "x", 9, is_invalid="0", is_inexact="0"))
    assert "wire signed [8:0] clipped = x;" in lines


def test_the_lowest_bit_of_an_integer_is_where_it_is_asked_for():
    asked = shape(y="int9", lsb=-2)
    assert isinstance(asked.y, IntFormat)
    lines = list(rounded_integer(asked, asked.y, 20, -6))
    assert "wire [19:0] rounded_whole = magnitude >> (4);" in lines


def test_windows_have_their_own_nan_and_overflow():
    fp16 = parse_format("fp16")
    assert isinstance(fp16, FloatFormat)
    plain, window = (
        "\n".join(float_result(one, fp16, 40, -30))
        for one in (
            shape(y="fp16", rounding="rtz"),
            shape(y="fp16", rounding="rtz", align="window", fraction_bits=4),
        )
    )
    assert "assign y = is_nan ? 16'h7e00" in plain
    assert "assign y = is_nan ? 16'h7fff" in window
    assert "is_overflow ? (1'b0 ?" in plain
    assert "is_overflow ? (1'b1 ?" in window
