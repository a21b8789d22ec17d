"""Area against delay: one unit mapped for one delay after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hdl.options import OBJECTIVES, Objective
from synth.result import SynthResult

__all__ = ["TARGETS", "curve_of", "unbeaten"]

Price = Callable[[Objective | None, float | None], SynthResult]
"""Synthesizes a unit for an objective, or for a period in ps."""

TARGETS = 6
"""Delays asked for between both ends, if nobody says how many."""


def curve_of(price: Price, targets: int = TARGETS) -> list[SynthResult]:
    """Return what nothing beats in both area and delay, the fastest first.

    The ends are what the objectives make; between their delays, `targets` more are asked for, at
    equal ratios. What misses its period counts with the delay that it has.

    Parameters
    ----------
    price
        Is called once for each objective and each delay.
    targets
        How many delays.
    """
    ends = [price(objective, None) for objective in OBJECTIVES]
    delays = [result.delay_ps for result in ends]
    low, high = min(delays), max(delays)
    between = [
        price(None, round(low * (high / low) ** (k / (targets + 1)), 1))
        for k in range(1, targets + 1)
        if high > low
    ]
    return unbeaten([*ends, *between])


def unbeaten(results: Sequence[SynthResult]) -> list[SynthResult]:
    """Return the results than which none is as fast and smaller, or as small and faster.

    In the order of their delays; of equals one.
    """
    kept: list[SynthResult] = []
    for result in sorted(results, key=lambda one: (one.delay_ps, one.area_um2)):
        if not kept or result.area_um2 < kept[-1].area_um2:
            kept.append(result)
    return kept
