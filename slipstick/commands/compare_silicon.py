"""`slipstick compare-silicon`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosim.results import story
from cosim.silicon import Comparison, Recording, compare, load_recording
from slipstick.commands.output import activity, json_option, print_json, resolve_one

__all__ = ["command"]


@click.command()
@click.argument("recording", type=click.Path(path_type=Path), metavar="FILE.npz")
@click.argument("config", nargs=-1, metavar="[CONFIG]")
@json_option
def command(recording: Path, config: tuple[str, ...], as_json: bool) -> int:
    """Hold golden model and Verilog of a CONFIG against what a tensor core has answered.

    FILE.npz comes from examples/gpu/record.py; it names a preset, which CONFIG replaces. The exit
    code is 1 if silicon, model and Verilog do not agree in every bit.
    """
    recorded = load_recording(recording)
    if not config and not recorded.preset:
        raise click.UsageError(f"{recording} names no preset: say which CONFIG to compare")
    one = resolve_one(config or recorded.preset.split())
    with activity("comparing"):
        comparison = compare(recorded, one, str(recording))
    if as_json:
        print_json(_facts(recorded, comparison, one.name))
    else:
        _print(recorded, comparison, one.name)
    return 0 if comparison.passed else 1


def _facts(recorded: Recording, comparison: Comparison, name: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": name,
        "instruction": recorded.instruction,
        "device": recorded.device,
        "vectors": comparison.vectors,
        "mismatches": comparison.mismatches,
        "first": comparison.first,
        "verilog": [result.to_json() for result in comparison.verilog],
    }


def _print(recorded: Recording, comparison: Comparison, name: str) -> None:
    verdict = "pass" if comparison.passed else "FAIL"
    click.echo(
        f"{verdict}  {name}  {recorded.instruction} on {recorded.device}: "
        f"{comparison.vectors:,} results, {comparison.mismatches:,} unlike the golden model's"
    )
    if comparison.first is not None:
        first = comparison.first
        for key in ("a", "b"):
            click.echo(f"      {key} = {' '.join(f'{code:x}' for code in first[key])}")
        for key in ("c", "silicon", "want"):
            click.echo(f"      {key} = 0x{first[key]:08x}")
    for step, result in enumerate(comparison.verilog, 1):
        click.echo(
            f"      step {step}: Verilog against golden model, {result.vectors:,} vectors, "
            f"{result.mismatches:,} mismatches"
        )
        if result.failure is not None:
            click.echo(story(result.failure))
