"""Float64 into codes, with tables and without, against the rounder of the units."""

import numpy as np
import pytest

from cosim.golden import codec
from cosim.golden.binades import DOUBLE
from cosim.golden.kernels import kernel_of, tabulated_kernel_of
from hdl.formats import parse_format
from tests.cosim.golden.probes import edges

ROUNDINGS = ("rne", "rtz", "rup", "rdn", "rna")


def probes(name):
    """Return numbers at every step of a format and beside it, and of all exponents it can tell."""
    rng = np.random.default_rng(3)
    corners = edges(name).astype(np.float64)
    anywhere = np.ldexp(rng.uniform(-2, 2, 20_000), rng.integers(-30, 30, 20_000))
    beside = [np.nextafter(corners, sign * np.inf) for sign in (-1, 1)]
    points = np.concatenate([corners, *beside, anywhere])
    return points[np.isfinite(points)]


@pytest.mark.parametrize("subnormals", ["ieee", "flush"])
@pytest.mark.parametrize("overflow", ["ieee", "saturate"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e4m3fnuz", "e2m1", "e3m4", "ue4m3", "fp16"])
def test_doubles_are_rounded_as_the_units_do(name, rounding, overflow, subnormals):
    points = probes(name)
    options = (parse_format(name), rounding, overflow, subnormals == "flush", DOUBLE)
    expected = codec.encode(
        points, name, rounding=rounding, overflow=overflow, subnormals=subnormals
    )
    for kernel in (kernel_of(*options), tabulated_kernel_of(*options)):
        np.testing.assert_array_equal(kernel(points, None, 0), expected)


def test_formats_that_are_too_wide_for_a_table_have_none():
    options = (parse_format("fp16"), "rne", "ieee", False, DOUBLE)
    assert tabulated_kernel_of(*options) is kernel_of(*options)
