import pytest

from hdl.formats import parse_format
from hdl.stages.align import Align, frame_of
from hdl.stages.terms import operand_range, product_range, target_of
from tests.hdl.simulate import settle


def frame(operand, addend, result):
    term = operand_range(parse_format(operand))
    return frame_of(
        product_range(term, term),
        operand_range(parse_format(addend)),
        target_of(parse_format(result)),
    )


def test_frame_of_an_e4m3_fma():
    # The product's 8 bits, 2 below (an operand may be subnormal), the addend up to 10 above the
    # product's lowest bit: its own 4 bits end at bit 16.
    chosen = frame("e4m3", "e4m3", "e4m3")
    assert (chosen.below, chosen.reach, chosen.width) == (2, 10, 16)


def test_a_zero_that_leads_spares_the_lower_half_of_the_weights():
    operand = operand_range(parse_format("e5m2"))
    product, target = product_range(operand, operand), target_of(parse_format("e5m2"))
    plain = frame_of(product, operand, target)
    chosen = frame_of(product, operand, target, zero_is_lowest=True)
    # Two bits below the product's lowest; or the addend's lowest, 8 places further down.
    assert plain.min_base == product.min_weight - 2 == -34
    assert chosen.min_base == operand.min_weight - 8 - 2 == -26
    # A product far below the smallest E5M2 is a number of FP32: no zero may hide it.
    wide = target_of(parse_format("fp32"))
    assert not frame_of(product, operand, wide, zero_is_lowest=True).zero_leads


def test_fixed_weights_need_no_clamping():
    # Integers all weigh 1: an 8-bit product, an 8-bit addend, nothing below, nothing lost.
    chosen = frame("int4", "int8", "fp16")
    assert (chosen.below, chosen.width, chosen.lost, chosen.clamps) == (0, 8, 0, False)


@pytest.mark.parametrize("adder", ["ripple", "sklansky"])
@pytest.mark.parametrize("subtract", [0, 1])
@pytest.mark.parametrize(
    ("addend", "result"), [("e4m3", "e4m3"), ("fp16", "fp16"), ("e2m1", "fp16")]
)
def test_the_addend_keeps_its_value(addend, result, subtract, adder):
    operand = operand_range(parse_format("e4m3"))
    product, term = product_range(operand, operand), operand_range(parse_format(addend))
    chosen = frame_of(product, term, target_of(parse_format(result)))
    align = Align(
        product,
        term,
        chosen,
        factors=(operand, operand),
        adder=adder,
        origin=chosen.min_base if subtract else 0,
    )
    exponents = range(term.min_weight - term.offset, term.max_weight - term.offset + 1)
    operands = [
        {
            "exponent_0": p // 2,
            "exponent_1": p - p // 2,
            "product_is_zero": 0,
            "addend_exponent": c,
            "addend_is_zero": 0,
            "addend_significand": significand,
            "subtract": subtract,
        }
        for p in range(2, 31)
        for c in exponents
        for significand in (1, (1 << term.bits) - 1)
    ]
    for given, (aligned, sticky, base) in zip(
        operands, settle(align, operands, "aligned", "sticky", "base"), strict=True
    ):
        weight = base + align.origin
        # In units of the smallest weight that occurs.
        unit = min(chosen.min_base, term.min_weight)
        exact = given["addend_significand"] << (given["addend_exponent"] + term.offset - unit)
        exact = -exact if subtract else exact
        kept = (aligned - (aligned >> chosen.width << (chosen.width + 1))) << (weight - unit)
        assert kept <= exact < kept + (1 << (weight - unit))
        assert sticky == (kept != exact)
