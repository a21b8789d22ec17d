from itertools import product

import pytest

from hdl.bricks.divider import Divider
from tests.hdl.simulate import settle


@pytest.mark.parametrize(
    ("bits", "whole", "fraction"),
    [((5, 3), 1, 4), ((3, 5), 1, 0), ((4, 4), 2, 3), ((6, 2), 3, 1)],
    ids=["5 by 3 bits", "no fraction", "less than four", "less than eight"],
)
def test_all_quotients(bits: tuple[int, int], whole: int, fraction: int) -> None:
    pairs = [
        (dividend, divisor)
        for dividend, divisor in product(range(1 << bits[0]), range(1, 1 << bits[1]))
        if dividend < divisor << whole
    ]
    rows = [{"dividend": dividend, "divisor": divisor} for dividend, divisor in pairs]
    found = settle(Divider(*bits, whole, fraction), rows, "quotient", "inexact")
    assert len(found) == len(pairs) > 40
    assert found == [
        (quotient, int(rest > 0)) for quotient, rest in (divmod(n << fraction, d) for n, d in pairs)
    ]
