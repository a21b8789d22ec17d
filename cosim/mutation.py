"""Are the vectors any good? Faults are planted in a unit, and those that go unnoticed listed."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cosim.benches.exchange import Block
from cosim.benches.records import find_mismatches
from cosim.build import build_bulk
from cosim.checker import rows_for
from cosim.golden import get_model
from cosim.mutants import SELECT, Mutant, Mutants, plant
from cosim.plan import interface_vectors, plan_vectors
from cosim.sieve import Finding, Sieve
from cosim.simulation import Simulation
from cosim.unit import Codes, Unit, count_of, part_of
from gen.config import Config
from gen.emit import generate
from gen.errors import ConfigError

__all__ = ["MutationResult", "Survivor", "mutate"]

PIECE_VECTORS = 2048
"""Vectors that all mutants get before those that they killed are dropped."""

SIFT_PIECES = 4
"""Pieces after which those left over are checked for equivalence; most of them are."""

Progress = Callable[[int, int], None]
"""Called with how many mutants are settled, and how many there are."""


@dataclass(frozen=True)
class Survivor:
    """A fault that no vector showed, with what the solver says of it."""

    mutant: Mutant
    finding: Finding


@dataclass(frozen=True)
class MutationResult:
    """What came of planting faults.

    Attributes
    ----------
    name, unit, config_hash
        Where they were planted.
    total, killed, equivalent
        Number of faults, of those that a vector showed, and of those that none can.
    vectors
        Length of the regression.
    survivors
        The other faults. One that the solver could not decide counts as well.
    seconds
        How long it took to ``plant``, ``build``, ``simulate`` and ``solve``.
    """

    name: str
    unit: str
    config_hash: str
    total: int
    killed: int
    equivalent: int
    vectors: int
    survivors: list[Survivor] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Share of the faults that can be seen that was."""
        visible = self.total - self.equivalent
        return self.killed / visible if visible else 0.0

    @property
    def passed(self) -> bool:
        """Whether there were faults and none survived."""
        return self.killed > 0 and self.killed + self.equivalent == self.total

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {"passed": self.passed, "score": self.score, **asdict(self)}


def mutate(
    config: Config,
    count: int = 300,
    seed: int = 1,
    *,
    vectors: int = 100_000,
    timeout: float = 10,
    progress: Progress | None = None,
) -> MutationResult:
    """Plant faults in a unit and run the regression on each.

    Parameters
    ----------
    config
        The unit.
    count
        How many faults; fewer if there are not as many places.
    seed
        Where the choice of faults and the random vectors start from.
    vectors
        Length of the regression, as for `cosim.verify.verify`.
    timeout
        Seconds for the solver, each time.
    progress
        Is told how far it is.

    Raises
    ------
    ConfigError
        If the unit is wrong without any fault.
    ToolError
        If a tool is missing or fails.
    """
    seconds: dict[str, float] = dict.fromkeys(("plant", "build", "simulate", "solve"), 0.0)
    clock = time.monotonic()

    def charge(what: str) -> None:
        nonlocal clock
        now = time.monotonic()
        seconds[what] += now - clock
        clock = now

    artifact = generate(config)
    unit = Unit(artifact.manifest, config.params_dict(), get_model(config.unit))
    planted = plant(artifact.verilog, config.name, count, seed)
    charge("plant")
    alive = {mutant.number: mutant for mutant in planted.mutants}
    total = len(alive)
    findings: dict[int, Finding] = {}
    with (
        tempfile.TemporaryDirectory(prefix="slipstick-") as directory,
        _Rig(unit, planted, Path(directory)) as rig,
    ):
        charge("build")
        for index, piece in enumerate(_pieces(unit, config.unit, vectors, seed)):
            if index == SIFT_PIECES:
                charge("simulate")
                sieve = Sieve(unit, planted, config.name, timeout)
                findings = {number: sieve.finding(number) for number in alive}
                alive = {n: alive[n] for n in alive if findings[n] != "equivalent"}
                charge("solve")
            # Nothing selected: the unit as it is.
            killed = rig.wrong([0, *alive] if index < SIFT_PIECES else list(alive), piece)
            if 0 in killed:
                raise ConfigError(f"{config.name}: wrong without any fault; see slipstick verify")
            alive = {number: alive[number] for number in alive if number not in killed}
            if progress:
                progress(total - len(alive), total)
            if not alive:
                break
        charge("simulate")
    if alive and not findings:  # a regression shorter than the first pieces
        sieve = Sieve(unit, planted, config.name, timeout)
        findings = {number: sieve.finding(number) for number in alive}
        alive = {n: alive[n] for n in alive if findings[n] != "equivalent"}
        charge("solve")
    equivalent = sum(finding == "equivalent" for finding in findings.values())
    return MutationResult(
        name=config.name,
        unit=config.unit,
        config_hash=config.config_hash,
        total=total,
        killed=total - equivalent - len(alive),
        equivalent=equivalent,
        vectors=vectors,
        survivors=[Survivor(mutant, findings[n]) for n, mutant in alive.items()],
        seconds=seconds,
    )


def _pieces(unit: Unit, name: str, vectors: int, seed: int) -> Iterator[Codes]:
    """Yield the vectors that `verify` would play, gaps and resets first."""
    interface = interface_vectors(unit, name, seed)
    chunks = plan_vectors(unit, name, vectors, seed, exhaustive=False).chunks
    for operands in itertools.chain([interface], (chunk.operands for chunk in chunks)):
        for start in range(0, count_of(operands), PIECE_VECTORS):
            yield part_of(operands, start, start + PIECE_VECTORS)


class _Rig:
    """Copies of a unit with faults, all of which get the same vectors and each its own fault.

    Parameters
    ----------
    unit
        The unit without faults.
    planted
        The same with faults.
    directory
        Where the simulator runs.
    """

    def __init__(self, unit: Unit, planted: Mutants, directory: Path) -> None:
        self._unit = unit
        select = {
            "name": SELECT,
            "dir": "in",
            "width": planted.select_bits,
            "lanes": 1,
            "format": None,
            "role": "data",
        }
        manifest = {**unit.manifest, "ports": [*unit.ports, select]}
        model = build_bulk(manifest, planted.verilog, directory / "build.log")
        longest = max(PIECE_VECTORS, 8 * (24 + 4 * unit.latency))
        rows = rows_for(longest, 1, unit.latency)
        self._copies = model.copies
        self._simulation = Simulation(model, manifest["ports"], rows, directory)

    def __enter__(self) -> _Rig:
        self._simulation.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._simulation.__exit__(*error)

    def wrong(self, mutants: Sequence[int], operands: Codes) -> set[int]:
        """Return the mutants that give a wrong answer to any of the operands, from a reset on."""
        unit, simulation = self._unit, self._simulation
        expected, due = unit.respond(operands)
        lead = 1 if unit.reset is not None else 0
        end = lead + count_of(operands) + unit.latency
        wrong: set[int] = set()
        for start in range(0, len(mutants), self._copies):
            group = [*mutants[start : start + self._copies]]
            selected = np.resize(group, self._copies)  # the last group goes round again
            block = simulation.free_block
            self._fill(block, operands, lead, {**expected, unit.valid_out: due})
            block.stimulus[SELECT][:end] = selected[:, None]
            simulation.play(end, lead)
            played = simulation.collect()
            if played.mismatches:
                part = played.block.rows(lead, end)
                _, copies = find_mismatches(simulation.layout, part.expected, part.result)
                wrong.update(int(selected[copy]) for copy in np.unique(copies))
        return wrong

    def _fill(self, block: Block, operands: Codes, lead: int, answers: Mapping[str, Any]) -> None:
        unit, count = self._unit, count_of(operands)
        driven = slice(lead, lead + count)
        due = slice(driven.start + unit.latency, driven.stop + unit.latency)
        stimulus, expected = block.stimulus[: due.stop], block.expected[: due.stop]
        stimulus[unit.valid_in] = 0
        stimulus[unit.valid_in][driven] = 1
        if unit.reset is not None:
            stimulus[unit.reset] = 0
            stimulus[unit.reset][:lead] = 1
        for name, codes in operands.items():
            stimulus[name][driven] = codes.reshape(count, 1, -1)
        expected[unit.valid_out] = 0
        for name, codes in answers.items():
            expected[name][due] = codes.reshape(count, 1, -1)
