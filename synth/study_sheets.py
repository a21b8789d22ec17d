"""The study: its tables of costs, and its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from synth.charts import COLORS, new_axes, pareto_front, rendered
from synth.sheets import Cell, Sheet
from synth.study_costs import Cost

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["cost_sheets", "draw_study"]

REFERENCE = "int8"
"""The format that all others are compared with."""


def _digits(value: float | None, digits: int) -> Cell:
    return None if value is None else f"{value:.{digits}f}"


def cost_sheets(costs: Sequence[Cost]) -> list[Sheet]:
    """Return the tables: everything point by point, and area, energy, delay by lanes."""
    lanes = sorted({cost.lanes for cost in costs})
    by_lanes = {(cost.fmt, cost.lanes): cost for cost in costs}
    formats = list(dict.fromkeys(cost.fmt for cost in costs))

    def pivot(
        name: str, title: str, caption: str, metric: Callable[[Cost], float | None], digits: int
    ) -> Sheet:
        headings = ["format"]
        for count in lanes:
            headings += [f"{count} lane{'s' if count > 1 else ''}"]
            headings += [f"of {REFERENCE}"] if (REFERENCE, count) in by_lanes else []
        rows: list[list[Cell]] = []
        for fmt in formats:
            row: list[Cell] = [fmt]
            for count in lanes:
                value = metric(by_lanes[fmt, count])
                row.append(_digits(value, digits))
                if (REFERENCE, count) in by_lanes:
                    base = metric(by_lanes[REFERENCE, count])
                    row.append(_digits(value / base, 2) if value and base else None)
            rows.append(row)
        return Sheet(name, title, caption, tuple(headings), rows)

    return [
        pivot("area", "Area of a MAC, um2", _AREA_CAPTION, lambda c: c.area_per_mac, 0),
        pivot("energy", "Energy of a MAC, fJ", _ENERGY_CAPTION, lambda c: c.fj_per_mac, 0),
        pivot("delay", "Delay, ps", _DELAY_CAPTION, lambda c: c.delay_ps, 0),
        _points(costs),
    ]


_AREA_CAPTION = "The whole unit with its accumulator, over its lanes."
_ENERGY_CAPTION = (
    "Gaussian operands, sums of 32 cycles; every result was compared with the golden model."
)
_DELAY_CAPTION = (
    "From register to register through a unit without pipeline registers that is mapped for the "
    "smallest area: a comparison of shapes, not of clocks."
)


def _points(costs: Sequence[Cost]) -> Sheet:
    headings = ("format", "lanes", "sum", "um2", "ps", "fJ/MAC", "vectors checked")
    rows = [
        [
            cost.fmt,
            str(cost.lanes),
            cost.how,
            _digits(cost.area_um2, 1),
            _digits(cost.delay_ps, 0),
            _digits(cost.fj_per_mac, 2),
            None if cost.vectors is None else str(cost.vectors),
        ]
        for cost in costs
    ]
    caption = "How products are added, and how many operands the Verilog was checked with."
    return Sheet("points", "All points", caption, headings, rows)


def draw_study(
    costs: Sequence[Cost],
    sqnr_db: Mapping[str, float],
    bits: Mapping[str, float],
    *,
    name: str = "study",
    of: str = "a Gaussian tensor",
) -> dict[str, bytes]:
    """Return pictures as SVG and PNG by file name: accuracy against energy and area, of most lanes.

    Parameters
    ----------
    costs
        Of all designs.
    sqnr_db, bits
        Of a tensor in each format, and what a value takes.
    name
        What the files' names begin with.
    of
        What the tensor is called.
    """
    most = max(cost.lanes for cost in costs)
    shown = [cost for cost in costs if cost.lanes == most and cost.area_um2 is not None]
    if not shown:
        return {}
    figures: dict[str, Figure] = {}
    measures: tuple[tuple[str, str, Callable[[Cost], float | None]], ...] = (
        ("energy", f"energy of a MAC, fJ ({most} lanes)", lambda cost: cost.fj_per_mac),
        ("area", f"area of a MAC, um2 ({most} lanes)", lambda cost: cost.area_per_mac),
    )
    for measure, label, metric in measures:
        points = [
            (cost.fmt, value, sqnr_db[cost.fmt])
            for cost in shown
            if (value := metric(cost)) is not None
        ]
        if points:
            figures[f"{name}-{measure}"] = _scatter(points, bits, label, of)
    return rendered(figures)


def _scatter(
    points: Sequence[tuple[str, float, float]], bits: Mapping[str, float], label: str, of: str
) -> Figure:
    figure, axes = new_axes(7.5, 5.0)
    widths = sorted({round(bits[fmt]) for fmt, _, _ in points})
    for color, width in zip(COLORS, widths, strict=False):
        group = [(x, y) for fmt, x, y in points if round(bits[fmt]) == width]
        xs, ys = zip(*group, strict=True)
        axes.scatter(xs, ys, s=26, color=color, label=f"{width} bits")
    for fmt, x, y in points:
        axes.annotate(fmt, (x, y), xytext=(4, 4), textcoords="offset points", fontsize=7)
    front = pareto_front([(x, y) for _, x, y in points])
    axes.plot(
        [points[i][1] for i in front],
        [points[i][2] for i in front],
        color="#333333",
        linewidth=0.8,
        drawstyle="steps-post",
        zorder=0,
    )
    axes.set_xlabel(label)
    axes.set_ylabel(f"signal to noise of {of}, dB")
    axes.set_xlim(left=0)
    axes.legend(fontsize=7, frameon=False, loc="lower right")
    return figure
