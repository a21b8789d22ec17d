"""`slipstick verify`."""

from __future__ import annotations

from pathlib import Path

import click

from cosim.coverage import Coverage
from cosim.results import Netlists, Options, Result, junit, story
from cosim.verify import verify_all
from gen.config import Config, resolve
from gen.files import write_atomically
from slipstick.commands.output import (
    config_argument,
    console,
    file_option,
    json_option,
    print_json,
    progress_bars,
    seed_option,
    table,
)

__all__ = ["command"]

LIBRARY = "nangate45"


@click.command()
@config_argument(several=True)
@click.option(
    "--vectors",
    type=click.IntRange(1),
    default=Options.vectors,
    show_default=True,
    help="How many operands: directed corners, then random ones.",
)
@click.option("--exhaustive", is_flag=True, help="All operands there are instead.")
@click.option(
    "--coverage",
    is_flag=True,
    help="Count kinds of operands, results and roundings; fail if any that there can be is missed.",
)
@seed_option
@click.option(
    "--sim",
    type=click.Choice(["verilator", "icarus"]),
    default=Options.sim,
    show_default=True,
    help="Simulator.",
)
@file_option("--verilog", metavar="FILE.v", text="Check this Verilog, not the generated.")
@click.option("--netlist", is_flag=True, help="Check what it is synthesized to, cell by cell.")
@click.option(
    "--lib",
    "library",
    metavar="NAME|FILE.lib",
    help=f"With --netlist: cell library, as for `synth`.  [default: {LIBRARY}]",
)
@file_option("--operands", metavar="FILE.npz", text="Use these operands: codes, an array a port.")
@file_option("--waves", metavar="FILE.fst", text="Write waveforms around the first mismatch.")
@file_option("--junit", "junit_file", metavar="FILE.xml", text="Write the results as JUnit XML.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the operands of a mismatch go.  [default: build/verify]",
)
@json_option
def command(
    *,
    config: tuple[str, ...],
    vectors: int,
    exhaustive: bool,
    coverage: bool,
    seed: int,
    sim: str,
    verilog: Path | None,
    netlist: bool,
    library: str | None,
    operands: Path | None,
    waves: Path | None,
    junit_file: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Simulate the Verilog of each CONFIG and compare every bit with the golden model.

    The first mismatch is printed with its operands decoded and a command that replays it. The
    exit code is 1 if there is any.
    """
    configs = resolve(config)
    single = {"--verilog": verilog, "--operands": operands, "--waves": waves}
    for name, given in single.items():
        if given and len(configs) > 1:
            raise click.UsageError(f"{name} is for one CONFIG, not {len(configs)}")
    if library and not netlist:
        raise click.UsageError("--lib is for --netlist")
    if verilog and netlist:
        raise click.UsageError("--verilog and --netlist exclude each other")
    options = Options(
        vectors=vectors,
        exhaustive=exhaustive,
        coverage=coverage,
        seed=seed,
        sim=sim,
        verilog=verilog,
        netlists=_netlists(library) if netlist else None,
        waves=waves,
        operands=operands,
        directory=output,
    )
    width = max(len(one.name) for one in configs)
    results: list[Result] = []
    with progress_bars() as begin:
        for result in verify_all(configs, options, lambda one: begin(one.name)):
            results.append(result)
            if not as_json:
                click.echo(_line(result, width))
                click.echo(_details(result), nl=False)
                if result.coverage is not None:
                    _print_coverage(result.coverage)
    if junit_file:
        write_atomically(junit_file.parent, {junit_file.name: junit(results)})
    if as_json:
        print_json([result.to_json() for result in results])
    return 0 if results and all(result.passed for result in results) else 1


def _netlists(library: str | None) -> Netlists:
    # Not for those who do without: it takes as long to load as checking a small unit.
    from synth.flow import netlist_of

    def verilog_of(config: Config) -> str:
        return netlist_of(config, library=library or LIBRARY)

    return Netlists(verilog_of, ("--netlist", *(("--lib", library) if library else ())))


def _print_coverage(coverage: Coverage) -> None:
    shown = table("bins", "met", "of", "", "missed", right=("met", "of", ""))
    for row in coverage.rows():
        shown.add_row(*row)
    console().print(shown)
    click.echo(f"which bins there can be is known from: {coverage.derivation}")


def _line(result: Result, width: int) -> str:
    verdict = "pass" if result.passed else "FAIL"
    return (
        f"{verdict}  {result.name:{width}}  {result.vectors:,} vectors ({result.strategy}), "
        f"{result.mismatches:,} mismatches, {sum(result.seconds.values()):.1f} s"
    )


def _details(result: Result) -> str:
    lines: list[str] = []
    if result.vectors != result.asked:
        lines.append(f"only {result.vectors:,} of {result.asked:,} vectors were compared")
    if result.failure:
        lines += story(result.failure).splitlines()
    if result.waves:
        lines.append(f"waveforms: {result.viewer or result.waves}")
    return "".join(f"      {line}\n" for line in lines)
