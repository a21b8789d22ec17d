"""Roots of two, judged by powers of integers."""

import pytest

from hdl.bricks.roots import midpoint, root_of_two


@pytest.mark.parametrize("bits", [0, 1, 8, 16, 24])
@pytest.mark.parametrize("steps", [1, 2, 8, 64])
def test_roots(steps: int, bits: int) -> None:
    for step in range(2 * steps):
        root, up = root_of_two(step, steps, bits), root_of_two(step, steps, bits, up=True)
        exact = 2 ** (step + bits * steps)
        assert (2 * root - 1) ** steps <= 2**steps * exact < (2 * root + 1) ** steps
        assert (up - 1) ** steps < exact <= up**steps


@pytest.mark.parametrize("bits", [1, 8, 16])
@pytest.mark.parametrize("steps", [1, 2, 16])
def test_geometric_midpoints(steps: int, bits: int) -> None:
    for step in range(steps):
        middle = midpoint(step, steps, bits)
        assert (middle - 1) ** (2 * steps) < 2 ** (2 * step + 1 + 2 * bits * steps)
        assert middle ** (2 * steps) > 2 ** (2 * step + 1 + 2 * bits * steps)


def test_arithmetic_midpoints() -> None:
    # (1 + 2) / 2; (1 + 1.41421) / 2 = 1.20711 and (1.41421 + 2) / 2 = 1.70711, times 256.
    assert midpoint(0, 1, 8, arithmetic=True) == 384
    assert [midpoint(k, 2, 8, arithmetic=True) for k in (0, 1)] == [310, 438]


def test_constants_of_the_published_accumulator() -> None:
    constants = [root_of_two(r, 8, 8) for r in range(8)]
    assert constants == [256, 279, 304, 332, 362, 395, 431, 470]
