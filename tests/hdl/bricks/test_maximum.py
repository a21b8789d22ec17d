import random
from itertools import product

import pytest

from hdl.bricks.maximum import Maximum
from tests.hdl.simulate import settle


@pytest.mark.parametrize("kind", ["serial", "tree"])
@pytest.mark.parametrize(("count", "bits"), [(1, 4), (2, 3), (3, 2), (5, 1)])
def test_every_combination(count, bits, kind):
    numbers = list(product(range(1 << bits), repeat=count))
    operands = [{f"number_{i}": n for i, n in enumerate(row)} for row in numbers]
    largest = settle(Maximum(count, bits, kind), operands, "largest")
    assert largest == [(max(row),) for row in numbers]


@pytest.mark.parametrize("kind", ["serial", "tree"])
def test_many_numbers(kind):
    draw = random.Random(3)
    numbers = [[draw.getrandbits(draw.randint(0, 9)) for _ in range(33)] for _ in range(200)]
    operands = [{f"number_{i}": n for i, n in enumerate(row)} for row in numbers]
    assert settle(Maximum(33, 9, kind), operands, "largest") == [(max(row),) for row in numbers]
