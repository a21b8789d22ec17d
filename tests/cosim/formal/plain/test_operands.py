import pytest

from cosim.formal.plain.operands import Vector, integer, kind_of, unpack
from hdl.formats import parse_format


@pytest.mark.parametrize(
    ("name", "precision", "unit", "span"),
    [
        # E4M3: a hidden bit, 2^-9 the least subnormal, shifts of up to 15.
        pytest.param("e4m3", 4, -9, 20, id="float"),
        pytest.param("int8", 8, 0, 8, id="integer"),
        pytest.param("q2.6", 8, -6, 8, id="fixed point"),
        pytest.param("e8m0", 1, -127, 256, id="power"),
    ],
)
def test_room_for_every_number(name, precision, unit, span):
    fmt = kind_of(parse_format(name))
    vector = Vector("a", fmt.bits, fmt)
    assert (vector.precision, vector.unit, vector.span) == (precision, unit, span)


def test_lanes_are_parts_of_a_port():
    fmt = kind_of(parse_format("int4"))
    assert list(Vector("a", 4, fmt).number("x", 2)) == ["wire [3:0] x = a[8+:4];"]


def test_tables_stand_before_their_entries():
    fmt = kind_of(parse_format("int4"))
    lines = list(Vector("a", 1, fmt, (3, 9)).number("x", 0))
    assert lines[0] == "wire [7:0] x_table = {4'h9, 4'h3};"


def test_integers_have_a_sign_or_get_one():
    assert integer("x", kind_of(parse_format("int4"))) == "$signed(x)"
    assert integer("x", kind_of(parse_format("uint4"))) == "$signed({1'b0, x})"


def test_every_operand_has_the_same_wires():
    for name in ("e4m3", "e5m2", "e4m3fnuz", "e2m1", "int8", "uint3", "sm4", "q2.2", "e8m0"):
        text = "\n".join(unpack("x", kind_of(parse_format(name)), flush=False))
        for wire in ("negative", "significand", "shift", "zero", "nan", "inf", "signaling"):
            assert f"x_{wire} =" in text, (name, wire)


def test_formats_without_a_description():
    with pytest.raises(LookupError, match=r"^format 'log4.3' has no reference description$"):
        kind_of(parse_format("log4.3"))
