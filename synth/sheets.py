"""Tables of a study, as CSV, Markdown and HTML."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Sheet", "page_of"]

Cell = str | None
"""Text, or None for what is not known."""

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?( ?%| x)?")

_STYLE = """\
body { font: 14px/1.45 system-ui, sans-serif; color: #1d2430; max-width: 75rem; margin: 0 auto;
       padding: 1rem 1.25rem 3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .55rem; border-bottom: 1px solid #d5d9de; text-align: left; }
th { background: #f3f5f7; }
.number { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; }
p { max-width: 75ch; color: #5b6675; }
svg { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes
    ----------
    name
        Of its files and marks: a word.
    title, caption
        What it is, and what a reader has to know.
    headings
        Of the columns.
    rows
        Cells; numbers come with the digits that count and without thousands' separators.
    """

    name: str
    title: str
    caption: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]

    def csv(self) -> str:
        """Return it for spreadsheets."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([self.headings, *([cell or "" for cell in row] for row in self.rows)])
        return out.getvalue()

    def markdown(self) -> str:
        """Return it as a Markdown table, numbers on the right."""
        marks = ["---:" if number else "---" for number in self._numbers()]
        lines = [self.headings, marks, *([_shown(cell) for cell in row] for row in self.rows)]
        return "".join(
            f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n"
            for line in lines
        )

    def html(self) -> str:
        """Return it as a table of a page."""
        numbers = self._numbers()

        def line(tag: str, cells: Sequence[str]) -> str:
            texts = (
                f"<{tag}{' class=number' if number else ''}>{html.escape(cell)}</{tag}>"
                for cell, number in zip(cells, numbers, strict=True)
            )
            return f"<tr>{''.join(texts)}</tr>\n"

        body = "".join(line("td", [_shown(cell) for cell in row]) for row in self.rows)
        head = line("th", self.headings)
        return f'<div class="scroll"><table>\n<thead>{head}</thead>\n{body}</table></div>\n'

    def _numbers(self) -> list[bool]:
        """Return which columns hold numbers and nothing else."""
        columns = [[row[k] for row in self.rows] for k in range(len(self.headings))]
        return [
            any(cell is not None for cell in column)
            and all(cell is None or _NUMBER.fullmatch(cell) for cell in column)
            for column in columns
        ]


def _shown(cell: Cell) -> str:
    return "-" if cell is None else cell


def page_of(title: str, sheets: Sequence[Sheet], pictures: Mapping[str, str], rest: str) -> str:
    """Return a page with all tables, and with pictures (SVG, by their captions) on top.

    Parameters
    ----------
    title
        Heading.
    sheets, pictures
        What is on it.
    rest
        HTML to end with.
    """
    parts = [f"<h1>{html.escape(title)}</h1>\n"]
    for caption, svg in pictures.items():
        drawing = svg[svg.index("<svg") :]
        parts.append(f"<figure>{drawing}<figcaption>{html.escape(caption)}</figcaption></figure>\n")
    for sheet in sheets:
        heading = f'<h2 id="{sheet.name}">{html.escape(sheet.title)}</h2>\n'
        parts.append(f"{heading}<p>{html.escape(sheet.caption)}</p>\n{sheet.html()}")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"{''.join(parts)}{rest}</body>\n</html>\n"
    )
