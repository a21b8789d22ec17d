from fractions import Fraction

import pytest

from hdl.stages.normalize import Normalize
from hdl.stages.terms import Target
from tests.hdl.simulate import settle

E4M3 = Target(4, -6)
OUTPUTS = ("negative", "exponent", "significand", "carry", "guard", "second", "sticky")


def check_total(normalize, total, base, below, outputs):
    negative, exponent, significand, carry, guard, second, sticky = outputs
    unit = Fraction(2) ** base
    # Any fraction below the lowest bit has the same effect: take a half.
    exact = abs(total * unit + (unit / 2 if below else 0))
    assert negative == (total < 0)
    # The same number put together from the fields.
    weight = Fraction(2) ** (max(exponent, 1) - 1 + E4M3.min_weight)
    kept = (significand + carry + Fraction(guard, 2) + Fraction(second, 4)) * weight
    if sticky and below and total < 0:
        # The fraction's complement may be filled up with ones where nobody looks.
        assert kept - weight / 4 <= exact < kept + weight / 4
    else:
        assert kept <= exact < kept + weight / 4
        assert sticky == (kept != exact)
    assert not (carry and (guard or second or sticky))
    # Full significand, or as far down as the target goes.
    assert bool(exponent) == bool(significand >> 3)


@pytest.mark.parametrize(
    ("adder", "kind"),
    [("ripple", "serial"), ("sklansky", "parallel"), ("kogge_stone", "anticipated")],
)
@pytest.mark.parametrize(("min_base", "max_base"), [(-20, 3), (-4, -4), (-12, -9), (2, 9)])
def test_fields_are_worth_the_total(min_base, max_base, adder, kind):
    bits = 7
    normalize = Normalize(bits, min_base, max_base, E4M3, adder=adder, kind=kind)
    cases, operands = [], []
    for base in range(min_base, max_base + 1):
        for total in range(1 - (1 << (bits - 1)), 1 << (bits - 1)):
            # A fraction only where it lies below all bits that are looked at.
            for below in {0, int(base <= E4M3.min_weight - 2 or abs(total) >= 1 << 5)}:
                # Of both signs, as far apart as no carry is dropped.
                low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
                first = low + (total * 13 + base) % (1 << bits)
                first = min(max(first, total - high), total - low, high)
                first = max(first, low) % (1 << bits)
                row = {"first_row": first, "second_row": (total - first) % (1 << bits)}
                row |= {} if min_base == max_base else {"base": base}
                cases.append((total, base, below))
                operands.append(row | {"below": below})
    for (total, base, below), outputs in zip(
        cases, settle(normalize, operands, *OUTPUTS), strict=True
    ):
        check_total(normalize, total, base, below, outputs)


@pytest.mark.parametrize("kind", ["serial", "parallel", "anticipated"])
def test_carries_through_all_ones(kind):
    # -32 = ~31 + 1: the complement's leading one is one too low, the carry sets it right.
    normalize = Normalize(8, 0, 0, E4M3, adder="ripple", kind=kind)
    row = {"first_row": 0x100 - 32, "second_row": 0, "below": 0}
    _, exponent, significand, carry, guard, second, sticky = settle(normalize, [row], *OUTPUTS)[0]
    assert (significand, carry, guard, second, sticky) == (0b1111, 1, 0, 0, 0)
    # 1.111 x 2^4 and one more is 2^5.
    assert exponent == 4 + 7


@pytest.mark.parametrize("kind", ["serial", "anticipated"])
def test_a_base_that_counts_from_the_room(kind):
    # The same numbers, told by how far they may be shifted.
    plain, counted = (
        Normalize(7, -9, 3, E4M3, adder="ripple", kind=kind, from_room=room)
        for room in (False, True)
    )
    for base in (-9, -1, 3):
        rows = [{"first_row": total % 128, "second_row": 0, "below": 0} for total in range(-63, 64)]
        assert settle(plain, [row | {"base": base} for row in rows], *OUTPUTS) == settle(
            counted, [row | {"base": base - counted.room_base} for row in rows], *OUTPUTS
        )
