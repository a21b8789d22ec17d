"""Corner codes and random codes of single formats."""

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.stimuli import operands
from hdl.formats import parse_format

FORMATS = ["e4m3", "e5m2", "e4m3fnuz", "e3m0", "e2m3", "ue4m3", "bf16", "fp32", "e11m20ieee"]
FORMATS += ["int2", "uint1", "int8", "uint16", "int32", "int64", "uint64", "e4m3b2000"]


def test_corners_of_e5m2():
    magnitudes = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05]  # zero, subnormal to normal
    magnitudes += [0x3B, 0x3C, 0x3D, 0x3E]  # around 1, and 1.5
    magnitudes += [0x7A, 0x7B, 0x7C, 0x7D, 0x7E, 0x7F]  # largest, infinity, all NaN
    expected = magnitudes + [code | 0x80 for code in magnitudes]
    assert operands.corner_codes("e5m2").tolist() == expected
    specials = [0x7C, 0x7D, 0x7E, 0x7F, 0xFC, 0xFD, 0xFE, 0xFF]
    assert operands.special_codes("e5m2").tolist() == specials


def test_corners_of_int8():
    values = decode(operands.corner_codes("int8"), "int8").tolist()
    assert {-128, -127, -1, 0, 1, 2, 126, 127, 63, 64, 16, -16} <= set(values)


def test_small_formats_have_corners_only():
    assert operands.corner_codes("e2m1").tolist() == list(range(16))
    assert operands.corner_codes("int3").tolist() == list(range(8))


@pytest.mark.parametrize("name", FORMATS)
def test_corners_are_distinct_and_random_codes_fit(name):
    corners = operands.corner_codes(name)
    assert len(np.unique(corners)) == len(corners) <= 36
    rng = np.random.default_rng(1)
    for codes in (operands.random_codes(name, (3, 50), rng), operands.special_codes(name)):
        assert codes.dtype == corners.dtype
        decode(codes, name)
    assert np.isfinite(operands.values(name, operands.finite_codes(name, (2000,), rng))).all()


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e4m3fnuz", "e5m2fnuz", "e3m4", "e3m0"])
def test_finite_codes_are_finite_and_reach_all_others(name):
    codes = operands.finite_codes(name, (20_000,), np.random.default_rng(2))
    assert np.isfinite(decode(codes, name)).all()
    every = np.arange(1 << parse_format(name).bits)
    np.testing.assert_array_equal(np.unique(codes), every[np.isfinite(decode(every, name))])


@pytest.mark.parametrize("name", ["e4m3", "fp16", "int8", "uint8", "int32"])
def test_codes_of_an_exponent(name):
    low, high = operands.exponent_range(name)
    wanted = np.random.default_rng(3).integers(low - 2, high + 2, 4000)
    codes = operands.of_exponent(name, wanted, np.random.default_rng(4))
    values = np.abs(decode(codes, name).astype(np.float64))
    np.testing.assert_array_equal(np.floor(np.log2(values)), np.clip(wanted, low, high))
    powers = np.log2(values) % 1 == 0
    assert 0.15 < powers.mean() < 0.6


@pytest.mark.parametrize("name", ["e4m3", "e4m3fnuz", "fp32", "int8", "int32"])
def test_negated_values(name):
    codes = operands.finite_codes(name, (500,), np.random.default_rng(5))
    values = decode(codes, name)
    lowest = values == values.min()
    np.testing.assert_array_equal(
        decode(operands.negated(name, codes), name)[~lowest], -values[~lowest]
    )


def test_negated_values_of_unsigned_formats_are_zero():
    assert operands.negated("uint8", np.array([0, 7], dtype=np.uint8)).tolist() == [0, 0]
    assert operands.negated("ue4m3", np.array([0, 7], dtype=np.uint8)).tolist() == [0, 0]
    assert decode(operands.negated("int8", np.array([128], dtype=np.uint8)), "int8") == 127


def test_nudging_a_float_moves_its_magnitude_and_stays_finite():
    codes = np.array([0x00, 0x07, 0x80, 0x87, 0x7E, 0xFE], dtype=np.uint8)
    assert operands.nudged("e4m3", codes, 1).tolist() == [1, 8, 0x81, 0x88, 0x7E, 0xFE]
    assert operands.nudged("e4m3", codes, -2).tolist() == [0, 5, 0x80, 0x85, 0x7C, 0xFC]
    assert operands.nudged("e4m3fnuz", np.array([0x81], dtype=np.uint8), -1).tolist() == [0x81]


def test_nudging_an_integer_stops_at_its_limits():
    for name in ("int8", "uint8", "int64", "uint64"):
        low, high = {"int8": (-128, 127), "uint8": (0, 255)}.get(
            name, (-(1 << 63), (1 << 63) - 1) if name == "int64" else (0, (1 << 64) - 1)
        )
        dtype = np.int64 if low else np.uint64
        codes = encode(np.array([low, low + 1, high - 1, high], dtype=dtype), name)
        up, down = (decode(operands.nudged(name, codes, steps), name).tolist() for steps in (2, -2))
        assert up == [low + 2, low + 3, high, high]
        assert down == [low, low, high - 3, high - 2]


def test_index_fields():
    a, b = operands.split_index([3, 2], 5, 4)
    assert a.tolist() == [1, 1, 1, 2]
    assert b.tolist() == [1, 2, 3, 0]
    with pytest.raises(ValueError, match=r"^operands 30 to 33 of 32 do not exist$"):
        operands.split_index([3, 2], 30, 4)
    with pytest.raises(ValueError, match=r"^2\^64 operands cannot be enumerated$"):
        operands.split_index([32, 32], 0, 1)
