"""Posits against the text of the Posit Standard (2022), in integers and rationals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.posit import decode_posit
from hdl.formats import PositFormat
from tests.cosim.golden.probes import all_codes, any_singles


def value_of(code: int, width: int, size: int) -> Fraction | None:
    """Return what section 3.3 of the standard says, from the bits as they stand.

    p = ((1 - 3s) + f) * 2^((1 - 2s) * (2^size * r + e + s)), None for NaR.
    """
    if code in (0, 1 << (width - 1)):
        return Fraction(0) if code == 0 else None
    sign, *rest = (code >> index & 1 for index in reversed(range(width)))
    run = len(list(itertools.takewhile(lambda bit: bit == rest[0], rest)))
    regime = run - 1 if rest[0] else -run
    # "If the exponent or fraction bits are cut off, they are zero."
    tail = [*rest[run + 1 :], *[0] * (size + 1)]
    exponent = int("0" + "".join(map(str, tail[:size])), 2)
    fraction = Fraction(int("".join(map(str, tail[size:])), 2), 1 << (len(tail) - size))
    scale = (1 - 2 * sign) * (regime * 2**size + exponent + sign)
    return ((1 - 3 * sign) + fraction) * Fraction(2) ** scale


def rounded(x: Fraction, width: int, size: int) -> int:
    """Round as section 4.1 says: a search over codes, whose order is that of their values."""
    if x == 0:
        return 0
    if x < 0:
        return -rounded(-x, width, size) % (1 << width)
    low, high = 1, (1 << (width - 1)) - 1
    # "If x is greater in magnitude than maxPos the result is maxPos": never NaR, nor zero.
    if x >= (value_of(high, width, size) or 0):
        return high
    if x <= (value_of(low, width, size) or 0):
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if (value_of(middle, width, size) or 0) <= x else (low, middle)
    # "Let v be the (n+1)-bit posit with the bits of u and a one": it parts u and w.
    between = value_of(2 * low + 1, width + 1, size) or 0
    return low if x < between or (x == between and low % 2 == 0) else high


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("width", [3, 5, 8, 12])
def test_every_code_has_the_value_of_the_standard(width, size):
    name = f"posit{width}es{size}"
    values = decode(all_codes(name), name)
    for code, value in enumerate(values.tolist()):
        expected = value_of(code, width, size)
        assert np.isnan(value) if expected is None else Fraction(value) == expected


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("width", [16, 32])
def test_wide_posits_have_the_values_of_the_standard(width, size):
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 1 << width, 2000)
    # Long runs are rare among random codes.
    codes = np.concatenate([codes, codes >> rng.integers(0, width - 1, 2000), [1, 3]])
    values = decode_posit(codes.astype(np.uint32), PositFormat(width, size))
    for code, value in zip(codes.tolist(), values.tolist(), strict=True):
        expected = value_of(code, width, size)
        assert np.isnan(value) if expected is None else Fraction(value) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("width", [3, 5, 8])
def test_rounding_at_all_values_and_midpoints(width, size, dtype):
    exact = [value_of(code, width + 1, size) for code in range(1, 1 << width)]
    points = np.array([float(value or 0) for value in exact], dtype=dtype)
    points = np.concatenate([points, np.nextafter(points, dtype(0)), points * dtype(1.001)])
    points = np.concatenate([points, -points, points * dtype(1e9), points * dtype(1e-9)])
    codes = encode(points, f"posit{width}es{size}")
    for point, code in zip(points.tolist(), codes.tolist(), strict=True):
        assert code == rounded(Fraction(point), width, size), point


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("width", "size"), [(16, 2), (32, 2), (16, 3), (32, 3), (32, 0), (20, 1)])
def test_rounding_of_wide_posits(width, size, dtype):
    rng = np.random.default_rng(2)
    codes = rng.integers(1, 1 << width, 400) >> rng.integers(0, width - 1, 400)
    ties = [float(value_of(2 * code + 1, width + 1, size) or 0) for code in codes.tolist()]
    with np.errstate(over="ignore"):
        ties = np.array(ties).astype(dtype)
    points = np.concatenate([ties, np.nextafter(ties, dtype(1)), any_singles(400).astype(dtype)])
    points = points[np.isfinite(points)]
    codes = encode(points, f"posit{width}es{size}")
    for point, code in zip(points.tolist(), codes.tolist(), strict=True):
        assert code == rounded(Fraction(point), width, size), point
