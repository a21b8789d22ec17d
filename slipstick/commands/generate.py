"""`slipstick generate`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from gen.batch import generate_all
from gen.config import resolve
from gen.emit import StreamKind, write
from gen.errors import ConfigError
from gen.openlane import openlane_config
from slipstick.commands.output import activity, config_argument, json_option, print_json

__all__ = ["command"]


@click.command()
@config_argument(several=True)
@click.option(
    "-o",
    "--output",
    "directory",
    type=click.Path(path_type=Path),
    default=".",
    show_default="here",
    help="Directory to write to; made if need be.",
)
@click.option(
    "--openlane",
    "period_ns",
    type=click.FloatRange(0, min_open=True),
    metavar="NS",
    help="Also write NAME.openlane.json for LibreLane, with this clock period.",
)
@click.option(
    "--stream",
    type=click.Choice(get_args(StreamKind)),
    help="Wrap the unit so that either side may stall: `ready` adds in_ready and out_ready to its "
    "ports (NAME_stream), `axi` gives it those of AXI4-Stream (NAME_axis).",
)
@json_option
def command(
    config: tuple[str, ...],
    directory: Path,
    period_ns: float | None,
    stream: StreamKind | None,
    as_json: bool,
) -> None:
    """Write Verilog for each CONFIG.

    NAME.v is the module, NAME.json its manifest, NAME.f a file list for simulators and NAME.core
    describes it to FuseSoC. The same config and version give the same bytes.
    """
    configs = resolve(config)
    names = [one.name for one in configs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"command line: two configs would both be written as {name}.v")
    with activity("generating"):
        artifacts = generate_all(configs, stream)  # all of them before the first file
    for artifact in artifacts:
        if period_ns is not None:
            name = f"{artifact.name}.openlane.json"
            artifact.files[name] = openlane_config(artifact.manifest, period_ns)
        paths = write(artifact, directory)
        if not as_json:
            for path in paths:
                click.echo(path)
    if as_json:
        print_json([artifact.manifest for artifact in artifacts])
