"""Blocks of vectors, shared between the simulator and the process that started it."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.benches.records import Layout, find_mismatches, layout_of

__all__ = ["BLOCKS", "VARIABLE", "Block", "Exchange", "map_blocks", "memory_size"]

BLOCKS = 4
"""One block is played while another is filled; more, so that no simulator runs dry while another
one is waited for."""

VARIABLE = "SLIPSTICK_EXCHANGE"
"""Environment variable that tells the bench, in JSON, what it needs to know."""


@dataclass(frozen=True)
class Block:
    """Consecutive clock cycles, one row each, in shared memory."""

    stimulus: NDArray[np.void]
    expected: NDArray[np.void]
    result: NDArray[np.void]

    def rows(self, start: int, stop: int) -> Block:
        """Return the part from row `start` to row `stop`."""
        part = slice(start, stop)
        return Block(self.stimulus[part], self.expected[part], self.result[part])


def memory_size(layout: Layout, rows: int) -> int:
    """Return the bytes that `BLOCKS` blocks of `rows` rows take."""
    return BLOCKS * rows * (layout.stimulus.itemsize + 2 * layout.result.itemsize)


def map_blocks(memory: mmap.mmap, layout: Layout, rows: int) -> tuple[Block, ...]:
    """Return the blocks that lie in `memory`."""
    blocks: list[Block] = []
    offset = 0
    for _ in range(BLOCKS):
        arrays: list[NDArray[np.void]] = []
        for row in (layout.stimulus, layout.result, layout.result):
            arrays.append(np.frombuffer(memory, row, rows, offset))
            offset += rows * row.itemsize
        blocks.append(Block(*arrays))
    return tuple(blocks)


class Exchange:
    """The bench's end: yields the blocks to play, compares and reports each.

    A command is a line of JSON: the number of a block, how many rows to play, the row from which
    on the results count, and for a bench that can dump waveforms the row where that starts. The
    answer says how many results were compared and how many were wrong. No more commands: the end.

    Attributes
    ----------
    ports
        Ports of the unit, from its manifest.
    compared, mismatches
        Results compared so far, and how many of them were wrong.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self.ports: list[dict[str, Any]] = description["ports"]
        self.compared = 0
        self.mismatches = 0
        self._layout = layout_of(self.ports, description["copies"])
        memory = mmap.mmap(description["memory"], 0)
        self._blocks = map_blocks(memory, self._layout, description["rows"])
        self._commands = description["commands"]
        self._reports = description["reports"]

    @classmethod
    def from_environment(cls) -> Exchange:
        """Return the exchange that the starting process describes."""
        return cls(json.loads(os.environ[VARIABLE]))

    def __iter__(self) -> Iterator[tuple[Block, int | None]]:
        """Yield each block to play and the row at which to start the waveform dump, if any."""
        with open(self._commands) as commands, open(self._reports, "w") as reports:
            for line in commands:
                command = json.loads(line)
                start, stop = command["start"], command["rows"]
                block = self._blocks[command["block"]]
                yield block.rows(0, stop), command["dump"]
                reports.write(json.dumps(self._compare(block.rows(start, stop))) + "\n")
                reports.flush()

    def finish(self) -> None:
        """Fail the test unless there were results and all of them were right."""
        assert self.compared > 0, "no result was compared"
        assert self.mismatches == 0, f"{self.mismatches} of {self.compared} results are wrong"

    def _compare(self, block: Block) -> dict[str, int]:
        wrong_rows, _ = find_mismatches(self._layout, block.expected, block.result)
        report = {
            "compared": int(np.count_nonzero(block.expected[self._layout.valid_out])),
            "mismatches": len(wrong_rows),
        }
        self.compared += report["compared"]
        self.mismatches += report["mismatches"]
        return report
