"""Pictures of what a sweep found."""

from __future__ import annotations

import io
import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hdl.formats import Format, FormatError, parse_format

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
_ACCURACIES = (
    ("pareto", "sqnr_db", "SQNR, dB"),
    ("digits", "digits_accuracy", "digits that a network gets right"),
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

    Cost against signal to noise, and against what a network gets right, with the points that none
    beats in both; the split of area and of energy by block; area against lanes and against the
    width of operands; energy by operands.
    """
    done = [record for record in table.records if record["status"] == "done"]
    figures: dict[str, Figure] = {}
    for (kind, *accuracy), (name, *cost) in itertools.product(_ACCURACIES, _COSTS):
        axes = (*cost, *accuracy)
        known = [r for r in done if r[axes[0]] is not None and r.get(axes[2]) is not None]
        if known:
            figures[f"{kind}-{name}"] = _pareto(known, *axes)
    for name, key, label in (
        ("area", "area_blocks", "area, um2"),
        ("energy", "energy_blocks", "energy of an operation, fJ"),
    ):
        known = [r for r in done if r[key]]
        if known:
            figures[f"breakdown-{name}"] = _breakdown(known, key, label)
    known = [r for r in done if r.get("lanes") and r["area_um2"] is not None]
    if len({r["lanes"] for r in known}) > 1:
        figures["area-lanes"] = _against(known, ("lanes", "lanes"), _label)
    known = [r | {"bits": _bits(r)} for r in done if r.get("area_per_mac_um2") is not None]
    known = [r for r in known if r["bits"]]
    if len({r["bits"] for r in known}) > 1:
        axis = "bits", "bits of an operand"
        figures["area-width"] = _against(known, axis, _family, cost="area_per_mac_um2")
    known = [r for r in done if r.get("fj_per_op") is not None]
    if len({r["operands"] for r in known}) > 1:
        figures["energy-operands"] = _by_operands(known)
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


def _pareto(
    records: Sequence[Mapping[str, Any]], key: str, label: str, good: str, good_label: str
) -> Figure:
    """Draw a cost against an accuracy, each given by its key and label."""
    figure, axes = new_axes()
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[_label(record)].append(record)
    for number, (name, group) in enumerate(groups.items()):
        axes.scatter(
            [r[key] for r in group],
            [r[good] for r in group],
            s=18,
            color=COLORS[number % len(COLORS)],
            marker="os^Dv"[number // len(COLORS) % 5],
            label=name,
        )
    front = pareto_front([(r[key], r[good]) for r in records])
    axes.plot(
        [records[i][key] for i in front],
        [records[i][good] for i in front],
        color="#333333",
        linewidth=0.8,
        drawstyle="steps-post",
        zorder=0,
    )
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel(good_label)
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


def _operand(record: Mapping[str, Any]) -> Format | None:
    """Return the format of an operand, None if there is none to be known."""
    names = (record.get("params", {}).get(key) for key in ("a", "format", "x"))
    name = next((name for name in names if isinstance(name, str)), "")
    try:
        return parse_format(name)
    except FormatError:
        return None


def _bits(record: Mapping[str, Any]) -> int:
    fmt = _operand(record)
    return fmt.bits if fmt else 0


def _family(record: Mapping[str, Any]) -> str:
    """Return unit and kind of operand: the points that differ in width, among others."""
    fmt = _operand(record)
    return f"{record['unit']}, {fmt.kind}" if fmt else str(record["unit"])


def _by_operands(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the energy of each unit, a bar for each distribution of operands."""
    units = list(dict.fromkeys(r["name"] for r in records))
    kinds = list(dict.fromkeys(r["operands"] for r in records))
    energy = {(r["name"], r["operands"]): r["fj_per_op"] for r in records}
    shown = units[:_MOST_BARS]
    figure, axes = new_axes(8.0, 1.2 + 0.12 * len(shown) * (len(kinds) + 1))
    height = 0.8 / len(kinds)
    for number, kind in enumerate(kinds):
        axes.barh(
            [row + number * height for row in range(len(shown))],
            [energy.get((name, kind), 0.0) for name in shown],
            height=height,
            color=COLORS[number % len(COLORS)],
            label=kind,
        )
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(shown))], shown, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("energy of an operation, fJ")
    if len(shown) < len(units):
        axes.set_title(f"the first {len(shown)} of {len(units)} units", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _against(
    records: Sequence[Mapping[str, Any]],
    axis: tuple[str, str],
    name_of: Callable[[Mapping[str, Any]], str],
    *,
    cost: str = "area_um2",
) -> Figure:
    """Draw the area of the smallest of each group against a number, given with its label."""
    key, label = axis
    figure, axes = new_axes()
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[name_of(record)].append(record)
    for number, (name, group) in enumerate(groups.items()):
        least: dict[int, float] = {}
        for record in group:
            at = record[key]
            least[at] = min(least.get(at, float("inf")), record[cost])
        axes.plot(
            sorted(least),
            [least[at] for at in sorted(least)],
            marker="os^Dv"[number // len(COLORS) % 5],
            markersize=4,
            linewidth=1,
            color=COLORS[number % len(COLORS)],
            label=name,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel(label)
    of = "" if cost == "area_um2" else " a MAC of"
    axes.set_ylabel(f"area of{of} the smallest, um2")
    if 1 < len(groups) <= _MOST_LINES * 3:
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
