import numpy as np
import pytest

from cosim.golden import convert, decode
from cosim.stimuli.scalars import all_codes, corner_codes, near, random_codes
from hdl.formats import parse_format


@pytest.mark.parametrize("name", ["int8", "log4.3", "posit16es2", "q16.16", "fp32", "sm12"])
def test_corners_are_codes_without_repetition(name):
    corners = corner_codes(name)
    assert len(np.unique(corners)) == len(corners)
    assert int(corners.max()) < 1 << parse_format(name).bits
    assert 0 in corners


def test_short_formats_are_all_corners():
    assert corner_codes("log4.3").tolist() == list(range(256))
    assert all_codes("posit6es1").tolist() == list(range(64))


@pytest.mark.parametrize("name", ["fp32", "posit16es2"])
def test_one_code_in_eight_is_a_corner(name):
    codes = random_codes(name, 4000, np.random.default_rng(1))
    assert 0.1 < np.isin(codes, corner_codes(name)).mean() < 0.2
    assert len(random_codes(name, 0, np.random.default_rng(1))) == 0


@pytest.mark.parametrize(
    ("source", "target"), [("fp32", "e4m3"), ("int16", "int8"), ("fp16", "nf4")]
)
def test_near_codes_are_what_rounding_is_hard_for(source, target):
    codes = near(source, target, 4000, np.random.default_rng(2))
    values = decode(codes, source).astype(float)
    rounded = decode(convert(codes, source, target, overflow="saturate"), target).astype(float)
    # A quarter is exact or off by one code at most; uniform codes nearly never are.
    relative = np.abs(values - rounded) <= 1e-3 * np.abs(values)
    assert relative.mean() > 0.2
