import pytest

from hdl.bricks.shifter import LeftShifter, RightShifter
from tests.hdl.simulate import settle


@pytest.mark.parametrize(("bits", "limit"), [(1, 0), (5, 3), (6, 6), (4, 9)])
def test_every_word_and_amount(bits, limit):
    operands = [{"data": d, "amount": n} for d in range(1 << bits) for n in range(limit + 1)]
    mask = (1 << bits) - 1
    left = settle(LeftShifter(bits, limit), operands, "shifted")
    right = settle(RightShifter(bits, limit), operands, "shifted")
    assert left == [((o["data"] << o["amount"]) & mask,) for o in operands]
    assert right == [(o["data"] >> o["amount"],) for o in operands]
