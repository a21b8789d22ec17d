"""`slipstick study`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from numpy.typing import NDArray

from cosim.tensors import load_tensor
from slipstick.commands.output import console, json_option, print_json, progress_bars, table
from slipstick.study import Outcome, run_study
from synth.study import default_file, load_settings

__all__ = ["command"]

_SHOWN = ("accuracy", "area", "energy")


def _split(text: str | None) -> list[str]:
    return [] if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str | None) -> list[int]:
    try:
        return [int(word) for word in _split(text)]
    except ValueError as error:
        raise click.UsageError(
            f"--lanes takes numbers with commas between, not {text!r}"
        ) from error


def _tensors(words: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    named = [word.rpartition("=") for word in words]
    return {name or _stem(file): load_tensor(Path(file)) for name, _, file in named}


def _stem(file: str) -> str:
    """Return what to call a tensor: its file without folder and suffix, or its own name."""
    return file.rpartition(":")[2] if ".safetensors:" in file else Path(file).stem


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="[STUDY.toml]", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    required=True,
    help="Directory for the database, the tables and the page.",
)
@click.option("--formats", metavar="FORMAT,...", help="These formats only.")
@click.option("--lanes", metavar="N,...", help="These numbers of lanes only.")
@click.option(
    "--tensor",
    "tensors",
    multiple=True,
    metavar="[NAME=]FILE",
    help="Judge formats by this tensor too, with blocks along its last axis: FILE.npy, or "
    "FILE.safetensors:TENSOR. May be repeated.",
)
@click.option(
    "--claims/--no-claims",
    default=None,
    help="Price what published claims are held against as well.  [default: unless only some "
    "formats or lanes are asked for]",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    help="Points to work on at a time.  [default: one a processor]",
)
@click.option("--retry", is_flag=True, help="Try points that failed again.")
@json_option
def command(
    *,
    file: Path | None,
    output: Path,
    formats: str | None,
    lanes: str | None,
    tensors: tuple[str, ...],
    claims: bool | None,
    jobs: int | None,
    retry: bool,
    as_json: bool,
) -> int:
    """Compare number formats: what they lose on tensors, what their units cost.

    Every unit is generated, checked against its golden model, and priced. What is in DIR already is
    not done again, so an interrupted study goes on where it was. The exit code is 1 if points
    failed.
    """
    settings = load_settings(file or default_file(), formats=_split(formats), lanes=_numbers(lanes))
    given = _tensors(tensors)
    with progress_bars() as begin:
        outcome = run_study(
            settings,
            output,
            tensors=given,
            claims=not (formats or lanes) if claims is None else claims,
            jobs=jobs,
            retry=retry,
            begin=begin,
        )
    if as_json:
        print_json(_as_json(outcome))
    else:
        _print(outcome)
    return 1 if outcome.failures else 0


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "page": str(outcome.page),
        "points": sum(summary.points for summary in outcome.summaries),
        "worked": sum(summary.worked for summary in outcome.summaries),
        "failures": [{"name": row.name, "error": row.error} for row in outcome.failures],
        "sheets": {
            sheet.name: [dict(zip(sheet.headings, row, strict=True)) for row in sheet.rows]
            for sheet in outcome.sheets
        },
    }


def _print(outcome: Outcome) -> None:
    out = console()
    for sheet in outcome.sheets:
        if sheet.name in _SHOWN:
            shown = table(*sheet.headings, right=sheet.headings[1:])
            for row in sheet.rows:
                shown.add_row(*(cell or "-" for cell in row))
            out.print(f"{sheet.title}. {sheet.caption}", shown)
    for row in outcome.failures:
        out.print(f"FAILED  {row.name}: {row.error}")
    out.print(str(outcome.page))
