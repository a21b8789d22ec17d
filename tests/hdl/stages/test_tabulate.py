import re
from fractions import Fraction
from math import isnan

import numpy as np
import pytest

from cosim.golden import Random, convert, decode
from hdl.formats import parse_format
from hdl.stages.tabulate import Magnitude, tabulate, value_of

OPTIONS = {"overflow": "saturate", "flush": False, "random_bits": 0}


@pytest.mark.parametrize(
    "name", ["int4", "q2.3", "sm4", "e3m2", "e8m0", "posit7es2", "nf4", "e5m2", "e4m3fnuz"]
)
def test_values_agree_with_the_decoder(name):
    fmt = parse_format(name)
    for code, value in enumerate(decode(np.arange(1 << fmt.bits), name).tolist()):
        exact = value_of(code, fmt)
        if exact.magnitude is None:
            assert exact.is_nan == isnan(value)
        else:
            assert exact.magnitude == Magnitude(abs(Fraction(value)))
            assert exact.negative == (value < 0 or str(value) == "-0.0")


def test_roots_are_compared_exactly():
    # 2^(1/2) against 1.4142135 and 1.4142136.
    root = Magnitude(Fraction(2), 2)
    assert root.compared(Magnitude(Fraction("1.4142135"))) == 1
    assert root.compared(Magnitude(Fraction("1.4142136"))) == -1
    assert root.compared(Magnitude(Fraction(4), 4)) == 0


@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("e4m3", "log4.3"),
        ("log2.2", "e4m3"),
        ("e3m2", "nf4"),
        ("nf4", "fp16"),
        ("log3.2", "int4"),
        ("nf4", "e8m0"),
        ("log4.3", "sm4"),
        ("nf4", "e3m0"),
    ],
)
def test_tables_agree_with_the_golden_model(source, target, rounding):
    x, y = parse_format(source), parse_format(target)
    table = tabulate(x, y, rounding=rounding, **OPTIONS)
    codes = np.arange(1 << x.bits).astype(np.uint8)
    expected = convert(codes, source, target, rounding=rounding, overflow="saturate")
    assert table.lower == expected.tolist()


@pytest.mark.parametrize(
    ("source", "target"), [("e4m3", "posit8es2"), ("e5m2", "posit6es1"), ("posit8es0", "posit5es2")]
)
def test_posits(source, target):
    table = tabulate(parse_format(source), parse_format(target), rounding="rne", **OPTIONS)
    assert table.lower == convert(np.arange(256).astype(np.uint8), source, target).tolist()


@pytest.mark.parametrize(
    ("source", "target"), [("e3m2", "nf4"), ("nf4", "e2m3"), ("e3m2", "posit5es1")]
)
def test_stochastic_rounding_lies_between_neighbours(source, target):
    x, y = parse_format(source), parse_format(target)
    table = tabulate(x, y, rounding="stochastic", overflow="saturate", flush=False, random_bits=3)
    codes, words = np.meshgrid(np.arange(1 << x.bits), np.arange(8), indexing="ij")
    up = np.array(table.place)[codes] + words >= 8
    result = np.where(up, np.array(table.upper)[codes], np.array(table.lower)[codes])
    random = Random(words.astype(np.uint8), 3)
    expected = convert(
        codes.astype(np.uint8),
        source,
        target,
        rounding="stochastic",
        overflow="saturate",
        random=random,
    )
    assert np.array_equal(result, expected)


def test_no_values_of_single_codes():
    message = "format mxfp4 has no values of single codes"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        value_of(0, parse_format("mxfp4"))
