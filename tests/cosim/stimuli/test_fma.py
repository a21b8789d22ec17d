"""Stimuli for `fma`: they are many, legal, repeatable, and hit what is hard."""

from itertools import product as combinations

import numpy as np
import pytest

from cosim.golden import code_dtype, decode, fma
from cosim.stimuli import get_stimuli
from cosim.stimuli.operands import corner_codes
from hdl.formats import parse_format
from tests.cosim.params import fma_params

MIXES = [
    ("e4m3", "e4m3", "fp32", "fp32"),
    ("e5m2", "e5m2", "e5m2", "e5m2"),
    ("fp32", "fp32", "fp32", "fp32"),
    ("e4m3", "fp16", "fp32", "int8"),
    ("int8", "uint8", "int32", "bf16"),
    ("e2m1", "e2m1", "e2m1", "e2m1"),
]


def results(formats, operands, **options):
    a, b, c, y = formats
    return fma(
        *(operands[port] for port in "abc"),
        a_format=a,
        b_format=b,
        c_format=c,
        y_format=y,
        **options,
    )


def assert_legal(formats, operands, count=None):
    assert list(operands) == ["a", "b", "c"]
    for port, name in zip("abc", formats, strict=False):
        codes = operands[port]
        bits = parse_format(name).bits
        assert codes.shape == operands["a"].shape == (count or len(codes),)
        assert codes.dtype == code_dtype(bits)
        assert int(codes.max()) < 1 << bits


@pytest.mark.parametrize("formats", MIXES, ids="-".join)
def test_directed_operands_hold_all_combinations_of_corners(formats):
    operands = get_stimuli("fma").directed(fma_params(*formats))
    assert_legal(formats, operands)
    rows = set(zip(*(operands[port].tolist() for port in "abc"), strict=True))
    assert rows >= set(combinations(*(corner_codes(name).tolist() for name in formats[:3])))


@pytest.mark.parametrize("formats", MIXES[:4], ids="-".join)
def test_directed_results_are_at_and_around_every_finite_corner_of_y(formats):
    operands = get_stimuli("fma").directed(fma_params(*formats))
    y, _ = results(formats, operands)
    corners = corner_codes(formats[3])
    if formats[0] == "fp32" or formats[3] == "e5m2":
        finite = corners[np.isfinite(decode(corners, formats[3]))]
        assert np.isin(finite, y).all()
    flags = results(formats, operands, rounding="rna")[1]
    assert (results(formats, operands, rounding="rna")[0] != y).sum() >= 5  # ties
    assert flags.any()


@pytest.mark.parametrize("formats", MIXES, ids="-".join)
def test_random_operands_are_legal_and_repeatable(formats):
    random = get_stimuli("fma").random
    operands = random(fma_params(*formats), 5000, np.random.default_rng(1))
    assert_legal(formats, operands, 5000)
    again = random(fma_params(*formats), 5000, np.random.default_rng(1))
    other = random(fma_params(*formats), 5000, np.random.default_rng(2))
    for port in "abc":
        np.testing.assert_array_equal(operands[port], again[port])
        assert (operands[port] != other[port]).any()
    for count in (0, 1, 7):
        assert len(random(fma_params(*formats), count, np.random.default_rng(3))["a"]) == count


@pytest.mark.parametrize("formats", MIXES[:5], ids="-".join)
def test_random_operands_make_ties_and_cancellation(formats):
    operands = get_stimuli("fma").random(fma_params(*formats), 20_000, np.random.default_rng(4))
    nearest, _ = results(formats, operands)
    away, _ = results(formats, operands, rounding="rna")
    assert (nearest != away).mean() > 0.01  # only ties tell them apart
    c = np.abs(decode(operands["c"], formats[2]).astype(np.float64))
    y = np.abs(decode(nearest, formats[3]).astype(np.float64))
    assert (y < c / 4).mean() > 0.03


@pytest.mark.parametrize(
    ("formats", "flag"),
    [(MIXES[1], bit) for bit in (8, 4, 2, 1)] + [(MIXES[2], bit) for bit in (8, 4, 2, 1)],
)
def test_random_operands_raise_every_flag(formats, flag):
    operands = get_stimuli("fma").random(fma_params(*formats), 20_000, np.random.default_rng(5))
    _, flags = results(formats, operands)
    assert ((flags & flag) > 0).mean() > 0.02


def test_enumeration_is_complete_in_any_pieces():
    params = fma_params(*MIXES[5])
    stimuli = get_stimuli("fma")
    assert stimuli.space_bits(params) == 12
    pieces = [stimuli.enumerate_space(params, start, 512) for start in range(0, 4096, 512)]
    rows = {
        row
        for piece in pieces
        for row in zip(*(piece[port].tolist() for port in "abc"), strict=True)
    }
    assert len(rows) == 4096
    assert pieces[0]["c"][:17].tolist() == [*range(16), 0]


def test_unknown_units_have_no_stimuli():
    for name in ("operands", "no_such"):
        with pytest.raises(LookupError, match=f"^unit '{name}' has no stimuli$"):
            get_stimuli(name)
