"""`slipstick golden`."""

from __future__ import annotations

from pathlib import Path

import click

from cosim.operands import answer, as_npz, load_operands
from gen.files import write_atomically
from slipstick.commands.output import config_argument, file_option, resolve_one

__all__ = ["command"]


@click.command()
@config_argument(several=False)
@click.argument("operands", type=click.Path(path_type=Path), metavar="IN.npz")
@file_option(
    "-o", "--output", metavar="OUT.npz", text="File to write the results to.", required=True
)
def command(config: tuple[str, ...], operands: Path, output: Path) -> None:
    """Run the golden model of CONFIG on the operands in IN.npz.

    There is an array for each input: codes as unsigned integers, or numbers of the type that numpy
    or ml_dtypes has for the port's format. Its shape is (n,), or (n, lanes) for a port of several
    lanes. The results have the same form, as codes.
    """
    one = resolve_one(config)
    results = answer(one, load_operands(operands), str(operands))
    write_atomically(output.parent, {output.name: as_npz(results)})
