"""Waveforms of a few clock cycles."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from cosim.build import Simulator, build_cycle
from cosim.checker import Batch, Checker, rows_for
from cosim.player import DUMP_FILE
from cosim.simulation import Crew
from cosim.unit import Unit, count_of, part_of

__all__ = ["VIEWERS", "dump_waves", "viewer_command"]

MARGIN = 20
"""Clock cycles shown before and after the one of interest."""

VIEWERS = ("surfer", "gtkwave")
"""Programs that show waveforms, the one to prefer first."""


def dump_waves(
    unit: Unit, verilog: str, simulator: Simulator, batch: Batch, position: int, *, work: Path
) -> bytes:
    """Return the waveforms (FST) around the operands at `position` of a batch.

    Parameters
    ----------
    unit, verilog
        What to simulate.
    simulator
        With what.
    batch
        The operands before and after are taken from it.
    position
        Which operands are of interest.
    work
        Directory for the simulator's files.
    """
    operands = batch.operands
    stream = -(-count_of(operands) // batch.streams)
    begin = position - position % stream
    shown = max(begin, position - MARGIN)
    # A unit with a state has to live through what made it, unseen.
    start = max(begin, unit.state_start(operands, shown))
    chosen = part_of(operands, start, min(begin + stream, position + MARGIN + 1))
    model = build_cycle(unit.manifest, verilog, work / "build.log", simulator, waves=True)
    rows = rows_for(count_of(chosen), model.copies, unit.latency)
    place = work / "waves"
    place.mkdir()
    with Crew(model, unit.ports, rows, place) as crew:
        played = Batch(chosen, *unit.respond(chosen))
        Checker(unit, crew).run([played], dump_from=shown - start)
        (simulator_,) = crew.members
    return (simulator_.directory / DUMP_FILE).read_bytes()


def viewer_command(file: Path) -> str:
    """Return the command that shows waveforms, with the program that is installed if any is."""
    installed = [name for name in VIEWERS if shutil.which(name)]
    return shlex.join([*installed[:1], *([] if installed else VIEWERS[-1:]), str(file)])
