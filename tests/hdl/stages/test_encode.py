# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import re

import pytest

from hdl.formats import parse_format
from hdl.stages.encode import Encode, Fit
from hdl.stages.terms import Case, TermRange
from tests.hdl.simulate import settle

INTEGER = TermRange(8, 0, 0, 0, (Case(0, 0),), has_inf=False, has_nan=False)


def fit(fmt, source, random_bits=0):
    return Fit(parse_format(fmt), source, random_bits=random_bits, adder="ripple", kind="serial")


@pytest.mark.parametrize(
    ("fmt", "weight"), [("uint4", 0), ("uq1.3", 0), ("uq9.1", -4), ("uint3", -5), ("uint4", 3)]
)
def test_from_one_spacing_to_another(fmt, weight):
    # All magnitudes of 8 bits: what is kept, and the bits below it.
    source = TermRange(8, weight, weight, weight, (Case(0, weight),), has_inf=False, has_nan=False)
    parsed = parse_format(fmt)
    shift = weight + getattr(parsed, "fraction_bits", 0)
    rows = settle(
        fit(fmt, source),
        [{"magnitude": x} for x in range(256)],
        *("exponent", "significand", "guard", "second", "sticky"),
    )
    for x, (exponent, significand, guard, second, sticky) in enumerate(rows):
        scaled = x * 2 ** (shift + 16)
        whole = scaled >> 16
        assert (exponent > 1) == (whole >= 1 << parsed.bits)
        assert significand == whole % (1 << parsed.bits)
        below = scaled & 0xFFFF
        assert (guard, second, sticky) == (below >> 15, below >> 14 & 1, below & 0x3FFF != 0)


def test_random_words_meet_the_bits_below():
    # 8 bits into uint4 times 2^-4, with 4 random bits: x + rnd, cut off.
    source = TermRange(8, -4, -4, -4, (Case(0, -4),), has_inf=False, has_nan=False)
    unit = fit("uint4", source, random_bits=4)
    assert settle(unit, [{"magnitude": 0xA7}], "significand") == [(0xA7,)]
    encode = Encode(
        parse_format("uint4"),
        unit.max_exponent,
        rounding="stochastic",
        overflow="saturate",
        flush=False,
        random_bits=4,
    )
    rows = [{"exponent": 1, "significand": 0xA7, "rnd": rnd} for rnd in range(16)]
    assert [y for (y,) in settle(encode, rows, "code")] == [0xA] * 9 + [0xB] * 7


def test_powers_of_two():
    # 3 = 2^1 * 1.5 is a tie, and goes up; zero and negative numbers have no code but NaN.
    e8m0 = parse_format("e8m0")
    unit = fit("e8m0", INTEGER)
    fitted = settle(unit, [{"magnitude": x} for x in (3, 4, 5)], "exponent", "significand", "guard")
    encode = Encode(
        e8m0, unit.max_exponent, rounding="rne", overflow="ieee", flush=False, random_bits=0
    )
    rows = [{"exponent": e, "significand": s, "guard": g} for e, s, g in fitted]
    rows += [rows[1] | {"sign": 1}, {"is_zero": 1}, {"is_inf": 1}]
    assert [y for (y,) in settle(encode, rows, "code")] == [129, 129, 129, 255, 255, 255]


def test_the_sign_stays_beside_a_magnitude():
    encode = Encode(
        parse_format("sm4"), 2, rounding="rdn", overflow="saturate", flush=False, random_bits=0
    )
    rows = [
        {"exponent": 1, "significand": 2, "guard": 1, "sign": 1},
        {"exponent": 1, "significand": 2, "guard": 1, "sign": 0},
        {"exponent": 2, "significand": 2, "sign": 1},
        {"is_inf": 1, "sign": 1},
        {"is_nan": 1, "sign": 1},
    ]
    assert [y for (y,) in settle(encode, rows, "code")] == [0xB, 0x2, 0xF, 0xF, 0x0]


def test_no_place_to_round_to():
    message = "format nf4 has no binary significands to round to"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit("nf4", INTEGER)
