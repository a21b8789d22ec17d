from hdl.formats import parse_format
from hdl.stages.product import Product
from hdl.stages.terms import operand_range
from tests.hdl.simulate import settle


def test_significands_multiply_and_exponents_add():
    e4m3 = operand_range(parse_format("e4m3"))
    operands = [
        {"a_exponent": e, "b_exponent": 16 - e, "a_significand": a, "b_significand": b}
        for e in range(1, 16)
        for a in (0, 1, 8, 15)
        for b in range(16)
    ]
    results = settle(Product(e4m3, e4m3, "ripple"), operands, "exponent", "significand")
    assert results == [(16, o["a_significand"] * o["b_significand"]) for o in operands]


def test_a_one_hot_exponent_stands_for_the_sum():
    e2m1 = operand_range(parse_format("e2m1"))
    operands = [
        {"a_exponent": a, "b_exponent": b, "a_significand": 1, "b_significand": 1}
        for a in range(1, 4)
        for b in range(1, 4)
    ]
    results = settle(Product(e2m1, e2m1, "ripple", one_hot=True), operands, "exponent")
    assert results == [(1 << (o["a_exponent"] + o["b_exponent"] - 2),) for o in operands]
