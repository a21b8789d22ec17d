"""`slipstick synth`."""

from __future__ import annotations

import click

from gen.config import resolve
from hdl.options import OBJECTIVES, Objective
from slipstick.commands.output import (
    activity,
    config_argument,
    console,
    json_option,
    print_json,
    table,
)
from synth.flow import synthesize
from synth.libraries import BUILT_IN
from synth.result import NOTES, SynthResult, area_unit, block_rows, summary_rows

__all__ = ["command"]


@click.command()
@config_argument(several=True)
@click.option(
    "--lib",
    "library",
    default="nangate45",
    show_default=True,
    metavar="NAME|FILE.lib",
    help=f"Cell library: {', '.join(BUILT_IN)} or a Liberty file.",
)
@click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    help="What to synthesize for.  [default: the config's own]",
)
@click.option(
    "--period", type=float, metavar="PS", help="Clock period to meet with the smallest area."
)
@json_option
def command(
    config: tuple[str, ...],
    library: str,
    objective: Objective | None,
    period: float | None,
    as_json: bool,
) -> None:
    """Synthesize each CONFIG to a cell library: area, cells and delay, split by block."""
    results: list[SynthResult] = []
    for one in resolve(config):
        with activity(f"synthesizing {one.name}"):
            result = synthesize(one, library=library, objective=objective, period_ps=period)
        results.append(result)
        if not as_json:
            _print(result)
    if as_json:
        print_json([result.to_json() for result in results])
    else:
        console().print(*NOTES, sep="\n")


def _print(result: SynthResult) -> None:
    out = console()
    summary = table(result.name, "")
    for row in summary_rows(result):
        summary.add_row(*row)
    unit = area_unit(result)
    blocks = table("block", unit, "share", right=(unit, "share"))
    for row in block_rows(result):
        blocks.add_row(*row)
    out.print(summary)
    out.print(blocks)
