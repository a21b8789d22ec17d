import pytest

from hdl.bricks.adder import ADDERS
from hdl.bricks.negate import Negate
from tests.hdl.simulate import settle


@pytest.mark.parametrize("kind", ADDERS)
@pytest.mark.parametrize("bits", [1, 2, 5])
def test_all_numbers(bits, kind):
    operands = [{"data": x, "negative": s} for x in range(1 << bits) for s in (0, 1)]
    negated = settle(Negate(bits, kind), operands, "negated")
    assert negated == [
        ((-o["data"] if o["negative"] else o["data"]) % (2 << bits),) for o in operands
    ]
