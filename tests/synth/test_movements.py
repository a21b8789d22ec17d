from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth.libraries import Library, load_library
from synth.movements import ONES, Counter, population
from synth.netlist import Instance, Netlist
from synth.simulate import Simulation
from synth.timing import conditions


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(Path(__file__).with_name("tiny.lib"))


def test_ones_along_the_last_axis() -> None:
    words = np.array([[0, 1, 3], [(1 << 64) - 1, 0, 1 << 63]], dtype=np.uint64)
    assert population(words).tolist() == [3, 65]


def counted(netlist: Netlist, library: Library, states: list[list[int]]) -> tuple[float, float]:
    """Return fJ without and of the clock's movements, of 64 streams alike, by stream."""
    simulation = Simulation(netlist, library)
    (kind,) = simulation.kinds
    counter = Counter(kind, library)
    values = np.zeros((simulation.rows, len(states)), dtype=np.uint64)
    values[: netlist.net_count] = np.array(states, dtype=np.uint64).T * ONES
    counter.count(values[:, :-1], values[:, 1:])
    internal, clock = counter.energy(conditions(netlist, library))
    return float(internal.sum()) / 64, float(clock.sum()) / 64


def test_each_movement_has_its_cause(tiny: Library) -> None:
    # A rise that A causes takes 3 fJ, one that B causes 5, both at once the mean; a fall takes 1.
    ports = {"a": 0, "b": 1}
    gate = Netlist("top", ports, {"y": 2}, (Instance("u", "NAND2", {"A": 0, "B": 1, "Y": 2}),), 3)
    both, no_a, no_b, neither = [1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 1]
    assert counted(gate, tiny, [both, no_a]) == (3, 0)
    assert counted(gate, tiny, [both, no_b]) == (5, 0)
    assert counted(gate, tiny, [both, neither]) == (4, 0)
    assert counted(gate, tiny, [no_a, both]) == (1, 0)
    assert counted(gate, tiny, [no_a, no_b, neither]) == (0, 0)


def test_the_clock_moves_in_every_cycle(tiny: Library) -> None:
    # Up 7 fJ while D is 0 and 9 while it is 1, down 1, whatever Q does; Q itself takes 4.
    netlist = Netlist(
        "top", {"clk": 0, "a": 1}, {"y": 2}, (Instance("r", "REG", {"CK": 0, "D": 1, "Q": 2}),), 3
    )
    assert counted(netlist, tiny, [[0, 0, 0], [0, 0, 0]]) == (0, 8)
    assert counted(netlist, tiny, [[0, 1, 0], [0, 1, 1]]) == (4, 10)
