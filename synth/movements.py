"""How often each cause of an energy came about: movements of the pins of cells, by power table.

A library's power table is of one pin in one direction, perhaps for one input as its cause and for
one state of the others. `Counter` counts how many movements of all instances of a cell fit each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from synth.cells import PowerArc
from synth.libraries import Library
from synth.simulate import Kind, Words, evaluate
from synth.timing import Conditions, Tables

__all__ = ["ONES", "Counter", "population"]

ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
"""A word of streams all of which have a one."""


def population(words: Words) -> NDArray[np.int64]:
    """Return how many ones there are along the last axis."""
    return np.bitwise_count(words).sum(axis=-1, dtype=np.int64)


class _Group:
    """The arcs of one pin in one direction, and how often each was the cause of a movement.

    Attributes
    ----------
    counts
        Movements that fit each arc, shape (arcs, instances); several may fit one movement.
    matched, missed
        Movements that some arc fits, and that none does: the library knows no such case, as when
        several inputs move at once.
    """

    def __init__(self, pin: str, rising: bool, arcs: Sequence[PowerArc], instances: int) -> None:
        self.pin = pin
        self.rising = rising
        self.arcs = arcs
        self.is_output = any(arc.source for arc in arcs)
        self.counts = np.zeros((len(arcs), instances), dtype=np.int64)
        self.matched = np.zeros(instances, dtype=np.int64)
        self.missed = np.zeros(instances, dtype=np.int64)

    def weights(self) -> NDArray[np.float64]:
        """Return how many movements each arc accounts for, shape (arcs, instances)."""
        if not self.is_output:
            return self.counts.astype(np.float64)
        fits = self.counts.sum(axis=0)
        share = np.divide(self.matched, fits, out=np.zeros(len(fits)), where=fits > 0)
        return self.counts * share + self.missed / len(self.arcs)


class Counter:
    """What moved in all instances of one cell.

    Parameters
    ----------
    kind
        The instances and where their pins are among the simulated values.
    library
        The cell's power tables.
    """

    def __init__(self, kind: Kind, library: Library) -> None:
        self.kind = kind
        self.cell = library.cells[kind.cell]
        self.clock = self.cell.register.clock if self.cell.register else ""
        arcs = library.power.get(kind.cell, ())
        self.groups = [
            _Group(pin, rising, chosen, len(kind.instances))
            for pin in self.cell.pins
            for rising in (True, False)
            if (
                chosen := [
                    arc
                    for arc in arcs
                    if arc.pin == pin and (arc.rise if rising else arc.fall) is not None
                ]
            )
        ]

    def count(self, before: Words, after: Words) -> None:
        """Count the movements from one state of all nets to the next, shape (rows, words)."""
        if not self.groups:
            return
        rows = np.array([self.kind.rows[pin] for pin in self.cell.pins])
        old, new = before[rows], after[rows]
        moved = dict(zip(self.cell.pins, old ^ new, strict=True))
        if self.clock:
            # It rises, the register and then the logic move, and it falls.
            index = list(self.cell.pins).index(self.clock)
            old[index], new[index] = 0, ONES
            moved[self.clock] = np.broadcast_to(ONES, new[index].shape)
        value = dict(zip(self.cell.pins, new, strict=True))
        for group in self.groups:
            event = moved[group.pin]
            state = new
            if group.pin != self.clock:
                event = event & (value[group.pin] if group.rising else ~value[group.pin])
            elif group.rising:
                state = old  # what the register still is while the clock rises
            self._attribute(group, event, state, moved)

    @staticmethod
    def _attribute(group: _Group, event: Words, state: Words, moved: Mapping[str, Words]) -> None:
        fitting = np.zeros_like(event)
        for number, arc in enumerate(group.arcs):
            fits = event
            if arc.source:
                fits = fits & moved[arc.source]
            if arc.when is not None:
                fits = fits & evaluate(arc.when, state)
            group.counts[number] += population(fits)
            fitting |= fits
        group.matched += population(fitting)
        group.missed += population(event & ~fitting)

    def energy(self, found: Conditions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fJ inside each instance without and with the clock's own movements."""
        internal = np.zeros(len(self.kind.instances))
        clock = np.zeros(len(self.kind.instances))
        slews = np.concatenate([found.slew, np.zeros((3, 2))])
        loads = np.concatenate([found.load, np.zeros((3, 2))])
        for group in self.groups:
            edge = 0 if group.rising else 1
            load = loads[self.kind.rows[group.pin], edge]
            for arc, weight in zip(group.arcs, group.weights(), strict=True):
                table = arc.rise if group.rising else arc.fall
                assert table is not None
                tables = Tables()
                number = tables.add(table)
                tables.freeze()
                if arc.source:  # either edge of it may be the cause
                    slew = slews[self.kind.rows[arc.source]].mean(axis=1)
                else:
                    slew = slews[self.kind.rows[group.pin], edge]
                each = tables.look_up(np.full(len(load), number), slew, load)
                target = clock if group.pin == self.clock else internal
                target += each * weight
        return internal, clock
