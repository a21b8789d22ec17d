"""The tables against the codes they stand for: exact positions, before any rounding."""

from fractions import Fraction

import numpy as np
import pytest

from cosim.golden import decode
from cosim.golden.binades import DOUBLE, SINGLE, binades, fits_single
from hdl.formats import parse_format
from tests.cosim.golden.probes import all_codes


@pytest.mark.parametrize("layout", [SINGLE, DOUBLE], ids=["single", "double"])
@pytest.mark.parametrize("name", ["e4m3", "e5m2", "int8", "q3.5", "sm8", "posit8es1", "posit10es0"])
def test_a_representable_number_lies_exactly_at_its_code(name, layout):
    tables = binades(parse_format(name), layout)
    codes = all_codes(name).astype(np.int64)
    values = decode(codes, name).astype(np.float64)
    keep = np.isfinite(values) & (values > 0)
    floats = values[keep].astype(np.float32 if layout is SINGLE else np.float64)
    bits = floats.view(layout.integer).astype(np.int64)
    field = bits >> layout.mantissa_bits
    for index, code in enumerate(codes[keep].tolist()):
        f = field[index]
        significand = int(bits[index]) - int(tables.subtract[f])
        assert int(tables.base[f]) + Fraction(significand, 1 << int(tables.shift[f])) == code


@pytest.mark.parametrize("name", ["e4m3", "posit8es3", "posit16es2", "bf16"])
def test_bases_are_even_where_a_rounding_follows(name):
    # The parity of the rounded quotient is then that of the code, which decides ties.
    tables = binades(parse_format(name), DOUBLE)
    rounds = (tables.shift > 0) & (tables.shift < DOUBLE.largest_shift)
    assert rounds.any()
    assert (tables.base[rounds] % 2 == 0).all()


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("e4m3", True),
        ("bf16", True),
        ("fp32", False),
        ("e9m2", False),
        ("int16", True),
        ("int24", False),
        ("posit16es2", True),
        ("posit32es0", False),
        ("e8m0", False),
    ],
)
def test_what_single_precision_is_enough_for(name, fits):
    assert fits_single(parse_format(name)) == fits
