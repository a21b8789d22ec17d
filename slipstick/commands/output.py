"""What commands share: their common arguments, tables, JSON, and progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gen.config import Config, resolve, toml_value
from slipstick.completion import complete_config

__all__ = [
    "Report",
    "activity",
    "config_argument",
    "console",
    "file_option",
    "json_option",
    "print_json",
    "progress_bars",
    "resolve_one",
    "seed_option",
    "table",
    "value_text",
]

Report = Callable[[int, int], None]
"""Is told how much is done and how much there is."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
seed_option = click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Where random operands start from.",
)


def config_argument(*, several: bool) -> Callable[[Any], Any]:
    """Return the CONFIG argument, whose words `resolve` understands."""
    metavar = "CONFIG..." if several else "CONFIG"
    return click.argument(
        "config", nargs=-1, required=True, metavar=metavar, shell_complete=complete_config
    )


def file_option(
    *names: str, metavar: str, text: str, required: bool = False
) -> Callable[[Any], Any]:
    """Return an option that names a file; whoever opens it says what is wrong with it."""
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option(*names, type=kind, metavar=metavar, help=text, required=required)


def resolve_one(words: Sequence[str]) -> Config:
    """Return the one config that the words of a command line stand for."""
    configs = resolve(words)
    if len(configs) != 1:
        raise click.UsageError(f"one CONFIG at a time, not {len(configs)}")
    return configs[0]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the caller, as for every other output; rich would exit with 1 here."""
        raise BrokenPipeError


def console() -> Console:
    """Return the console for results."""
    return _Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 100)


def table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """Return an empty table; the columns in `right` hold numbers."""
    result = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        justify = "right" if column in right else "left"
        result.add_column(column, justify=justify, overflow="fold")
    return result


def print_json(value: Any) -> None:
    """Print `value` as JSON."""
    click.echo(json.dumps(value, indent=2))


def value_text(value: Any) -> str:
    """Return a parameter's value as the command line takes it; nothing for one left out."""
    return "" if value is None else value if isinstance(value, str) else toml_value(value)


@contextmanager
def activity(label: str) -> Iterator[None]:
    """Say on a terminal what takes so long, while the block runs."""
    if sys.stderr.isatty():
        with Console(stderr=True).status(label):
            yield
    else:
        yield


@contextmanager
def progress_bars() -> Iterator[Callable[[str], Report | None]]:
    """Show progress on standard error, if that is a terminal, while the block runs.

    Yields
    ------
    Callable
        Begins a new bar with the label that it is given, and returns what to report to.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # above the bar, on the same terminal
    )

    def begin(label: str) -> Report:
        for task in bars.task_ids:
            bars.remove_task(task)
        task = bars.add_task(label, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)

    with bars:
        yield begin
