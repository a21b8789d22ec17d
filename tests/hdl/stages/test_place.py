import pytest

from hdl.formats import parse_format
from hdl.stages.place import Place, is_short
from hdl.stages.terms import operand_range, product_range
from tests.hdl.simulate import settle


def product(name):
    fmt = operand_range(parse_format(name))
    return product_range(fmt, fmt)


@pytest.mark.parametrize("adder", ["ripple", "sklansky"])
def test_every_exponent(adder):
    place = Place(product("e4m3"), adder)
    # Both exponents at least 1: a sum of 2 is the smallest weight.
    operands = [
        {"sign": sign, "exponent": exponent, "significand": significand}
        for sign in (0, 1)
        for exponent in range(2, 31)
        for significand in (0, 1, 0x81, 0xE1)
    ]
    placed = settle(place, operands, "placed")
    assert placed == [
        ((-1) ** o["sign"] * (o["significand"] << (o["exponent"] - 2)) % (1 << place.bits),)
        for o in operands
    ]


def test_one_hot_exponents():
    place = Place(product("e2m1"), "ripple", one_hot=True)
    operands = [
        {"sign": sign, "exponent": 1 << k, "significand": significand}
        for sign in (0, 1)
        for k in range(5)
        for significand in range(10)
    ]
    placed = settle(place, operands, "placed")
    # Two bits of each significand, four places above the lowest, and a sign.
    assert place.bits == 4 + 4 + 1
    assert placed == [
        ((-1) ** o["sign"] * o["significand"] * o["exponent"] % (1 << 9),) for o in operands
    ]


def test_which_spans_are_short():
    short = {
        adder: [
            name
            for name in ("e2m1", "e2m3", "e3m2", "e4m3", "e3m4")
            if is_short(product(name), adder)
        ]
        for adder in ("ripple", "brent_kung", "kogge_stone")
    }
    assert short == {
        "ripple": ["e2m1"],
        "brent_kung": ["e2m1", "e2m3"],
        "kogge_stone": ["e2m1", "e2m3", "e3m2"],
    }
