"""`slipstick fuzz`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

import click
from rich.table import Table

from cosim.fuzz import OPTIONS, Outcome, fuzz, shrink_failure
from cosim.results import story
from gen.catalog import UNITS
from gen.errors import ConfigError
from slipstick.commands.output import (
    activity,
    console,
    json_option,
    print_json,
    progress_bars,
    seed_option,
    table,
)

__all__ = ["command"]


@click.command()
@click.argument("units", nargs=-1, metavar="[UNIT]...")
@click.option(
    "--count", type=click.IntRange(1), default=50, show_default=True, help="How many configs."
)
@click.option(
    "--vectors",
    type=click.IntRange(1),
    default=OPTIONS.vectors,
    show_default=True,
    help="How many operands each; all there are if those are no more.",
)
@seed_option
@click.option("--keep-going", is_flag=True, help="Do not stop at the first config that fails.")
@json_option
def command(
    *, units: tuple[str, ...], count: int, vectors: int, seed: int, keep_going: bool, as_json: bool
) -> int:
    """Draw random configs, of all units or of each UNIT, and verify them.

    Units take turns; a table says what came of each. The first config that fails is shrunk to the
    smallest that fails in the same way, and printed with the command that shows it. The exit code
    is 1 if there is any.
    """
    for name in units:
        if name not in UNITS:
            near = get_close_matches(name, UNITS, n=1)
            hint = f"nearest: {near[0]}" if near else f"there are {', '.join(UNITS)}"
            raise ConfigError(f"command line: {name}: no such unit; {hint}")
    options = replace(OPTIONS, vectors=vectors, seed=seed)
    outcomes = _outcomes(
        fuzz(count, seed, units or UNITS, options), count, keep_going=keep_going, quiet=as_json
    )
    failures = [outcome for outcome in outcomes if outcome.verdict != "pass"]
    smallest = None
    if failures:
        with activity("shrinking"):
            smallest = shrink_failure(failures[0], options)
    if as_json:
        print_json(
            {
                "passed": not failures,
                "seed": seed,
                "configs": len(outcomes),
                "vectors": sum(one.result.vectors for one in outcomes if one.result),
                "units": {name: vars(one) for name, one in _by_unit(outcomes).items()},
                "failures": [outcome.to_json() for outcome in failures],
                "smallest": smallest and smallest.to_json(),
            }
        )
    else:
        if len(_by_unit(outcomes)) > 1:
            console().print(_units_table(outcomes))
        click.echo(_summary(outcomes, failures))
        if smallest is not None:
            click.echo(_details(smallest), nl=False)
    return 1 if failures else 0


def _outcomes(
    checked: Iterator[Outcome], count: int, *, keep_going: bool, quiet: bool
) -> list[Outcome]:
    """Return what comes of each config, up to the first that fails unless to keep going."""
    outcomes: list[Outcome] = []
    with progress_bars() as begin:
        report = begin("configs")
        for outcome in checked:
            outcomes.append(outcome)
            if report is not None:
                report(len(outcomes), count)
            if outcome.verdict != "pass":
                if not quiet:
                    click.echo(f"{outcome.verdict}: {shlex.join(outcome.words)}")
                if not keep_going:
                    break
    return outcomes


@dataclass
class _Share:
    """What came of the configs of a unit."""

    configs: int = 0
    exhaustive: int = 0
    vectors: int = 0
    failed: int = 0


def _by_unit(outcomes: list[Outcome]) -> dict[str, _Share]:
    """Return what came of each unit, in the order of the catalogue."""
    shares = {name: _Share() for name in UNITS}
    for outcome in outcomes:
        share = shares[outcome.config.unit]
        share.configs += 1
        share.failed += outcome.verdict != "pass"
        if outcome.result is not None:
            share.vectors += outcome.result.vectors
            share.exhaustive += outcome.result.strategy == "exhaustive"
    return {name: share for name, share in shares.items() if share.configs}


def _units_table(outcomes: list[Outcome]) -> Table:
    columns = ("configs", "exhaustively", "vectors", "failed")
    shown = table("unit", *columns, right=columns)
    for name, share in _by_unit(outcomes).items():
        numbers = (share.configs, share.exhaustive, share.vectors, share.failed)
        shown.add_row(name, *(f"{number:,}" for number in numbers))
    return shown


def _summary(outcomes: list[Outcome], failures: list[Outcome]) -> str:
    vectors = sum(outcome.result.vectors for outcome in outcomes if outcome.result)
    exhaustive = sum(
        outcome.result.strategy == "exhaustive" for outcome in outcomes if outcome.result
    )
    return (
        f"{'FAIL' if failures else 'pass'}  {len(outcomes)} configs ({exhaustive} exhaustively), "
        f"{vectors:,} vectors, {len(failures)} configs failed"
    )


def _details(smallest: Outcome) -> str:
    """Return the smallest config that fails, how it does, and the commands that show it."""
    words = shlex.join(smallest.words)
    lines = [f"smallest: {words}"]
    if smallest.result is None:
        lines.append(f"{smallest.error}")
    elif smallest.result.failure is not None:
        lines += story(smallest.result.failure).splitlines()
    lines.append(f"slipstick verify {words}")
    return "".join(f"      {line}\n" for line in lines)
