"""Entries of codebooks, and posits, as numbers, against exact fractions."""

from fractions import Fraction
from typing import cast

import numpy as np
import pytest

from cosim.golden import decode, dot
from cosim.golden.codec import Operand
from cosim.golden.tables import factor
from hdl.formats import CodebookFormat, FixedFormat, FormatError, parse_format
from tests.cosim.golden.oracle import Oracle, Term

ODD = CodebookFormat("odd", (0.0, -0.01, 0.3, 0.75, 1.5, -6.0, 0.1, 2.0**-7))

NF4 = cast(CodebookFormat, parse_format("nf4"))


def numbers(fmt, table):
    found = factor(fmt, parse_format(table))
    assert found.table is not None
    return decode(found.numbers(np.arange(1 << fmt.bits)), found.fmt).tolist()


def test_entries_by_hand():
    # Eighths up to 7 and down to -8; halves, with ties to the even code, up to 6.
    assert numbers(ODD, "q1.3") == [0, 0, 0.25, 0.75, 0.875, -1, 0.125, 0]
    assert numbers(ODD, "e2m1") == [0, -0.0, 0.5, 1, 1.5, -6, 0, 0]
    assert numbers(ODD, "int4") == [0, 0, 0, 1, 2, -6, 0, 0]


@pytest.mark.parametrize("table", ["q1.7", "q4.4", "q2.14", "uq0.8", "q1.1", "q8.8"])
@pytest.mark.parametrize("name", ["nf4", "af4"])
def test_fixed_point_against_fractions(name, table):
    fmt, target = parse_format(name), parse_format(table)
    assert isinstance(fmt, CodebookFormat)
    assert isinstance(target, FixedFormat)
    low = -(1 << (target.bits - 1)) if target.is_signed else 0
    high = low + (1 << target.bits) - 1
    expected = []
    for value in map(Fraction, fmt.values):
        units = round(value * 2**target.fraction_bits)  # Python ties to even as well
        expected.append(float(Fraction(min(max(units, low), high), 2**target.fraction_bits)))
    assert numbers(fmt, table) == expected


def test_flushing_leaves_fixed_point_alone():
    # 0.125 * 3 is no float's subnormal, whatever carries it here; E2M1's 0.5 is one.
    options = {"a_format": ODD, "b_format": "int4", "y_format": "fp32", "subnormals": "flush"}
    a, b = np.array([[6], [2]]), np.array([[3], [3]])
    assert decode(dot(a, b, a_table="q1.3", **options), "fp32").tolist() == [0.375, 0.75]
    assert decode(dot(a, b, a_table="e2m1", **options), "fp32").tolist() == [0, 0]


def test_sums_against_fractions():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 256, (500, 5)), rng.integers(0, 16, (500, 5))
    y = dot(a, b, a_format="int8", b_format="nf4", b_table="q1.7", y_format="int32", lsb=-7)
    entries = [min(round(Fraction(v) * 128), 127) for v in NF4.values]
    signed = np.where(a < 128, a, a - 256)
    assert decode(y, "int32").tolist() == (signed * np.array(entries)[b]).sum(axis=1).tolist()


def test_what_is_no_codebook():
    assert factor(parse_format("e4m3"), None).table is None
    with pytest.raises(FormatError, match=r"^int8 has no entries to be rounded to q1.7$"):
        factor(parse_format("int8"), parse_format("q1.7"))
    with pytest.raises(FormatError, match=r"^nf4 needs a format of its entries$"):
        factor(parse_format("nf4"), None)


@pytest.mark.parametrize(
    "name", ["posit3es0", "posit4es3", "posit8es2", "posit11es0", "posit16es2"]
)
def test_posits_are_floats_without_subnormals(name):
    fmt = parse_format(name)
    found = factor(fmt, None)
    codes = np.arange(1 << fmt.bits)
    np.testing.assert_array_equal(decode(found.numbers(codes), found.fmt), decode(codes, name))
    flushed = Operand(found.numbers(codes), found.fmt, flush=True).unpack().significand
    assert (flushed == 0).sum() == 2  # zero and NaR


def test_sums_of_posits_against_fractions():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 256, (2, 2000, 3))
    a[: len(a) // 2, 1], b[: len(b) // 2, 1] = 256 - a[: len(a) // 2, 0], b[: len(b) // 2, 0]
    a %= 256
    y = dot(a, b, a_format="posit8", b_format="posit8", y_format="bf16")
    values, oracle = decode(np.arange(256), "posit8"), Oracle(parse_format("bf16"))

    def term(code, other):
        if 128 in (code, other):
            return Term(False, "nan")
        exact = Fraction(float(values[code])) * Fraction(float(values[other]))
        return Term(exact < 0, abs(exact))

    expected = [
        oracle([term(p, q) for p, q in zip(*row, strict=True)])[0] for row in zip(a, b, strict=True)
    ]
    assert y.tolist() == expected
    assert len(set(expected)) > 500
