"""The rounder alone, against exact rationals."""

from fractions import Fraction

import numpy as np
import pytest

from cosim.golden.codec import as_format
from cosim.golden.rounding import ROUNDINGS, WORD_BITS, Target, bit_length, round_float, round_int
from hdl.formats import FloatFormat, IntFormat
from tests.cosim.golden.oracle import Oracle, Term


def test_bit_length_around_every_power_of_two():
    powers = [1 << k for k in range(WORD_BITS)]
    numbers = sorted({n for p in powers for n in (p - 1, p, p + 1, p + p // 2, 2 * p - 1) if n})
    assert bit_length(np.array(numbers)).tolist() == [n.bit_length() for n in numbers]


@pytest.mark.parametrize("flush", [False, True], ids=["subnormals", "flush"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e2m1", "e3m0", "e4m3fnuz", "fp32", "e2m29"])
def test_words_of_every_size_into_a_float(name, rounding, flush):
    fmt = as_format(name)
    assert isinstance(fmt, FloatFormat)
    rng = np.random.default_rng(4)
    size = rng.integers(1, WORD_BITS, 400, endpoint=True)
    value = rng.integers(0, 1 << 62, 400) >> (62 - size)
    # Short significands and all ones meet ties and carries; the rest seldom does.
    value[:200] &= ~((np.int64(1) << np.maximum(size[:200] - 5, 0)) - 1)
    value[200:250] = (np.int64(1) << size[200:250]) - 1
    value *= rng.choice([-1, 1], 400)
    low, high = fmt.min_ulp_exponent - 3, fmt.max_exponent + 3
    exponent = rng.integers(low, high, 400) - size
    for overflow in ("ieee", "saturate"):
        target = Target(fmt, rounding, overflow, "flush" if flush else "ieee", integers=False)
        codes, flags = round_float(value, exponent, target)
        oracle = Oracle(fmt, rounding, overflow, flush)
        for row, (v, e) in enumerate(zip(value.tolist(), exponent.tolist(), strict=True)):
            if v:
                expected = oracle([Term(v < 0, abs(v) * Fraction(2) ** e)])
                assert (int(codes[row]), int(flags[row])) == expected, (v, e, overflow)


def test_zero_is_positive_and_exact_whatever_its_exponent():
    target = Target(as_format("fp16"), "rup", "ieee", "flush", integers=False)
    codes, flags = round_float(np.zeros(3, dtype=np.int64), np.array([-3000, 0, 3000]), target)
    assert codes.tolist() == flags.tolist() == [0, 0, 0]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["int8", "uint8", "int33", "uint32", "int64", "uint64"])
def test_whole_numbers_and_fractions_into_an_integer(name, rounding):
    fmt = as_format(name)
    assert isinstance(fmt, IntFormat)
    whole = [n + k for n in (0, fmt.min_value, fmt.max_value) for k in range(-3, 4)]
    whole += [1 << 70, -(1 << 70), (1 << 32) - 1, -(1 << 32)]
    numbers = [(n, fraction) for n in whole for fraction in range(4)]
    high = np.array([n >> 32 for n, _ in numbers])
    low = np.array([n & 0xFFFF_FFFF for n, _ in numbers])
    part = np.array([fraction for _, fraction in numbers])
    for overflow in ("wrap", "saturate"):
        target = Target(fmt, rounding, overflow, "ieee", integers=True)
        codes, flags = round_int(high, low, part, target)
        oracle = Oracle(fmt, rounding, overflow)
        for row, (n, fraction) in enumerate(numbers):
            value = n + Fraction((0, 1, 2, 3)[fraction], 4)
            expected = oracle([Term(value < 0, abs(value))])
            assert (int(codes[row]), int(flags[row])) == expected, (value, overflow)
