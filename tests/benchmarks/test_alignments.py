"""Whatever the alignment, the sum is that of the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.aligned_dot import AlignedDot
from benchmarks.alignments import Alignment, Bins, Groups, Pairs, PlaceInBins
from cosim.golden.dot import dot
from cosim.golden.sum_of_products import Window
from cosim.vectors import vectors
from gen.config import resolve
from hdl.formats import FloatFormat, parse_format
from hdl.stages.terms import operand_range, product_range
from tests.hdl.simulate import settle


@pytest.mark.parametrize(
    ("words", "alignment"),
    [
        ("a=e4m3 b=e4m3 lanes=2 objective=area", Bins(4)),
        ("a=e4m3 b=e4m3 lanes=2", Pairs()),
        ("a=e4m3 b=e4m3 lanes=3 objective=area", Groups(2)),
        ("a=e3m2 b=e3m2 lanes=2 objective=delay", Bins(0)),
        ("a=e3m2 b=e2m1 lanes=3", Bins(1)),
        ("a=e3m2 b=e2m1 lanes=4 objective=area", Pairs()),
        ("a=e3m2 b=e2m1 lanes=4 objective=delay", Groups(4)),
        ("a=e2m1 b=e2m1 lanes=2 objective=area", Bins(0)),
    ],
)
def test_same_sums(words: str, alignment: Alignment) -> None:
    (config,) = resolve(["dot", *words.split()])
    codes = vectors(config, 120)
    bits = {port: parse_format(config.params_dict()[port]).bits for port in "ab"}
    rows = [
        {
            port: sum(int(code) << i * bits[port] for i, code in enumerate(row))
            for port, row in (("a", a), ("b", b))
        }
        for a, b in zip(codes["a"], codes["b"], strict=True)
    ]
    unit = AlignedDot(alignment, **config.params.constructor_arguments())
    found = np.array(settle(unit, rows, "y"))[:, 0]
    mask = (1 << unit.result.bits) - 1
    assert (found & mask == codes["y"].astype(np.int64) & mask).all()
    assert len(np.unique(found)) > 30


@pytest.mark.parametrize(("low_bits", "count"), [(0, 29), (2, 8), (3, 4), (4, 2), (5, 1)])
def test_words_of_e4m3(low_bits: int, count: int) -> None:
    fmt = parse_format("e4m3")
    assert isinstance(fmt, FloatFormat)
    term = product_range(operand_range(fmt), operand_range(fmt))
    lane = PlaceInBins(term, low_bits, "ripple")
    assert len(lane.bins) == len(lane.selects) == count
    # All 29 places of a product, each in one word.
    places = [one.place + k for one in lane.bins for k in range(one.highest - one.least + 1)]
    assert places == list(range(29))
    rows = [{"exponent": 2 + place, "significand": 225, "sign": 1} for place in places]
    words = [f"word_{k}" for k in range(count)]
    for place, found in zip(places, settle(lane, rows, *words), strict=True):
        values = [
            (word - (1 << width) if word >> (width - 1) & 1 else word) << one.place
            for word, width, one in zip(found, lane.widths, lane.bins, strict=True)
        ]
        assert sorted(values)[0] == sum(values) == -225 << place


@pytest.mark.parametrize("kept", [7, 25])
def test_windows_allow_no_sums_of_groups(kept: int) -> None:
    """Two products that are cut off one by one, to nothing, would make a bit if added first."""

    def codes(*exponents: int | None) -> NDArray[np.uint8]:
        """Return the E4M3 codes of powers of two."""
        return np.array([[0 if e is None else e + 7 << 3 for e in exponents]], np.uint8)

    # The largest exponent is 16; two products of half of the last bit that is kept below it.
    half = 16 - kept - 1
    a = codes(8, 8, half // 2, half // 2)
    b = codes(8, 8, half - half // 2, half - half // 2)
    a[0, 1] |= 0x80
    cut, exact = (
        dot(a, b, a_format="e4m3", b_format="e4m3", y_format="fp32", window=window)
        for window in (Window(kept), None)
    )
    assert exact.view(np.float32)[0] == 2.0 ** (16 - kept)
    assert cut.view(np.float32)[0] == 0
