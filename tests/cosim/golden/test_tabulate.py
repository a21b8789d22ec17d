"""Tables against the encoders they are made from, over all upper halves of float32."""

import numpy as np
import pytest

from cosim.golden import decode, encode
from cosim.golden.tabulate import tabulated
from tests.cosim.golden.probes import any_singles, edges

WHOLE_CHUNKS = 40_000


# With infinities and numbers beyond the range some chunks go another way.
@pytest.mark.parametrize("most", [np.inf, 100.0], ids=["all", "in range"])
@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize(
    "name", ["e4m3", "e5m2", "e4m3fnuz", "ue4m3", "e2m1", "sm8", "log4.3", "int8"]
)
def test_large_arrays_are_encoded_like_small_ones(name, rounding, most):
    singles = any_singles(4 * WHOLE_CHUNKS)
    points = np.concatenate([edges(name), singles, [np.inf, -np.inf, 0.0, -0.0]])
    points = points[np.abs(points) <= most].astype(np.float32)
    assert len(points) > WHOLE_CHUNKS
    expected = [encode(part, name, rounding=rounding) for part in np.array_split(points, 50)]
    assert np.array_equal(encode(points, name, rounding=rounding), np.concatenate(expected))


@pytest.mark.parametrize("overflow", ["ieee", "saturate"])
@pytest.mark.parametrize("sign", [1, -1])
def test_nan_among_many(overflow, sign):
    points = any_singles(WHOLE_CHUNKS)
    points[777] = np.copysign(np.nan, sign)
    codes = encode(points, "e5m2", overflow=overflow)
    assert codes[777] == 0x7E
    assert np.array_equal(np.flatnonzero(np.isnan(decode(codes, "e5m2"))), [777])


def test_steps_are_found_to_the_last_bit():
    # Two steps within 2^-16 of each other, but apart in their upper 16 bits.
    steps = np.array([0x3F80_1234, 0x3F81_0001, 0x7F7F_FFFF], dtype=np.uint32)

    def staircase(values):
        return np.searchsorted(steps, values.view(np.uint32) & 0x7FFF_FFFF, side="right")

    look_up = tabulated(staircase)
    assert look_up is not None
    points = np.concatenate([steps, steps - 1, steps[:2] + 1]).view(np.float32)
    assert look_up(points).tolist() == staircase(points).tolist()
    assert look_up(-points).tolist() == staircase(points).tolist()


def test_fine_formats_are_left_alone():
    assert tabulated(lambda values: encode(values, "fp16")) is None
