"""Playing vectors on a simulated unit and finding the first wrong answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cosim.benches.exchange import Block
from cosim.benches.records import find_mismatches
from cosim.simulation import Crew, Simulation
from cosim.unit import Codes, Unit, count_of, part_of

__all__ = ["Batch", "Checker", "Mismatch", "Tally", "rows_for"]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Batch:
    """Operands and the answers that they must get.

    Attributes
    ----------
    operands
        Codes by port, as `cosim.unit.Unit.respond` takes them.
    expected
        Codes of the results, one for each of the operands.
    due
        For which of them there is a result.
    streams
        Number of units that share them: each gets a contiguous part, from its reset on.
    """

    operands: Codes
    expected: Codes
    due: NDArray[np.bool_]
    streams: int = 1


@dataclass(frozen=True)
class Mismatch:
    """A wrong answer.

    Attributes
    ----------
    batch, position
        Which operands got it.
    index
        How many came before these operands in the whole run.
    is_due
        Whether there should have been an answer; if not, it came near these operands.
    got
        All outputs in the cycle of the answer, the valid port included, lane by lane.
    """

    batch: Batch
    position: int
    index: int
    is_due: bool
    got: Codes


@dataclass
class Tally:
    """What came out of some batches.

    Attributes
    ----------
    compared, mismatches
        Number of results.
    first
        The first of the mismatches.
    outputs
        Codes that the unit gave, in the order of the operands, if they were to be kept.
    """

    compared: int = 0
    mismatches: int = 0
    first: Mismatch | None = None
    outputs: list[Codes] = field(default_factory=list)


def rows_for(vectors: int, copies: int, latency: int) -> int:
    """Return the rows that a block needs for `vectors` vectors and what is before and after."""
    return 1 + -(-vectors // copies) + latency + 1


class Checker:
    """Plays batches on simulators of a unit."""

    def __init__(self, unit: Unit, crew: Crew) -> None:
        self._unit = unit
        self._crew = crew

    def run(
        self,
        batches: Iterable[Batch],
        progress: Progress = lambda _: None,
        *,
        keep_outputs: bool = False,
        dump_from: int | None = None,
    ) -> Tally:
        """Play batches one after the other.

        Parameters
        ----------
        batches
            Made while the simulator plays those before.
        progress
            Called with the number of operands dealt with so far.
        keep_outputs
            Whether to return what the unit answered.
        dump_from
            Position at which the waveform dump starts, if the simulation can dump.
        """
        tally = Tally()
        playing: deque[tuple[_Part, Simulation]] = deque()
        played_so_far = 0

        def collect() -> None:
            nonlocal played_so_far
            part, simulation = playing.popleft()
            start = time.monotonic()
            played = simulation.collect()
            self._crew.has_waited(time.monotonic() - start)
            block = played.block.rows(part.lead, part.end(self._unit))
            tally.compared += played.compared
            tally.mismatches += played.mismatches
            if keep_outputs:
                tally.outputs.append(part.outputs(self._unit, block))
            if played.mismatches and tally.first is None:
                wrong = find_mismatches(simulation.layout, block.expected, block.result)
                tally.first = part.mismatch(self._unit, block, *wrong)
            played_so_far += part.count
            progress(played_so_far)

        simulation = self._crew.members[0]
        for part in self._parts(batches):
            if part.offset == 0:  # the rest of a batch must follow where it began
                simulation = min(self._crew.members, key=lambda member: member.in_play)
            while simulation.is_full:
                collect()
            part.fill(self._unit, simulation.free_block)
            dump = None if dump_from is None else part.row_of(dump_from)
            simulation.play(part.end(self._unit), part.lead, dump)
            playing.append((part, simulation))
        while playing:
            collect()
        return tally

    def _parts(self, batches: Iterable[Batch]) -> Iterator[_Part]:
        """Cut batches to what fits into a block."""
        index = 0
        for batch in batches:
            count = count_of(batch.operands)
            rows = self._crew.rows - rows_for(0, 1, self._unit.latency)
            room = rows * batch.streams
            for offset in range(0, count, room):
                # A stream that is continued in the next block must not be reset there.
                lead = 1 if self._unit.reset is not None and offset == 0 else 0
                yield _Part(batch, index, offset, min(room, count - offset), lead)
            index += count


@dataclass(frozen=True)
class _Part:
    """A stretch of a batch that is played in one block.

    The rows of the block: `lead` with the reset, one for each operand of a stream, as many as the
    last of them needs to come out, and one in which nothing must come any more.
    """

    batch: Batch
    index: int
    offset: int
    count: int
    lead: int

    @property
    def rows(self) -> int:
        """Operands of one stream."""
        return -(-self.count // self.batch.streams)

    def end(self, unit: Unit) -> int:
        """Return the number of rows in all."""
        return self.lead + self.rows + unit.latency + 1

    def row_of(self, position: int) -> int | None:
        """Return the row that the operand at this position of the batch is driven in."""
        row = position - self.offset
        return self.lead + row if 0 <= row < self.rows else None

    def fill(self, unit: Unit, block: Block) -> None:
        """Put operands and expected results into a block."""
        end = self.end(unit)
        stimulus, expected = block.stimulus[:end], block.expected[:end]
        operands = part_of(self.batch.operands, self.offset, self.offset + self.count)
        driven = slice(self.lead, self.lead + self.rows)
        present = np.ones(self.count, np.uint8)
        stimulus[unit.valid_in] = 0
        if unit.reset is not None:
            stimulus[unit.reset] = 0
            stimulus[unit.reset][: self.lead] = 1
        for name, codes in ({unit.valid_in: present} | operands).items():
            fill = 0 if name in (unit.valid_in, unit.reset) else codes[-1]
            stimulus[name][driven, : self.batch.streams] = self._by_row(codes, fill)
        due = slice(driven.start + unit.latency, driven.stop + unit.latency)
        expected[unit.valid_out] = 0
        answers = {unit.valid_out: self.batch.due, **self.batch.expected}
        for name, codes in part_of(answers, self.offset, self.offset + self.count).items():
            expected[name][due, : self.batch.streams] = self._by_row(codes, 0)

    def outputs(self, unit: Unit, block: Block) -> Codes:
        """Return the unit's answers in the order of the operands; `block` begins after the lead."""
        answers = block.result[unit.latency : unit.latency + self.rows]
        return {
            port["name"]: self._in_order(answers[port["name"]], port["lanes"])
            for port in unit.results
        }

    def mismatch(
        self, unit: Unit, block: Block, rows: NDArray[np.intp], copies: NDArray[np.intp]
    ) -> Mismatch:
        """Return the first of the mismatches in a block that begins after the lead."""
        # A result where none is due may come before or after all of the operands.
        places = np.clip(rows - unit.latency, 0, self.rows - 1)
        streams = np.minimum(copies, self.batch.streams - 1)
        positions = np.minimum(streams * self.rows + places, self.count - 1)
        first = int(np.argmin(positions))
        row, copy = rows[first], copies[first]
        position = self.offset + int(positions[first])
        names = [unit.valid_out, *(port["name"] for port in unit.results)]
        return Mismatch(
            self.batch,
            position,
            self.index + position,
            is_due=bool(block.expected[row][unit.valid_out][copy, 0]),
            got={name: block.result[row][name][copy].copy() for name in names},
        )

    def _by_row(self, codes: NDArray, padding: object) -> NDArray:
        """Return codes as (rows, streams, lanes), with `padding` where streams have no more."""
        missing = self.rows * self.batch.streams - self.count
        if missing:
            pad = np.broadcast_to(np.asarray(padding, codes.dtype), (missing, *codes.shape[1:]))
            codes = np.concatenate([codes, pad])
        return codes.reshape(self.batch.streams, self.rows, -1).swapaxes(0, 1)

    def _in_order(self, answers: NDArray, lanes: int) -> NDArray:
        """Return (rows, copies, lanes) in the order of the operands."""
        streams = answers[:, : self.batch.streams].swapaxes(0, 1)
        ordered = streams.reshape(-1, lanes)[: self.count].copy()
        return ordered[:, 0] if lanes == 1 else ordered
