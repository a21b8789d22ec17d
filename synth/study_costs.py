"""The study: what its designs cost, from the points of the sweep that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from synth.database import Row
from synth.libraries import load_library
from synth.study import Design, Part

__all__ = ["Cost", "Points", "costs_of"]


@dataclass(frozen=True)
class Cost:
    """What a design costs; numbers are None where there is no hardware, or where it failed.

    Attributes
    ----------
    fmt, lanes
        Of the design.
    how
        How products are added, or why there are no numbers.
    area_um2, delay_ps
        Of all of it; the delays of its parts are added up.
    fj_per_mac
        Energy of a product and its addition.
    vectors
        That each part was checked with, the fewest.
    """

    fmt: str
    lanes: int
    how: str
    area_um2: float | None = None
    delay_ps: float | None = None
    fj_per_mac: float | None = None
    vectors: int | None = None

    @property
    def area_per_mac(self) -> float | None:
        """um2 for a lane."""
        return None if self.area_um2 is None else self.area_um2 / self.lanes


class Points:
    """The points of a database, found by their hardware and library.

    Parameters
    ----------
    rows
        All of them.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {(row.config_hash, row.options["library"]): row for row in rows}

    def find(self, part: Part, library: str) -> Row | None:
        """Return the point of a part, if it is there and not still to be done."""
        row = self._rows.get((part.config_hash, library))
        return row if row is not None and row.status in ("done", "failed") else None


def costs_of(designs: Sequence[Design], points: Points, library: str) -> list[Cost]:
    """Return what designs cost, in their order."""
    return [_cost(design, points, library) for design in designs]


def _cost(design: Design, points: Points, library: str) -> Cost:
    nothing = Cost(design.fmt, design.lanes, design.how)
    found: list[tuple[Part, Row]] = []
    for part in design.parts:
        row = points.find(part, library)
        if row is None:
            return Cost(design.fmt, design.lanes, "not measured")
        if row.result is None:
            return Cost(design.fmt, design.lanes, f"failed: {row.error}")
        found.append((part, row))
    if not found:
        return nothing
    results = [(part.count, row.result or {}) for part, row in found]
    energies = [count * _energy(result) for count, result in results]
    return Cost(
        design.fmt,
        design.lanes,
        design.how,
        sum(count * result["area_um2"] for count, result in results),
        sum(result["delay_ps"] for _, result in results),
        sum(energies) / design.lanes if all(energies) else None,
        min((result.get("verify") or {}).get("vectors", 0) for _, result in results),
    )


def _energy(result: Mapping[str, object]) -> float:
    """Return fJ an operation, 0 where it was not measured."""
    energy = result.get("energy")
    return float(energy["fj_per_op"]) if isinstance(energy, Mapping) else 0.0


def flip_flop_area(library: str) -> float:
    """Return the area of the smallest flip-flop without set or reset."""
    cells = load_library(library).cells.values()
    return min(cell.area for cell in cells if cell.sequential == "ff" and len(cell.inputs) == 2)
