"""Integers to log numbers, against comparisons of powers."""

from fractions import Fraction

import pytest

from hdl.formats import LogFormat
from hdl.stages.to_log import ToLog
from tests.hdl.simulate import settle

LOG43 = LogFormat(4, 3, 64)


def to_log(totals, bits, exponent, fmt, **changes):
    options = {
        "midpoint_bits": 8,
        "arithmetic": False,
        "adder": "ripple",
        "normalizer": "parallel",
    }
    unit = ToLog(bits, exponent, fmt, **(options | changes))
    return [code for (code,) in settle(unit, [{"total": total} for total in totals], "code")]


def nearest(total, bits_kept, exponent, fmt):
    if total == 0:
        return 0
    steps = 1 << fmt.fraction_bits
    size = abs(total).bit_length() - 1
    # What is truncated does not count, not even for half the smallest number.
    kept = Fraction(abs(total) * 2**bits_kept // 2**size) * Fraction(2) ** (size - bits_kept)
    power = (kept * Fraction(2) ** exponent) ** (2 * steps) / Fraction(2) ** (4 * fmt.bias)
    if power < Fraction(2) ** (2 * (1 - fmt.bias - steps)):
        return 0
    code = next(
        code
        for code in range(1, fmt.max_code + 1)
        if code == fmt.max_code or power < Fraction(2) ** (2 * (code - fmt.bias) + 1)
    )
    return code | (fmt.sign_mask if total < 0 else 0)


def test_top_midpoint_wraps():
    # 490.3 = 2^(7.5/8) * 256 is the last midpoint: from 491 on it is the next octave, remainder 0.
    below, above = to_log([490 << 4, 491 << 4], 16, 8, LOG43)
    assert (above - below, above & 7) == (1, 0)
    assert below == nearest(490 << 4, 8, 8, LOG43)


@pytest.mark.parametrize("normalizer", ["serial", "parallel"])
@pytest.mark.parametrize(
    ("fmt", "exponent", "midpoint_bits"),
    [
        (LOG43, 4, 8),
        (LOG43, 20, 4),
        (LOG43, -6, 8),
        (LogFormat(2, 2, 8), 2, 12),
        (LogFormat(3, 0, 4), 0, 1),
        (LogFormat(3, 1, 40), 70, 3),
        (LogFormat(3, 1, 1), -3, 8),
        (LogFormat(2, 1, 4), -40, 8),
    ],
    ids=str,
)
def test_all_integers(fmt, exponent, midpoint_bits, normalizer):
    totals = range(-512, 512)
    options = {"midpoint_bits": midpoint_bits, "normalizer": normalizer}
    got = to_log(totals, 10, exponent, fmt, **options)
    assert got == [nearest(total, midpoint_bits, exponent, fmt) for total in totals]


def test_arithmetic_midpoints():
    # Between 1 and 2: from 1.5 on, not from 1.414 on.
    fmt = LogFormat(3, 0, 4)
    totals = [8, 11, 12, 16]
    assert to_log(totals, 8, 2, fmt, arithmetic=True) == [1, 1, 2, 2]
    assert to_log(totals, 8, 2, fmt) == [1, 1, 2, 2]
    assert to_log([22, 23, 24], 8, 2, fmt, arithmetic=True) == [2, 2, 3]
    assert to_log([22, 23, 24], 8, 2, fmt) == [2, 3, 3]
