"""`slipstick synth`."""

from __future__ import annotations

from collections.abc import Mapping

import click

from gen.config import Config, resolve
from hdl.options import OBJECTIVES, Objective
from slipstick.commands.output import (
    activity,
    config_argument,
    console,
    json_option,
    print_json,
    table,
)
from slipstick.costs import Pricing, closed, curve, price
from synth.curve import TARGETS as CURVE_TARGETS
from synth.fpga import TARGETS, FpgaResult, fpga_rows, synthesize_fpga
from synth.libraries import BUILT_IN
from synth.recipes import EFFORTS, Effort
from synth.result import SynthResult, area_unit, block_rows, energy_rows, summary_rows

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
    "--period",
    type=float,
    metavar="PS",
    help="Clock period to meet with the smallest area, and with the fewest stages unless the "
    "config says how many.",
)
@click.option(
    "--curve",
    "as_curve",
    is_flag=True,
    help="Area against delay: map for one delay after the other, from the fastest to the "
    "smallest, and show what nothing beats in both.",
)
@click.option(
    "--targets",
    type=click.IntRange(0, 100),
    default=CURVE_TARGETS,
    show_default=True,
    help="With --curve: how many delays between both ends.",
)
@click.option(
    "--target",
    type=click.Choice(("asic", *TARGETS)),
    default="asic",
    show_default=True,
    help="An FPGA family instead of a cell library.",
)
@click.option(
    "--effort",
    type=click.Choice(EFFORTS),
    default="full",
    show_default=True,
    help="How many recipes to try: quick ones lose some per cents, long ones take minutes.",
)
@click.option("--energy", is_flag=True, help="Measure the energy of an operation as well.")
@click.option(
    "--operands",
    metavar="gaussian|uniform|FILE.npz",
    help="With --energy: what to measure it with; a file as for `verify`.  [default: gaussian]",
)
@json_option
def command(
    *,
    config: tuple[str, ...],
    library: str,
    objective: Objective | None,
    period: float | None,
    as_curve: bool,
    targets: int,
    target: str,
    effort: Effort,
    energy: bool,
    operands: str | None,
    as_json: bool,
) -> None:
    """Synthesize each CONFIG to a cell library: area, cells, delay and energy, split by block.

    The energy is of the mapped netlist at work; whatever it computes is compared with the golden
    model first.
    """
    if operands is not None and not energy:
        raise click.UsageError("--operands says what to measure the energy with: add --energy")
    if target != "asic":
        given = {"--objective": objective, "--period": period, "--energy": energy or None}
        given |= {"--curve": as_curve or None}
        _refuse(given, f"{{}} is for cell libraries, not for {target}")
        _synthesize_fpga(resolve(config), target, as_json)
        return
    how: Pricing = {
        "library": library,
        "objective": objective,
        "period_ps": period,
        "effort": effort,
    }
    workload = operands or "gaussian" if energy else None
    if as_curve:
        given = {"--objective": objective, "--period": period}
        _refuse(given, "--curve tries them all: {} does not go with it")
        _synthesize_curves(resolve(config), how, targets, workload, as_json)
        return
    results: list[SynthResult] = []
    for one in resolve(config):
        with activity(f"synthesizing {one.name}"):
            result = price(closed(one, how), how, operands=workload)
        results.append(result)
        if not as_json:
            _print(result)
    if as_json:
        print_json([result.to_json() for result in results])
    else:
        console().print(*results[0].notes, sep="\n")


def _refuse(given: Mapping[str, object], message: str) -> None:
    """Complain of the first option that has a value."""
    for name, value in given.items():
        if value is not None:
            raise click.UsageError(message.format(name))


def _synthesize_curves(
    configs: list[Config], how: Pricing, targets: int, operands: str | None, as_json: bool
) -> None:
    found: list[tuple[Config, list[SynthResult]]] = []
    for one in configs:
        with activity(f"synthesizing {one.name}"):
            found.append((one, curve(one, how, targets, operands=operands)))
        if not as_json:
            _print_curve(*found[-1])
    if as_json:
        print_json(
            [
                {
                    "schema": 1,
                    "target": "asic",
                    "name": one.name,
                    "config_hash": one.config_hash,
                    "curve": [result.to_json() for result in results],
                }
                for one, results in found
            ]
        )
    else:
        console().print(*found[0][1][0].notes, sep="\n")


def _print_curve(config: Config, results: list[SynthResult]) -> None:
    """Print the curve of a unit, a line a point."""
    area, time = area_unit(results[0]), results[0].library.get("delay_unit", "ps")
    columns = [time, area, "area x delay", *(("fJ",) if results[0].energy is not None else ())]
    shown = table("mapped for", *columns, right=columns, title=config.name)
    for result in results:
        asked = result.objective if result.period_ps is None else f"{result.period_ps:,.1f} {time}"
        product = result.area_um2 * result.delay_ps
        row = [asked, f"{result.delay_ps:,.0f}", f"{result.area_um2:,.1f}", f"{product:,.0f}"]
        row += [f"{result.energy.fj_per_op:,.1f}"] if result.energy is not None else []
        shown.add_row(*row)
    console().print(shown)


def _synthesize_fpga(configs: list[Config], target: str, as_json: bool) -> None:
    results: list[FpgaResult] = []
    for one in configs:
        with activity(f"synthesizing {one.name}"):
            results.append(synthesize_fpga(one, target))
        if not as_json:
            shown = table(one.name, "")
            for row in fpga_rows(results[-1]):
                shown.add_row(*row)
            console().print(shown)
    if as_json:
        print_json([result.to_json() for result in results])
    else:
        console().print(*results[0].to_json()["notes"], sep="\n")


def _print(result: SynthResult) -> None:
    out = console()
    summary = table(result.name, "")
    for row in summary_rows(result):
        summary.add_row(*row)
    unit = area_unit(result)
    columns = ["block", unit, "share"]
    if result.energy is not None:
        columns += ["fJ", "of energy"]
        for row in energy_rows(result.energy):
            summary.add_row(*row)
    blocks = table(*columns, right=columns[1:])
    for row in block_rows(result):
        blocks.add_row(*row)
    out.print(summary)
    out.print(blocks)
