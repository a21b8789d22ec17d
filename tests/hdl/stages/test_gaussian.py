"""Gaussian logarithms against the C library's, which are exact enough for so few bits."""

from math import floor, log2

import pytest

from hdl.formats import LogFormat
from hdl.stages.gaussian import gaussian_logarithms

FORMATS = [LogFormat(4, 3, 64), LogFormat(2, 6, 128), LogFormat(5, 0, 16), LogFormat(1, 0, 1)]


def exact(distance, fmt, subtract):
    ratio = 2.0 ** (-distance / (1 << fmt.fraction_bits))
    return (1 << fmt.fraction_bits) * log2(1 - ratio if subtract else 1 + ratio)


@pytest.mark.parametrize("subtract", [False, True], ids=["sums", "differences"])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_entries(fmt, subtract):
    correct = gaussian_logarithms(fmt, "correct", subtract=subtract)
    faithful = gaussian_logarithms(fmt, "faithful", subtract=subtract)
    assert len(correct) == len(faithful) == fmt.max_code
    for distance in range(1, fmt.max_code):
        real = exact(distance, fmt, subtract)
        (nearest, low), (near, low_too) = correct[distance], faithful[distance]
        assert abs(nearest - real) <= 0.5
        assert abs(near - real) < 1
        assert low == low_too == (floor(real) if abs(real - nearest) > 1e-9 else nearest)


def test_what_is_exact_stays_exact():
    for fmt in FORMATS[:3]:
        steps = 1 << fmt.fraction_bits
        for variant in ("correct", "faithful"):
            # 1 + 1 = 2^1 and 1 - 1/2 = 2^-1.
            assert gaussian_logarithms(fmt, variant, subtract=False)[0] == (steps, steps)
            assert gaussian_logarithms(fmt, variant, subtract=True)[steps] == (-steps, -steps)
