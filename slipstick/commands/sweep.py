"""`slipstick sweep`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from slipstick.commands.output import console, file_option, json_option, print_json, progress_bars
from slipstick.point import TARGET
from synth.executors import executor_for
from synth.grid import load_sweep
from synth.sweep import Summary, run_sweep

__all__ = ["command"]


@click.command()
@click.argument("sweep", type=click.Path(path_type=Path), metavar="SWEEP.toml")
@file_option(
    "-o", "--output", metavar="DB", text="SQLite file with the results; added to.", required=True
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    help="Points to work on at a time.  [default: one a processor]",
)
@click.option(
    "--scheduler", metavar="tcp://HOST:PORT", help="Let a Dask cluster do the work instead."
)
@click.option("--retry", is_flag=True, help="Try points that failed again.")
@json_option
def command(
    *,
    sweep: Path,
    output: Path,
    jobs: int | None,
    scheduler: str | None,
    retry: bool,
    as_json: bool,
) -> int:
    """Price every point of SWEEP.toml: a config with lists of values.

    What is in DB already is not done again, so an interrupted sweep goes on where it was. The exit
    code is 1 if points failed; the others have their results.
    """
    points = load_sweep(sweep)
    with progress_bars() as begin:
        summary = run_sweep(
            points,
            output,
            lambda: executor_for(TARGET, jobs=jobs, scheduler=scheduler),
            retry=retry,
            progress=begin(f"sweeping {sweep.name}"),
        )
    if as_json:
        print_json(_as_json(summary, points.excluded, points.repeated))
    else:
        _print(summary, points.excluded, points.repeated)
    return 1 if summary.failed else 0


def _as_json(summary: Summary, excluded: int, repeated: int) -> dict[str, object]:
    failures = [
        {"name": row.name, "params": row.params, "options": row.options, "error": row.error}
        for row in summary.failures
    ]
    counts = {key: value for key, value in asdict(summary).items() if key != "failures"}
    return counts | {"excluded": excluded, "repeated": repeated, "failures": failures}


def _print(summary: Summary, excluded: int, repeated: int) -> None:
    out = console()
    left_out = f", {excluded:,} excluded" if excluded else ""
    left_out += f", {repeated:,} repeated" if repeated else ""
    out.print(
        f"{summary.points:,} points{left_out}: {summary.done:,} done, {summary.failed:,} failed; "
        f"{summary.worked:,} worked on now"
    )
    for row in summary.failures[:_SHOWN]:
        out.print(f"FAILED  {row.name}: {row.error}")
    if summary.failed > _SHOWN:
        out.print(f"... and {summary.failed - _SHOWN:,} more")


_SHOWN = 20
