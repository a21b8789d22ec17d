from hdl.formats import parse_format
from hdl.stages.place import Place
from hdl.stages.terms import operand_range, product_range
from tests.hdl.simulate import settle


def test_every_exponent():
    e4m3 = operand_range(parse_format("e4m3"))
    place = Place(product_range(e4m3, e4m3))
    # Both exponents at least 1: a sum of 2 is the smallest weight.
    operands = [
        {"exponent": exponent, "significand": significand}
        for exponent in range(2, 31)
        for significand in (0, 1, 0x81, 0xE1)
    ]
    placed = settle(place, operands, "placed")
    assert placed == [(o["significand"] << (o["exponent"] - 2),) for o in operands]
