from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hdl.options import Objective
from synth.curve import curve_of, unbeaten
from synth.result import SynthResult


def made(delay_ps: float, area_um2: float) -> SynthResult:
    return cast(Any, SimpleNamespace(delay_ps=delay_ps, area_um2=area_um2))


ENDS = {"area": (1600.0, 100.0), "balanced": (300.0, 350.0), "delay": (100.0, 400.0)}


class Prices:
    """Made-up results; what was asked for is kept."""

    def __init__(self, ends: dict[str, tuple[float, float]]) -> None:
        self.ends = ends
        self.periods: list[float] = []

    def __call__(self, objective: Objective | None, period: float | None) -> SynthResult:
        if period is None:
            assert objective is not None
            return made(*self.ends[objective])
        assert objective is None
        self.periods.append(period)
        return made(period, 40_000 / period)


def test_delays_between_the_ends_are_asked_for() -> None:
    prices = Prices(ENDS)
    curve = curve_of(prices, 3)
    assert prices.periods == [200.0, 400.0, 800.0]
    # Balanced is beaten by what was made for 200 ps, and 800 ps by the smallest with half the area.
    assert [(one.delay_ps, one.area_um2) for one in curve] == [
        (100.0, 400.0),
        (200.0, 200.0),
        (400.0, 100.0),
        (800.0, 50.0),
    ]


def test_a_unit_without_a_curve() -> None:
    prices = Prices(dict.fromkeys(ENDS, (50.0, 7.0)))
    assert [(one.delay_ps, one.area_um2) for one in curve_of(prices)] == [(50.0, 7.0)]
    assert prices.periods == []


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        ([], []),
        ([(2.0, 5.0), (1.0, 5.0)], [(1.0, 5.0)]),
        ([(1.0, 6.0), (1.0, 5.0)], [(1.0, 5.0)]),
        ([(3.0, 1.0), (1.0, 9.0), (2.0, 4.0), (2.5, 6.0)], [(1.0, 9.0), (2.0, 4.0), (3.0, 1.0)]),
    ],
)
def test_what_nothing_beats(
    points: list[tuple[float, float]], kept: list[tuple[float, float]]
) -> None:
    found = unbeaten([made(*point) for point in points])
    assert [(one.delay_ps, one.area_um2) for one in found] == kept
