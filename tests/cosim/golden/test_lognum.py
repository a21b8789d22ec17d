"""Log numbers against integer powers: x < 2^(p/q) exactly where x^q < 2^p."""

import math
from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.binades import DOUBLE, SINGLE
from cosim.golden.lognum import fits_single, ranks, roots_of_two
from hdl.formats import LogFormat, parse_format
from tests.cosim.golden.probes import any_singles


def nearest_magnitude(x: Fraction, fmt: LogFormat) -> int:
    """Return the code whose logarithm is nearest, by comparing powers."""
    if x < Fraction(decode([1], fmt)[0]) / 2:
        return 0
    # k - 1/2 <= log2(x) * 2^F + bias < k + 1/2, both sides doubled and raised.
    raised = x ** (2 << fmt.fraction_bits)
    size = raised.numerator.bit_length() - raised.denominator.bit_length()
    log = size if Fraction(2) ** size <= raised else size - 1
    return min(max((log + 1) // 2 + fmt.bias, 1), fmt.max_code)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["log4.3", "log2.2", "log3.0", "log5.2", "log4.3b90", "log8.1"])
def test_the_nearest_logarithm(name, dtype):
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    codes = np.arange(1, fmt.max_code)
    steps = np.exp2((codes + 0.5 - fmt.bias) / (1 << fmt.fraction_bits))
    smallest = decode([1], name)
    with np.errstate(under="ignore"):
        points = np.concatenate([steps, smallest / 2, smallest, steps[:1] / 3]).astype(dtype)
    points = np.concatenate([points, np.nextafter(points, dtype(1))])
    points = np.concatenate([points, np.abs(any_singles(500)).astype(dtype)])
    result = encode(points, name)
    for point, code in zip(points.tolist(), result.tolist(), strict=True):
        assert code == (nearest_magnitude(Fraction(point), fmt) if point else 0), point


@pytest.mark.parametrize("count", [1, 2, 8, 64, 1 << 14])
def test_roots_of_two(count):
    roots = roots_of_two(count, 40)
    assert len(roots) == count
    for k in range(0, count, max(1, count // 8)):
        # root <= 2^(k/count) * 2^40 < root + 1, raised to the power of count.
        assert roots[k] ** count <= 1 << (40 * count + k) < (roots[k] + 1) ** count


def test_constants_of_the_published_accumulator():
    # round(2^(r/8) * 2^8), the constants of the 8 remainders.
    halves = roots_of_two(8, 9)
    assert [(root + 1) // 2 for root in halves] == [256, 279, 304, 332, 362, 395, 431, 470]


@pytest.mark.parametrize("fraction_bits", [0, 3, 10, 14])
@pytest.mark.parametrize("layout", [SINGLE, DOUBLE])
def test_no_two_steps_share_their_top_bits(fraction_bits, layout):
    for direction in ("nearest", "down", "up"):
        table = ranks(fraction_bits, layout, direction)
        edges = table.edge[table.edge <= 1 << layout.mantissa_bits]
        assert len(np.unique(edges >> table.shift)) == len(np.unique(edges))
        assert len(np.unique(edges)) == (1 << fraction_bits) - (direction == "down")


def test_values_are_the_nearest_doubles():
    # 2^(1/2) and 2^(5/8) * 2^-8, from an integer square root and two more.
    root = math.isqrt(2 << 200)
    assert decode([64 + 4], "log4.3")[0] == float(Fraction(root, 1 << 100))
    eighth = math.isqrt(math.isqrt(root << 100) << 100)
    expected = Fraction(eighth, 1 << 100) ** 5 / 256
    assert decode([5], "log4.3")[0] == float(expected)


def test_what_single_precision_reaches():
    assert fits_single(LogFormat(4, 3, 64))
    assert not fits_single(LogFormat(8, 3, 1024))
