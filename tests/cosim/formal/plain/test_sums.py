"""One module for a sum; that it adds up is simulated in test_reference."""

from cosim.formal.plain.shape import Shape
from cosim.formal.plain.sums import sum_of_products
from gen.config import make_config


def text(**given):
    base = {"a": "e2m1", "b": "e2m1", "lanes": 2, "y": "fp16"}
    return sum_of_products("m", Shape.of(make_config("dot", base | given).params_dict()))


def test_integers_are_nothing_but_products_and_sums():
    found = text(a="int4", b="int4", y="int9", c="int4")
    assert "wire signed [11:0] sum = a_0 * b_0 + a_1 * b_1 + addend;" in found
    assert "magnitude" not in found


def test_a_window_ends_so_many_places_below_the_largest_exponent():
    found = text(align="window", fraction_bits=4)
    assert "end_ = largest - 4;" in found
    assert "product_1_lost = 1'b0;" in found
    sticky = text(align="window", fraction_bits=4, sticky=True)
    assert "end_ = largest - 7;" in sticky
    assert "product_1_lost = (product_1_whole << end_) != product_1_fixed;" in sticky


def test_scales_are_factors_of_every_product():
    found = text(scale={"kind": "mx", "vector": 2})
    assert "product_1_shift = a_1_shift + b_1_shift + scale_a_0_shift + scale_b_0_shift;" in found
    assert found.count("wire [7:0] scale_a_0 = ") == 1
