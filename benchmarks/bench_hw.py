"""What units cost, beside plain RTL through the same recipes and beside the limits set for them.

Every unit is synthesized twice, for area and for delay, and so is the plain description of the same
unit (`plain_rtl`). Results go to a history of JSON lines, one for each unit, objective and version
of the sources, and the newest of each into the table of docs/cost.md. A run without names takes all
units, an hour or two on two cores the first time; what was synthesized before comes from the cache.
With --effort long, recipes that take minutes are tried as well; what they gave is a second table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.plain_rtl import plain_verilog
from gen.config import resolve
from gen.errors import ToolError
from synth.flow import synthesize, synthesize_verilog
from synth.recipes import Effort

__all__ = ["main"]

ROOT = Path(__file__).parents[1]
HISTORY = ROOT / "benchmarks" / "hw.jsonl"
DOCS = ROOT / "docs" / "cost.md"
MARKS = {
    "full": ("<!-- bench-hw: begin -->\n", "<!-- bench-hw: end -->\n"),
    "long": ("<!-- bench-hw long: begin -->\n", "<!-- bench-hw long: end -->\n"),
}
"""What is around the table of each effort."""


class Unit(NamedTuple):
    """A unit, and the limits of its smallest area in um2 and its shortest delay in ps."""

    name: str
    words: str
    area: int
    delay: int


UNITS = (
    Unit("int8 x int8", "dot a=int8 b=int8 lanes=1", 265, 400),
    Unit("int8 MAC + int32", "fma a=int8 b=int8 c=int32 y=int32", 405, 510),
    Unit("int4 MAC + int32", "fma a=int4 b=int4 c=int32 y=int32", 200, 390),
    Unit("dot 4 int8", "dot a=int8 b=int8 lanes=4", 1160, 600),
    Unit("dot 8 int8", "dot a=int8 b=int8 lanes=8", 2330, 720),
    Unit("dot 16 int8", "dot a=int8 b=int8 lanes=16", 4700, 830),
    Unit("dot 32 int8", "dot a=int8 b=int8 lanes=32", 9400, 950),
    Unit("fma E4M3", "fma a=e4m3 b=e4m3 c=e4m3 y=e4m3", 480, 950),
    Unit("fma E5M2", "fma a=e5m2 b=e5m2 c=e5m2 y=e5m2", 430, 900),
    Unit("fma E4M3 + FP16", "fma a=e4m3 b=e4m3 c=fp16 y=fp16", 880, 1200),
    Unit("fma E4M3 + BF16", "fma a=e4m3 b=e4m3 c=bf16 y=bf16", 760, 1100),
    Unit("fma E4M3 + FP32", "fma a=e4m3 b=e4m3 c=fp32 y=fp32", 1350, 1250),
    Unit("fma FP16", "fma a=fp16 b=fp16 c=fp16 y=fp16", 1600, 1400),
    Unit("fma BF16", "fma a=bf16 b=bf16 c=bf16 y=bf16", 1150, 1300),
    Unit("dot 2 E4M3 + FP16", "dot a=e4m3 b=e4m3 c=fp16 y=fp16 lanes=2", 1250, 1500),
    Unit("dot 8 E2M1 exact", "dot a=e2m1 b=e2m1 lanes=8", 680, 540),
    Unit("dot 32 E2M1 exact", "dot a=e2m1 b=e2m1 lanes=32", 2800, 720),
    Unit("dot 8 E4M3 exact", "dot a=e4m3 b=e4m3 lanes=8", 2600, 880),
    Unit("dot 8 E4M3 -> FP32", "dot a=e4m3 b=e4m3 y=fp32 lanes=8", 2600, 880),
    Unit("dot 32 E3M2 exact", "dot a=e3m2 b=e3m2 lanes=32", 6000, 900),
    Unit("dot 32 E4M3 exact", "dot a=e4m3 b=e4m3 lanes=32", 10500, 1100),
    Unit("dot 32 E4M3 -> FP32", "dot a=e4m3 b=e4m3 y=fp32 lanes=32", 10500, 1100),
    Unit("dot 32 E5M2 -> FP32", "dot a=e5m2 b=e5m2 y=fp32 lanes=32", 14500, 1250),
)

Line = dict[str, Any]


def measure(unit: Unit, version: str, effort: Effort = "full") -> list[Line]:
    """Return a line for either objective."""
    lines = []
    for objective in ("area", "delay"):
        (config,) = resolve([*unit.words.split(), f"objective={objective}"])
        ours = synthesize(config, effort=effort)
        text = plain_verilog("plain", config.params_dict())
        try:
            found = synthesize_verilog(
                text, "plain", objective=objective, effort=effort, timeout=1800
            )
            plain = _cost(found)
        except ToolError as error:
            sys.stderr.write(f"{unit.name}, plain, {objective}: {error}\n")
            plain = None
        lines.append(
            {
                "unit": unit.name,
                "objective": objective,
                "effort": effort,
                "version": version,
                "config_hash": config.config_hash,
                "library": ours.library["sha256"],
                "ours": _cost(ours),
                "plain": plain,
            }
        )
    return lines


def _cost(result: Any) -> Line:
    return {
        "area_um2": round(result.area_um2),
        "delay_ps": round(result.delay_ps),
        "recipe": result.recipe,
    }


def record(history: Path, lines: Iterable[Line]) -> list[Line]:
    """Add lines to a history, in place of those of the same unit, objective and version."""
    kept: dict[tuple[str, ...], Line] = {}
    old = history.read_text().splitlines() if history.is_file() else []
    for line in (*map(json.loads, old), *lines):
        key = (
            _effort(line),
            *(line[field] for field in ("unit", "objective", "version", "config_hash")),
        )
        kept.pop(key, None)
        kept[key] = line
    history.write_text("".join(json.dumps(line) + "\n" for line in kept.values()))
    return list(kept.values())


def _effort(line: Line) -> str:
    """Return a line's effort, which the first ones were written without."""
    return line.get("effort", "full")


def table(lines: Iterable[Line], units: Sequence[Unit] = UNITS, effort: Effort = "full") -> str:
    """Return the newest line of each unit and objective as a Markdown table; bold misses a limit.

    A cell holds the area (at its delay), or the delay (at its area), or a dash where the tools gave
    up on the plain description.
    """
    newest = {(line["unit"], line["objective"]): line for line in lines if _effort(line) == effort}
    rows = [
        "| unit | smallest, um2 (ps) | plain RTL | at most "
        "| fastest, ps (um2) | plain RTL | at most |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for unit in units:
        cells = [unit.name]
        for objective, limit in (("area", unit.area), ("delay", unit.delay)):
            line = newest.get((unit.name, objective))
            if line is None:
                break
            for who in ("ours", "plain"):
                if line[who] is None:
                    cells.append("-")
                    continue
                cost = line[who]["area_um2"], line[who]["delay_ps"]
                first, second = cost if objective == "area" else cost[::-1]
                figure = f"{first:,}"
                missed = who == "ours" and first > limit
                cells.append(f"{f'**{figure}**' if missed else figure} ({second:,})")
            cells.append(f"{limit:,}")
        else:
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def place(text: str, contents: str, effort: Effort = "full") -> str:
    """Return a page with the contents between its marks.

    Raises
    ------
    ValueError
        If it has no marks.
    """
    first, last = MARKS[effort]
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"no {first.strip()} and {last.strip()} in the page")
    return before + first + "\n" + contents + "\n" + last + after


def main(names: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write history and page."""
    parser = argparse.ArgumentParser(description="area and delay beside plain RTL and the limits")
    parser.add_argument("units", nargs="*", metavar="UNIT", help="names from the table; all")
    parser.add_argument("--effort", choices=tuple(MARKS), default="full")
    options = parser.parse_args(names)
    chosen, effort = options.units, options.effort
    unknown = set(chosen) - {unit.name for unit in UNITS}
    if unknown:
        parser.error(f"no such unit: {', '.join(sorted(unknown))}")
    version = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for unit in UNITS:
        if chosen and unit.name not in chosen:
            continue
        lines = measure(unit, version, effort)
        history = record(HISTORY, lines)
        sys.stdout.write(table(lines, [unit], effort).splitlines()[2] + "\n")
        sys.stdout.flush()
        DOCS.write_text(place(DOCS.read_text(), table(history, effort=effort), effort))
    sys.stdout.write("\n" + table(record(HISTORY, []), effort=effort))


if __name__ == "__main__":
    main()
