import pytest

from hdl.bricks.lzc import LeadingZeros
from tests.hdl.simulate import settle


@pytest.mark.parametrize("bits", range(1, 10))
def test_every_word(bits):
    words = range(1 << bits)
    counted = settle(LeadingZeros(bits), [{"data": word} for word in words], "count")
    assert [count for (count,) in counted] == [bits - word.bit_length() for word in words]
