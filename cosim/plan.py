"""Which vectors a unit is checked with, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from cosim.stimuli import Stimuli, get_stimuli
from cosim.unit import Codes, Unit, count_of, part_of
from gen.errors import ConfigError

__all__ = [
    "Chunk",
    "Plan",
    "chunk_vectors",
    "interface_vectors",
    "plan_operands",
    "plan_vectors",
]

MAX_EXHAUSTIVE_BITS = 32
"""More operand bits than this are not worth the time that all their vectors take."""

CHUNK_BYTES = 1 << 20
CHUNK_VECTORS = 64, 1 << 17
"""Size of a chunk: large enough for numpy, small enough for the caches, bounds for both ends."""

STORY_VECTORS = 4096
"""Up to so many operands of somebody's own are played on one unit, in the order they came in."""

INTERFACE_EPOCHS = 8
"""Times that a unit with a clock is reset while its valid port is being exercised."""

LONG_INTERFACE_EPOCHS = 256
"""The same of a unit with a state, which has to keep it through the gaps: of a bit of a row that
waits for its turn, one gap in a hundred may tell."""


@dataclass(frozen=True)
class Chunk:
    """Consecutive operands.

    Attributes
    ----------
    operands
        Codes by port.
    is_divisible
        Whether they may be cut into parts that run on units of their own.
    """

    operands: Codes
    is_divisible: bool


@dataclass(frozen=True)
class Plan:
    """What to check a unit with; it can be gone through once.

    Attributes
    ----------
    strategy
        What kind of vectors they are, for people.
    vectors
        How many there are.
    chunks
        The vectors, made as they are asked for.
    """

    strategy: str
    vectors: int
    chunks: Iterable[Chunk]


def plan_vectors(unit: Unit, name: str, vectors: int, seed: int, *, exhaustive: bool) -> Plan:
    """Return everything if that is asked for or no more than `vectors`.

    Otherwise directed vectors come first and random ones after them, `vectors` in all, which
    depend on the unit, their number and the seed, and on nothing else.

    Parameters
    ----------
    unit
        What to check.
    name
        Name of the kind of unit, which its stimuli have too.
    vectors, seed
        How many, and where the random ones start from.
    exhaustive
        Whether to check everything, however much it is.

    Raises
    ------
    ConfigError
        If everything is asked for and too much.
    """
    stimuli = get_stimuli(name)
    bits = stimuli.space_bits(unit.params)
    if exhaustive and bits > MAX_EXHAUSTIVE_BITS:
        reason = (
            "it has a state, and its sums have no end"
            if unit.is_stateful
            else f"there are 2^{bits}, and the limit is 2^{MAX_EXHAUSTIVE_BITS}"
        )
        raise ConfigError(f"{unit.manifest['name']}: cannot check all vectors: {reason}")
    if exhaustive or 1 << bits <= vectors:
        return Plan("exhaustive", 1 << bits, _all_vectors(unit, stimuli, 1 << bits))
    return Plan("directed and random", vectors, _some_vectors(unit, stimuli, vectors, seed))


def plan_operands(unit: Unit, operands: Codes) -> Plan:
    """Return somebody's own operands, with what is driven on the valid port and the reset."""
    count = count_of(operands)
    if unit.is_scheduled(operands):
        return Plan("operands", count, [Chunk(operands, is_divisible=False)])
    if unit.is_stateful or count <= STORY_VECTORS:
        return Plan("operands", count, [Chunk(operands, is_divisible=False)])
    size = chunk_vectors(unit)
    parts = (part_of(operands, start, start + size) for start in range(0, count, size))
    return Plan("operands", count, (Chunk(part, is_divisible=True) for part in parts))


def interface_vectors(unit: Unit, name: str, seed: int, *, brief: bool = False) -> Codes:
    """Return operands with gaps between them and, if there is a clock, resets in flight.

    `brief` is for slow simulators, and for those who play few vectors anyway.
    """
    epoch = 24 + 4 * unit.latency
    is_long = unit.is_stateful and not brief
    count = epoch * (LONG_INTERFACE_EPOCHS if is_long else INTERFACE_EPOCHS)
    random = np.random.default_rng([seed, 0, 0])
    operands = get_stimuli(name).random(unit.params, count, random)
    # Full speed, trickle, and between.
    density = np.repeat(random.choice([1.0, 0.75, 0.25], count // 8), 8)
    operands[unit.valid_in] = (random.random(count) < density).astype(np.uint8)
    if unit.reset is not None:
        resets = (random.random(count) < 1 / epoch).astype(np.uint8)
        resets[count // 2] = 1
        operands[unit.reset] = resets
    return operands


def chunk_vectors(unit: Unit) -> int:
    """Return how many vectors the chunks for a unit have."""
    low, high = CHUNK_VECTORS
    return max(low, min(high, CHUNK_BYTES // unit.vector_bytes))


def _all_vectors(unit: Unit, stimuli: Stimuli, vectors: int) -> Iterator[Chunk]:
    size = chunk_vectors(unit)
    for start in range(0, vectors, size):
        count = min(size, vectors - start)
        yield Chunk(stimuli.enumerate_space(unit.params, start, count), is_divisible=True)


def _some_vectors(unit: Unit, stimuli: Stimuli, vectors: int, seed: int) -> Iterator[Chunk]:
    size = chunk_vectors(unit)
    directed = part_of(stimuli.directed(unit.params), 0, vectors)
    done = count_of(directed)
    # Hand-made operands for a unit with a state are one story from beginning to end.
    step = done if unit.is_stateful else size
    for start in range(0, done, step):
        yield Chunk(part_of(directed, start, start + step), is_divisible=not unit.is_stateful)
    for number, start in enumerate(range(done, vectors, size)):
        random = np.random.default_rng([seed, number])
        count = min(size, vectors - start)
        yield Chunk(stimuli.random(unit.params, count, random), is_divisible=True)
