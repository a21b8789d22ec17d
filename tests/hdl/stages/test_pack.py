from typing import Any

import pytest

from hdl.formats import parse_format
from hdl.stages.pack import Pack
from tests.hdl.simulate import settle

NOTHING = dict.fromkeys(
    [
        "sign",
        "carry",
        "guard",
        "second",
        "sticky",
        "is_nan",
        "is_inf",
        "inf_sign",
        "is_invalid",
        "zero_sign",
    ],
    0,
) | {"exponent": 0, "significand": 0}


def pack(
    name: str, *, rounding: Any = "rne", overflow: Any = "ieee", flush: Any = False, **fields: Any
):
    unit = Pack(parse_format(name), 63, rounding=rounding, overflow=overflow, flush=flush)
    return settle(unit, [NOTHING | fields], "code", "flags")[0]


INVALID, OVERFLOW, UNDERFLOW, INEXACT = 8, 4, 2, 1


def test_a_carry_out_of_the_mantissa_raises_the_exponent():
    # 1.111|1 at exponent 3 rounds up to 1.000 at exponent 4.
    assert pack("e4m3", exponent=3, significand=0b1111, guard=1) == (0b0_0100_000, INEXACT)


def test_a_carry_from_below_counts_like_a_rounding():
    assert pack("e4m3", exponent=3, significand=0b1111, carry=1) == (0b0_0100_000, 0)
    assert pack("e4m3", significand=0b0111, carry=1) == (0b0_0001_000, 0)
    assert pack("e4m3", carry=1, zero_sign=1) == (0b0_0000_001, 0)


def test_a_carry_out_of_a_subnormal_makes_it_normal():
    # 0.111|1 rounds to the smallest normal number. Rounded one bit lower it is 1.111 x 2^-7 plus
    # nothing, still below the smallest normal number: tiny.
    assert pack("e4m3", significand=0b0111, guard=1) == (0b0_0001_000, UNDERFLOW | INEXACT)


def test_tininess_is_decided_after_rounding():
    # 0.111|11: one bit lower it rounds up to the smallest normal number, so it is not tiny.
    assert pack("e4m3", significand=0b0111, guard=1, second=1) == (0b0_0001_000, INEXACT)


@pytest.mark.parametrize(
    ("rounding", "positive", "negative"),
    [("rne", 0x7C, 0xFC), ("rtz", 0x7B, 0xFB), ("rup", 0x7C, 0xFB), ("rdn", 0x7B, 0xFC)],
)
def test_overflow_of_e5m2_by_rounding_direction(rounding, positive, negative):
    # IEEE 754-2019, 7.4.
    beyond = {"exponent": 31, "significand": 0b100}
    flags = OVERFLOW | INEXACT
    assert pack("e5m2", rounding=rounding, **beyond) == (positive, flags)
    assert pack("e5m2", rounding=rounding, sign=1, **beyond) == (negative, flags)


def test_e4m3_overflows_at_the_code_of_nan():
    # 448 = 1.110 x 2^8 is the largest number; 1.110|1 is a tie that goes back to it, 1.111 is NaN.
    assert pack("e4m3", exponent=15, significand=0b1110, guard=1) == (0x7E, INEXACT)
    assert pack("e4m3", exponent=15, significand=0b1111) == (0x7F, OVERFLOW | INEXACT)
    saturated = pack("e4m3", overflow="saturate", exponent=15, significand=0b1111, sign=1)
    assert saturated == (0xFE, OVERFLOW | INEXACT)


@pytest.mark.parametrize(
    ("name", "overflow", "code"),
    [
        ("e5m2", "ieee", 0xFC),
        ("e5m2", "saturate", 0xFB),
        ("e4m3", "ieee", 0x7F),
        ("e4m3", "saturate", 0xFE),
        ("e2m1", "ieee", 0xF),
        ("e4m3fnuz", "ieee", 0x80),
    ],
)
def test_what_stands_for_minus_infinity(name, overflow, code):
    assert pack(name, overflow=overflow, is_inf=1, inf_sign=1) == (code, 0)


@pytest.mark.parametrize(
    ("name", "code"), [("e4m3", 0x7F), ("e5m2", 0x7E), ("e2m1", 7), ("int4", 0)]
)
def test_what_stands_for_nan(name, code):
    overflow = "saturate" if name == "int4" else "ieee"
    assert pack(name, overflow=overflow, is_nan=1, is_invalid=1) == (code, INVALID)


def test_zero_signs():
    assert pack("e4m3", sign=1) == (0x00, 0)
    assert pack("e4m3", zero_sign=1) == (0x80, 0)
    assert pack("e4m3", sign=1, sticky=1) == (0x80, UNDERFLOW | INEXACT)
    assert pack("e4m3fnuz", zero_sign=1) == (0x00, 0)


def test_flush_happens_after_rounding():
    assert pack("e4m3", flush=True, significand=0b0110, sign=1) == (0x80, UNDERFLOW | INEXACT)
    assert pack("e4m3", flush=True, significand=0b0111, guard=1, second=1) == (0x08, INEXACT)


def test_integers_saturate_at_both_ends():
    # Three bits of magnitude 7 plus a rounding bit reach 8: one too many, unless negative.
    seven_and_a_half = {"exponent": 0, "significand": 0b0111, "guard": 1}
    assert pack("int4", overflow="saturate", **seven_and_a_half) == (7, INVALID)
    assert pack("int4", overflow="saturate", sign=1, **seven_and_a_half) == (8, INEXACT)
    assert pack("int4", overflow="saturate", sign=1, significand=0b1001) == (8, INVALID)
    assert pack("uint4", overflow="saturate", sign=1, significand=0b0001) == (0, INVALID)
    assert pack("int4", overflow="saturate", is_inf=1, inf_sign=1) == (8, INVALID)


def test_tensor_cores_have_their_own_nan_and_always_overflow_to_infinity():
    unit = Pack(parse_format("fp16"), 63, rounding="rtz", overflow="ieee", tensor_core=True)
    operands = [NOTHING | {"is_nan": 1}, NOTHING | {"exponent": 31, "significand": 1 << 10}]
    assert [code for (code,) in settle(unit, operands, "code")] == [0x7FFF, 0x7C00]
