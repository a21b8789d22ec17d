"""`slipstick prove`."""

from __future__ import annotations

from pathlib import Path

import click

from cosim.proof import ProofResult, prove
from cosim.results import story
from gen.config import resolve
from slipstick.commands.output import (
    activity,
    config_argument,
    file_option,
    json_option,
    print_json,
)

__all__ = ["command"]


@click.command()
@config_argument(several=True)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60,
    show_default=True,
    metavar="S",
    help="Seconds for each step.",
)
@file_option("--verilog", metavar="FILE.v", text="Prove this Verilog, not the generated.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the operands of a counterexample go.  [default: build/verify]",
)
@json_option
def command(
    config: tuple[str, ...],
    timeout: float,
    verilog: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Prove that the Verilog of each CONFIG computes what a plain description of it does.

    A unit without such a description is compared with itself, built without registers and for
    other objectives, and with the golden model if all operands can be simulated in seconds.

    The exit code is 1 unless all that was asked is proven: also if there was no time for an answer.
    """
    configs = resolve(config)
    if verilog and len(configs) > 1:
        raise click.UsageError(f"--verilog is for one CONFIG, not {len(configs)}")
    results: list[ProofResult] = []
    for one in configs:
        with activity(f"proving {one.name}"):
            result = prove(one, timeout, verilog=verilog, directory=output)
        results.append(result)
        if not as_json:
            click.echo("\n".join(_lines(result)))
    if as_json:
        print_json([result.to_json() for result in results])
    return 0 if results and all(result.passed for result in results) else 1


def _lines(result: ProofResult) -> list[str]:
    verdict = result.verdict if result.passed else result.verdict.upper()
    lines = [f"{verdict}  {result.name}, {result.seconds:.1f} s"]
    lines += [
        f"      {step.claim}: {step.verdict} by {step.engine}, {step.seconds:.2f} s"
        for step in result.steps
    ]
    if result.note:
        lines.append(f"      {result.note}")
    if result.failure:
        lines += [f"      {line}" for line in story(result.failure).splitlines()]
    return lines
