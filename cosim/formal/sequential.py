"""Whether a literal can ever be true, in any cycle of a circuit with registers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cosim.formal.graph import Graph
from cosim.formal.solver import run_abc
from gen.errors import ToolError

__all__ = ["can_ever_be"]

REDUCED = "reduced.aig"

MERGE = f"scorr; dc2; scorr; write_aiger {REDUCED}"
"""Merges equal registers and gates, found by induction."""


def can_ever_be(
    graph: Graph, root: int, registers: Sequence[tuple[int, int]], timeout: float
) -> bool | None:
    """Find out whether a literal can be true in any cycle.

    Registers that turn out to be equal are merged by induction; what is left is decided by
    property-directed reachability (``pdr`` of abc).

    Parameters
    ----------
    graph, root
        The literal, over inputs that are free in every cycle and registers.
    registers
        For each, the input of the graph that stands for it, as a literal, and what it is in the
        next cycle. All are 0 in the first.
    timeout
        Seconds.

    Returns
    -------
    bool or None
        None if the time did not suffice.

    Raises
    ------
    ToolError
        If abc is not there or does something unexpected.
    """
    printed, deadline = "", time.monotonic() + 2 * timeout + 5
    with tempfile.TemporaryDirectory(prefix="slipstick-") as directory:
        work = Path(directory)
        (work / "circuit.aig").write_bytes(graph.to_sequential_aiger(root, registers))
        try:
            printed = run_abc(f"read_aiger circuit.aig; {MERGE}", work, 2 * timeout + 5)
            header, output = (work / REDUCED).read_bytes().split(b"\n")[:2]
            _, _, latches, _, gates = map(int, header.split()[1:6])
            if latches == gates == 0:  # which pdr has no opinion on
                return output != b"0"
            check = f"pdr -T {max(1, round(timeout))}" if latches else "&get; &cec -m"
            commands = f"read_aiger {REDUCED}; {check}"
            printed = run_abc(commands, work, deadline - time.monotonic())
        except TimeoutError:
            return None
        except FileNotFoundError:
            raise ToolError("abc", "gave no verdict", tail=printed[-2000:]) from None
    if "Property proved" in printed or "Networks are equivalent" in printed:
        return False
    if "was asserted in frame" in printed or "NOT EQUIVALENT" in printed:
        return True
    if "Property UNDECIDED" in printed or "eached timeout" in printed:
        return None
    raise ToolError("abc", "gave no verdict", tail=printed[-2000:])
