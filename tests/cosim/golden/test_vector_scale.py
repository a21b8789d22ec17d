"""Scaled sums against Python's integers and exact rationals."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.vector_scale import rounded_product, runs, scale_of, scale_sums


def test_every_rounded_product():
    a, b = (axis.ravel() for axis in np.meshgrid(np.arange(16), np.arange(16)))
    for bits in range(1, 9):
        dropped = 8 - bits
        exact = [round(Fraction(int(x * y), 1 << dropped)) for x, y in zip(a, b, strict=True)]
        expected = [min(value, (1 << bits) - 1) for value in exact]
        assert rounded_product(a, b, dropped, bits).tolist() == expected


@pytest.mark.parametrize("overflow", ["wrap", "saturate"])
def test_integer_accumulation_step_by_step(overflow):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, 600).astype(np.uint8)
    a, b = (rng.integers(0, 16, 600).astype(np.uint8) for _ in range(2))
    first = (rng.random(600) < 0.1).astype(np.uint8)
    params: dict[str, Any] = {"x_format": "int8", "a_format": "uint4", "b_format": "uint4"}
    params |= {"y_format": "int12", "scale_bits": 4, "overflow": overflow}
    codes = scale_sums(x, a, b, first=first, **params)
    running, expected = 0, []
    for k in range(600):
        value = int(x[k]) - 256 * (int(x[k]) > 127)
        product = value * min(round(Fraction(int(a[k]) * int(b[k]), 16)), 15)
        running = product + (0 if first[k] else running)
        if overflow == "saturate":
            running = min(max(running, -2048), 2047)
        running = (running + 2048) % 4096 - 2048
        expected.append(running & 0xFFF)
    assert codes.tolist() == expected


def test_floating_scales_are_exact_before_the_one_rounding():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 1 << 12, 2000).astype(np.uint16)
    a, b = (rng.integers(0, 127, 2000).astype(np.uint8) for _ in range(2))
    params: dict[str, Any] = {"x_format": "int12", "a_format": "ue4m3", "b_format": "ue4m3"}
    codes = scale_sums(x, a, b, y_format="fp16", overflow="ieee", **params)
    signed = x.astype(int) - 4096 * (x > 2047)
    # 12 + 4 + 4 bits: float64 holds the product.
    product = signed * decode(a, "ue4m3") * decode(b, "ue4m3")
    product = np.where((product == 0) & (signed < 0), -0.0, product)
    assert codes.tolist() == encode(product, "fp16").tolist()


def test_a_float_accumulator_keeps_nan_until_it_starts_again():
    params: dict[str, Any] = {"x_format": "int8", "a_format": "e8m0", "b_format": "e8m0"}
    params |= {"y_format": "fp32", "overflow": "ieee"}
    a = np.array([127, 255, 127, 127], np.uint8)
    first = np.array([1, 0, 0, 1])
    x = np.array([5, 5, 5, 5], np.uint8)
    codes = scale_sums(x, a, np.full(4, 127, np.uint8), first=first, **params)
    assert codes.tolist() == [0x40A00000, 0x7FC00000, 0x7FC00000, 0x40A00000]


def test_rows_come_after_those_they_depend_on():
    first = np.array([0, 0, 1, 0, 1, 1, 0, 0], bool)
    order = [(rows.tolist(), fresh) for rows, fresh in runs(first)]
    assert order == [([2, 4, 5], True), ([0, 3, 6], False), ([1, 7], False)]
    assert list(runs(np.zeros(0, bool))) == []


def test_scales():
    scale = scale_of([0, 127, 255], "e8m0")
    assert scale.exponent.tolist() == [-127, 0, 128]
    assert scale.is_nan.tolist() == [False, False, True]
