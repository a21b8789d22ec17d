"""Planting faults: many in one model, of which an input selects one."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from gen import yosys

__all__ = ["SELECT", "Mutant", "Mutants", "plant"]

SELECT = "slipstick_mutant"
"""The input that selects a fault; 0 for none."""

_FAULTS = {
    "inv": "inverted",
    "const0": "stuck at 0",
    "const1": "stuck at 1",
    "cnot0": "inverted when bit {control} is 0",
    "cnot1": "inverted when bit {control} is 1",
}


@dataclass(frozen=True)
class Mutant:
    """A fault.

    Attributes
    ----------
    number
        What selects it.
    fault
        What is wrong.
    place
        Instances that it is inside of, cell and port.
    wire
        Wire and bit, if that has a name in the Verilog.
    line, text
        Line of the Verilog; 0 if not known.
    """

    number: int
    fault: str
    place: str
    wire: str
    line: int
    text: str


@dataclass(frozen=True)
class Mutants:
    """A module with faults.

    Attributes
    ----------
    verilog
        The module, flat, with the input `SELECT` besides its own ports.
    select_bits
        Width of `SELECT`.
    mutants
        The faults.
    """

    verilog: str
    select_bits: int
    mutants: list[Mutant]


def plant(verilog: str, name: str, count: int, seed: int) -> Mutants:
    """Plant faults all over a module, no more than there are places.

    Parameters
    ----------
    verilog
        Text of the module and those below it.
    name
        Name of the module.
    count, seed
        How many, and where the choice starts from.
    """
    bits = count.bit_length()
    script = (
        f"read_verilog unit.v\nhierarchy -check -top {name}\nproc\nflatten\nopt_clean\n"
        f"mutate -list {count} -seed {seed} -ctrl {SELECT} {bits} 1 -o mutants.ys\n"
        "script mutants.ys\nopt_clean\nwrite_verilog -noattr mutants.v\n"
    )
    with tempfile.TemporaryDirectory(prefix="slipstick-") as directory:
        work = Path(directory)
        (work / "unit.v").write_text(verilog)
        yosys.run(script, cwd=work)
        commands = (work / "mutants.ys").read_text().splitlines()
        lines = verilog.splitlines()
        return Mutants((work / "mutants.v").read_text(), bits, list(_described(commands, lines)))


def _described(commands: list[str], lines: list[str]) -> Iterator[Mutant]:
    for number, command in enumerate(commands, 1):
        words = command.split()
        # Of several sources the last is the operation itself.
        options = {name: value for name, value in pairwise(words) if name.startswith("-")}
        source = re.fullmatch(r"unit\.v:(\d+)\..*", options.get("-src", ""))
        line = int(source[1]) if source else 0
        instances = re.findall(r"\\(\w+)\.", options["-cell"])
        kind = re.search(r"\$(\w+)\$unit\.v", options["-cell"])
        cell = f"{kind[1] if kind else 'cell'} {options['-port']}[{options['-portbit']}]"
        fault = _FAULTS[options["-mode"]].format(control=options.get("-ctrlbit"))
        wire = f"{options['-wire']}[{options['-wirebit']}]" if "-wire" in options else ""
        text = lines[line - 1].strip() if line else ""
        yield Mutant(number, fault, "/".join([*instances, cell]), wire, line, text)
