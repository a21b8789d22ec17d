from amaranth.hdl import Const, signed, unsigned

from hdl.formats import parse_format
from hdl.stages.terms import Case, Target, operand_range, product_range, target_of, weight_shape


def test_e4m3_operand():
    # Significands 0.001 … 1.111, lowest bit from 2^-9 to 2^5.
    term = operand_range(parse_format("e4m3"))
    assert (term.bits, term.min_weight, term.max_weight) == (4, -9, 5)
    assert term.cases == (Case(3, 5), Case(0, -9))


def test_without_subnormals_every_significand_is_full():
    assert operand_range(parse_format("e4m3"), flush=True).cases == (Case(3, 5),)


def test_e4m3_product_spans_37_bits():
    # 2 * 4 significand bits plus an exponent span of 28, and a sign.
    e4m3 = operand_range(parse_format("e4m3"))
    product = product_range(e4m3, e4m3)
    assert product.bits + product.max_weight - product.min_weight + 1 == 37


def test_an_integer_weighs_one():
    term = operand_range(parse_format("int8"))
    assert (term.bits, term.exponent_bits, term.min_weight, term.max_weight) == (8, 0, 0, 0)


def test_targets():
    assert target_of(parse_format("e4m3")) == Target(4, -6)
    assert target_of(parse_format("e4m3")).min_weight == -9
    assert target_of(parse_format("int8")).min_weight == 0


def test_shape_of_a_weight():
    assert weight_shape(0, 5) == unsigned(3)
    assert weight_shape(-9, 5) == signed(5)
    for low, high in ((-8, 7), (-3, 9), (1, 16)):
        shape = weight_shape(low, high)
        assert shape.signed == (low < 0)
        assert set(range(low, high + 1)) <= {Const(k, shape).value for k in range(low, high + 1)}
