"""`slipstick mutate`."""

from __future__ import annotations

import click

from cosim.mutation import MutationResult, mutate
from gen.config import resolve
from slipstick.commands.output import (
    config_argument,
    json_option,
    print_json,
    progress_bars,
    seed_option,
)

__all__ = ["command"]


@click.command()
@config_argument(several=True)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=300,
    show_default=True,
    help="How many faults to plant.",
)
@click.option(
    "--vectors",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="How many operands: directed corners, then random ones.",
)
@seed_option
@json_option
def command(config: tuple[str, ...], count: int, vectors: int, seed: int, as_json: bool) -> int:
    """Plant faults in each CONFIG, run the regression on them and list those that survive.

    Faults that can make no difference are told apart by a solver. The exit code is 1 if any other
    survives.
    """
    results: list[MutationResult] = []
    with progress_bars() as begin:
        for one in resolve(config):
            result = mutate(one, count, seed, vectors=vectors, progress=begin(one.name))
            results.append(result)
            if not as_json:
                click.echo("\n".join(_lines(result)))
    if as_json:
        print_json([result.to_json() for result in results])
    return 0 if results and all(result.passed for result in results) else 1


def _lines(result: MutationResult) -> list[str]:
    verdict = "pass" if result.passed else "FAIL"
    lines = [
        f"{verdict}  {result.name}  {result.total:,} faults: {result.killed:,} found, "
        f"{result.equivalent:,} equivalent, {len(result.survivors):,} survived; "
        f"score {result.score:.1%}, {sum(result.seconds.values()):.1f} s"
    ]
    for survivor in result.survivors:
        mutant = survivor.mutant
        wire = f" ({mutant.wire})" if mutant.wire else ""
        lines.append(f"      {survivor.finding}: {mutant.place}{wire} {mutant.fault}")
        if mutant.line:
            lines.append(f"          line {mutant.line}: {mutant.text}")
    return lines
