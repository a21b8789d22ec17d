"""Exact sums against Python's integers and rationals."""

from fractions import Fraction

import numpy as np
import pytest

from cosim.golden.codec import as_format
from cosim.golden.exact import LIMB_BITS, Limbs, Word, add_sticky
from cosim.golden.rounding import WORD_BITS, Target
from tests.cosim.golden.oracle import Oracle, Term


def values(word: Word) -> list[Fraction]:
    exponent = np.broadcast_to(np.asarray(word.exponent), word.value.shape)
    pairs = zip(word.value.tolist(), exponent.tolist(), strict=True)
    # The exponent of a zero is anything.
    return [value * Fraction(2) ** e if value else Fraction(0) for value, e in pairs]


def random_words(rng: np.random.Generator, count: int) -> Word:
    size = rng.integers(0, 56, count, endpoint=True)
    value = (rng.integers(0, 1 << 56, count) >> (56 - size)) * rng.choice([-1, 1], count)
    return Word(value, rng.integers(-60, 60, count) - size)


def test_sticky_sum_is_exact_or_odd_and_between_the_same_neighbours():
    rng = np.random.default_rng(5)
    x, y = random_words(rng, 20_000), random_words(rng, 20_000)
    total = add_sticky(x, y)
    assert np.abs(total.value).max() < 1 << WORD_BITS
    exponents = np.asarray(total.exponent).tolist()
    inexact = 0
    for p, q, r, v, e in zip(
        values(x), values(y), values(total), total.value.tolist(), exponents, strict=True
    ):
        if p + q != r:
            inexact += 1
            assert v % 2 == 1
            assert abs(p + q - r) < Fraction(2) ** e
            assert abs(v).bit_length() >= 50
    assert 1000 < inexact < 19_000


def test_zeros_do_not_decide_the_common_exponent():
    x = Word(np.array([0, 3, 0]), np.array([500, -500, 0]))
    y = Word(np.array([5, 0, 0]), np.array([-500, 500, 0]))
    assert values(add_sticky(x, y)) == [5 * Fraction(2) ** -500, 3 * Fraction(2) ** -500, 0]


def random_limbs(count: int, terms: int) -> tuple[Limbs, list[Fraction]]:
    """Return sums of terms of 1 to 64 bits at exponents -70 to 90, and what they should be."""
    rng = np.random.default_rng(6)
    shape = (count, terms)
    magnitude = rng.integers(0, 1 << 64, shape, dtype=np.uint64)
    magnitude >>= rng.integers(0, 63, shape, dtype=np.uint64, endpoint=True)
    negative = rng.random(shape) < 0.5
    exponent = rng.integers(-70, 90, shape)
    # Some rows cancel exactly, and some all but the lowest bit.
    half = terms // 2
    magnitude[::5, half:] = magnitude[::5, :half]
    negative[::5, half:] = ~negative[::5, :half]
    exponent[::5, half:] = exponent[::5, :half]
    magnitude[::10, 0] ^= np.uint64(1)
    limbs = Limbs.zeros(count, -70, 90 + 64 + 4)
    limbs.add(magnitude, negative, exponent)
    sums = [
        sum((-1) ** int(n) * int(m) * Fraction(2) ** int(e) for m, n, e in zip(*row, strict=True))
        for row in zip(magnitude, negative, exponent, strict=True)
    ]
    return limbs.carried(), [Fraction(total) for total in sums]


def test_limbs_hold_the_exact_sum():
    limbs, sums = random_limbs(1000, 6)
    assert limbs.limbs[:-1].min() >= 0
    assert limbs.limbs[:-1].max() < 1 << LIMB_BITS
    held = [
        sum(limb << (LIMB_BITS * k) for k, limb in enumerate(column))
        * Fraction(2) ** limbs.exponent
        for column in limbs.limbs.T.tolist()
    ]
    assert held == sums
    assert limbs.is_zero().tolist() == [total == 0 for total in sums]
    assert 50 < sums.count(Fraction(0)) < 200


@pytest.mark.parametrize("name", ["e4m3", "fp32", "e2m29", "e8m23", "int32", "int64", "uint64"])
@pytest.mark.parametrize("rounding", ["rne", "rdn"])
def test_limbs_round_as_the_exact_sum(name, rounding):
    limbs, sums = random_limbs(1000, 6)
    target = Target(as_format(name), rounding, "saturate", "ieee", integers=False)
    codes, flags = limbs.round(target)
    oracle = Oracle(target.fmt, rounding, "saturate")
    for row, total in enumerate(sums):
        if total:
            expected = oracle([Term(total < 0, abs(total))])
            assert (int(codes[row]), int(flags[row])) == expected, total


@pytest.mark.parametrize("exponent", [-80, -62, -10, 0])
def test_words_round_to_integers_as_the_exact_sum(exponent):
    rng = np.random.default_rng(7)
    value = rng.integers(-(1 << 60), 1 << 60, 500) >> rng.integers(0, 60, 500)
    value[:4] = [0, 1, -1, 1 << 9]
    for rounding in ("rne", "rna", "rup", "rdn", "rtz"):
        target = Target(as_format("int64"), rounding, "saturate", "ieee", integers=False)
        codes, flags = Word(value, exponent).round(target)
        oracle = Oracle(target.fmt, rounding, "saturate")
        for row, number in enumerate(value.tolist()):
            expected = oracle([Term(number < 0, abs(number) * Fraction(2) ** exponent)])
            assert (int(codes[row]), int(flags[row])) == expected, (number, rounding)
