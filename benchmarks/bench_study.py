"""Puts the tables and pictures of a study into docs/study.md: ``make study``.

Its argument is the directory that ``slipstick study`` wrote to. Each table goes between the marks
that have its name, and pictures beside the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main", "place", "refresh"]

PAGE = Path(__file__).parents[1] / "docs" / "study.md"
SHEETS = ("accuracy", "area", "energy", "delay", "claims", "instructions")
PICTURES = ("study-energy.svg", "study-area.svg")


def place(text: str, name: str, contents: str) -> str:
    """Return a page with `contents` between the marks called `name`.

    Raises
    ------
    ValueError
        If it has no such marks.
    """
    begin, end = f"<!-- study {name}: begin -->\n", f"<!-- study {name}: end -->\n"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"no marks of {name} in the page")
    return f"{before}{begin}\n{contents}\n{end}{after}"


def refresh(study: Path, page: Path = PAGE) -> None:
    """Write the page and the pictures beside it anew."""
    text = page.read_text()
    for name in SHEETS:
        text = place(text, name, (study / f"{name}.md").read_text())
    pictures = {name: (study / name).read_bytes() for name in PICTURES}
    page.write_text(text)
    for name, content in pictures.items():
        (page.parent / name).write_bytes(content)


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh the page; return 2 if the study is not complete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path, help="directory of a study")
    try:
        refresh(parser.parse_args(arguments).study)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"bench_study: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
