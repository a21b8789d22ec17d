import pytest

from hdl.bricks.anticipator import Anticipator
from tests.hdl.simulate import settle


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_the_highest_mark_is_at_the_leading_bit_or_one_above(bits):
    half = 1 << (bits - 1)
    pairs = [
        (a, b)
        for a in range(-half, half)
        for b in range(-half, half)
        # No carry may be dropped.
        if -half <= a + b < half
    ]
    operands = [{"a": a % (2 * half), "b": b % (2 * half)} for a, b in pairs]
    early = 0
    for (a, b), (marks,) in zip(pairs, settle(Anticipator(bits), operands, "marks"), strict=True):
        # Bits that differ from the sign: those of the magnitude, or of its complement.
        leading = (a + b if a + b >= 0 else ~(a + b)).bit_length()
        assert marks.bit_length() - leading in (0, 1)
        early += marks.bit_length() - leading
    assert 0 < early < len(pairs) / 2
