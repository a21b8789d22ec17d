"""Pictures of what a sweep found."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from synth.report import Table

__all__ = ["COLORS", "draw_charts", "new_axes", "pareto_front", "rendered"]

COLORS = ("#1f6fb4", "#d1495b", "#2e8b57", "#b8860b", "#7b4fa3", "#4a5a66", "#c2571a", "#0f8b8d")
_MOST_BARS = 24
_MOST_LINES = 8

_COSTS = (
    ("area", "area_per_mac_um2", "area of a MAC, um2"),
    ("energy", "fj_per_mac", "energy of a MAC, fJ"),
    ("delay", "delay_ps", "delay, ps"),
)
_FORMATS = ("format", "a", "b", "x", "y")
"""Parameters that name a format, which points are coloured by."""


def pareto_front(
    points: Sequence[tuple[float, float]],
) -> list[int]:
    """Return the indices of points that none beats: less of the first, more of the second.

    In the order of the first coordinate.
    """
    best = float("-inf")
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[index][1] > best:
            best = points[index][1]
            front.append(index)
    return front


def draw_charts(table: Table) -> dict[str, bytes]:
    """Return the pictures that the points have the numbers for, by file name, as SVG and PNG.

    Cost against accuracy with the points that none beats in both; the split of area and of energy
    by block; area against lanes.
    """
    done = [record for record in table.records if record["status"] == "done"]
    figures: dict[str, Figure] = {}
    for name, key, label in _COSTS:
        known = [r for r in done if r[key] is not None and r["sqnr_db"] is not None]
        if known:
            figures[f"pareto-{name}"] = _pareto(known, key, label)
    for name, key, label in (
        ("area", "area_blocks", "area, um2"),
        ("energy", "energy_blocks", "energy of an operation, fJ"),
    ):
        known = [r for r in done if r[key]]
        if known:
            figures[f"breakdown-{name}"] = _breakdown(known, key, label)
    known = [r for r in done if r.get("lanes") and r["area_um2"] is not None]
    if len({r["lanes"] for r in known}) > 1:
        figures["area-lanes"] = _against_lanes(known)
    return rendered(figures)


def rendered(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """Return figures as SVG and PNG by file name; the same figure is the same bytes."""
    files: dict[str, bytes] = {}
    for name, figure in figures.items():
        for suffix, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix, metadata=metadata, dpi=150)
            files[f"{name}.{suffix}"] = buffer.getvalue()
    return files


def new_axes(width: float = 7.0, height: float = 4.5) -> tuple[Figure, Axes]:
    """Return an empty figure of so many inches, and its axes."""
    # Loading matplotlib takes longer than all else here.
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.use("Agg")
    matplotlib.rcParams |= {"svg.hashsalt": "slipstick", "font.size": 9, "svg.fonttype": "none"}
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def _label(record: Mapping[str, Any]) -> str:
    formats = [str(record[key]) for key in _FORMATS if record.get(key)]
    return " ".join(formats) or str(record["unit"])


def _pareto(records: Sequence[Mapping[str, Any]], key: str, label: str) -> Figure:
    figure, axes = new_axes()
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[_label(record)].append(record)
    for number, (name, group) in enumerate(groups.items()):
        axes.scatter(
            [r[key] for r in group],
            [r["sqnr_db"] for r in group],
            s=18,
            color=COLORS[number % len(COLORS)],
            marker="os^Dv"[number // len(COLORS) % 5],
            label=name,
        )
    front = pareto_front([(r[key], r["sqnr_db"]) for r in records])
    axes.plot(
        [records[i][key] for i in front],
        [records[i]["sqnr_db"] for i in front],
        color="#333333",
        linewidth=0.8,
        drawstyle="steps-post",
        zorder=0,
    )
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("SQNR, dB")
    if 1 < len(groups) <= 3 * len(COLORS):
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _breakdown(records: Sequence[Mapping[str, Any]], key: str, label: str) -> Figure:
    """Draw a bar a point, the largest first if there are too many, split by block."""
    shown = list(records)
    title = ""
    if len(shown) > _MOST_BARS:
        # Evenly over all sizes, so that the smallest and the largest are there.
        ranked = sorted(shown, key=lambda r: sum(r[key].values()))
        chosen = {
            id(ranked[round(i * (len(ranked) - 1) / (_MOST_BARS - 1))]) for i in range(_MOST_BARS)
        }
        shown = [r for r in ranked if id(r) in chosen]
        title = f"{len(shown)} of {len(records)} points, from the smallest to the largest"
    totals: dict[str, float] = defaultdict(float)
    for record in shown:
        for block, value in record[key].items():
            totals[block] += value
    # High enough for the bars and for the legend beside them.
    figure, axes = new_axes(8.0, 1.2 + max(0.24 * len(shown), 0.17 * len(totals)))
    left = [0.0] * len(shown)
    for number, block in enumerate(sorted(totals, key=lambda name: -totals[name])):
        widths = [r[key].get(block, 0.0) for r in shown]
        axes.barh(
            range(len(shown)),
            widths,
            left=left,
            label=block,
            color=COLORS[number % len(COLORS)],
            hatch="" if number < len(COLORS) else "//",
            edgecolor="white",
            linewidth=0.4,
        )
        left = [low + width for low, width in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(shown)), [r["name"] for r in shown], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.set_title(title, fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _against_lanes(records: Sequence[Mapping[str, Any]]) -> Figure:
    figure, axes = new_axes()
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[_label(record)].append(record)
    for number, (name, group) in enumerate(groups.items()):
        least: dict[int, float] = {}
        for record in group:
            lanes = record["lanes"]
            least[lanes] = min(least.get(lanes, float("inf")), record["area_um2"])
        axes.plot(
            sorted(least),
            [least[lanes] for lanes in sorted(least)],
            marker="os^Dv"[number // len(COLORS) % 5],
            markersize=4,
            linewidth=1,
            color=COLORS[number % len(COLORS)],
            label=name,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("lanes")
    axes.set_ylabel("area of the smallest, um2")
    if 1 < len(groups) <= _MOST_LINES * 3:
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
