import re
from fractions import Fraction
from typing import cast

import pytest

from hdl.formats import CodebookFormat, FloatFormat, parse_format
from hdl.stages.codebook import Codebook, Entry, UnpackCodebook, as_factor, unpack_of
from hdl.stages.unpack import Unpack
from tests.hdl.simulate import settle

# Beside plain entries: both ends of a rounding, a value beyond q1.7, -0 in e2m1, a subnormal.
ODD = CodebookFormat("odd", (0.0, -0.01, 0.3, 0.75, 1.5, -6.0, 0.1, 2.0**-7))
NF4 = cast(CodebookFormat, parse_format("nf4"))


def book(table, fmt=ODD, **options):
    return Codebook(fmt, parse_format(table), **options)


def test_entries_in_fixed_point_by_hand():
    # In units of 1/8: 0.3 -> 2.4, 0.75 -> 6, 1.5 saturates at 7, -6 at -8, 0.1 -> 0.8 -> 1.
    assert [e.significand * (-1) ** e.negative for e in book("q1.3").entries()] == [
        *(0, 0, 2, 6, 7, -8, 1, 0)
    ]
    assert book("q1.3").codes == [0, 0, 2, 6, 7, 8, 1, 0]
    assert book("q1.3").weight == -3
    assert book("q1.3", lsb=-1).weight == -2
    assert (book("q1.3").integer.name, book("q1.3").largest) == ("int4", 8)


def test_entries_in_a_float_by_hand():
    # E2M1 steps by 1/2 up to 2: 0.3 -> 1/2, 0.75 ties to the even 1, -0.01 -> -0.
    entries = book("e2m1").entries()
    assert entries[1] == Entry(True, 0, -1)
    assert entries[2] == Entry(False, 1, -1)  # subnormal: no hidden bit
    assert entries[3] == Entry(False, 2, -1)
    assert entries[5] == Entry(True, 3, 1)  # -6 = -3 * 2
    assert book("e2m1").entries(flush=True)[2] == Entry(False, 0, -1)
    assert book("e2m1").largest == 12  # 6 in units of 1/2


def test_range_is_that_of_the_entries():
    nf4 = Codebook(NF4, parse_format("fp16"))
    # From 0.0796 = 1.27 * 2^-4 to 1, with 10 mantissa bits.
    assert (nf4.range().min_weight, nf4.range().max_weight, nf4.range().bits) == (-14, -10, 11)


def _clipped(value, target):
    if isinstance(target, FloatFormat):
        significand = 2 - Fraction(1, 1 << target.mantissa_bits)
        if target.name == "e4m3":
            significand = Fraction(14, 8)  # all ones is NaN
        top = significand * Fraction(2) ** target.max_exponent
        return min(max(Fraction(value), -top), top)
    step = _step(value, target, False)
    low = -(1 << (target.bits - 1)) if target.is_signed else 0
    return min(max(Fraction(value), low * step), (low + (1 << target.bits) - 1) * step)


def _step(value, target, flush):
    if not isinstance(target, FloatFormat):
        return Fraction(1, 1 << getattr(target, "fraction_bits", 0))
    if flush and abs(value) < 2.0**target.min_exponent:
        return 2 * Fraction(2) ** target.min_exponent
    return max(
        abs(Fraction(value)) / 2**target.mantissa_bits, Fraction(2) ** target.min_ulp_exponent
    )


@pytest.mark.parametrize("flush", [False, True], ids=["ieee", "flush"])
@pytest.mark.parametrize("table", ["q1.3", "q2.7", "uq1.4", "int4", "e2m1", "e4m3", "fp16"])
@pytest.mark.parametrize("fmt", [ODD, NF4], ids=["odd", "nf4"])
def test_fields_are_worth_the_entries(fmt, table, flush):
    unit = UnpackCodebook(book(table, fmt, lsb=2), flush=flush)
    names = ("sign", "exponent", "significand", "is_zero")
    rows = settle(unit, [{"code": code} for code in range(1 << fmt.bits)], *names)
    target = parse_format(table)
    for value, (sign, exponent, significand, is_zero) in zip(fmt.values, rows, strict=True):
        weight = Fraction(2) ** (exponent + unit.range.offset + 2)
        number = (-1) ** sign * significand * weight
        assert is_zero == (significand == 0)
        # As near as any: no farther than half a step, unless it saturates or is flushed.
        assert abs(number - _clipped(value, target)) <= _step(value, target, flush) / 2
        if significand:
            weights = unit.range.min_weight, unit.range.max_weight
            assert weights[0] <= exponent + unit.range.offset <= weights[1]


def test_all_entries_may_round_to_zero():
    unit = UnpackCodebook(book("int4", CodebookFormat("small", (0.1, 0.2))))
    assert (
        settle(unit, [{"code": code} for code in (0, 1)], "is_zero", "significand") == [(1, 0)] * 2
    )


def test_operands_without_a_table_are_as_ever():
    e4m3 = parse_format("e4m3")
    assert as_factor(e4m3, None, "a") is e4m3
    plain, looked_up = unpack_of(e4m3, flush=False), unpack_of(book("int8"), flush=False)
    assert isinstance(plain, Unpack)
    assert settle(plain, [{"code": 0x39}], "significand") == [(9,)]
    assert settle(looked_up, [{"code": 5}], "sign", "significand") == [(1, 6)]


@pytest.mark.parametrize(
    ("fmt", "table", "message"),
    [
        ("nf4", None, "b = nf4 needs b_table, the format of its entries"),
        ("int8", "q1.7", "b_table = q1.7 needs a codebook, not int8"),
        ("nf4", "e8m0", "entries in e8m0 are not to be multiplied"),
    ],
)
def test_operands_that_are_none(fmt, table, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        as_factor(parse_format(fmt), table and parse_format(table), "b")


def test_codebooks_too_large_to_decode():
    large = CodebookFormat("large", tuple(float(k) for k in range(8192)))
    message = "a codebook to decode has at most 4096 entries, not the 8192 of large"
    with pytest.raises(ValueError, match=f"^{message}$"):
        book("int16", large)
