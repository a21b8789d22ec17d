from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gen.errors import ConfigError, ToolError
from synth.libraries import Library, load_library
from synth.netlist import Instance, Netlist
from synth.simulate import Simulation, evaluate, pack


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(Path(__file__).with_name("tiny.lib"))


def every_row(inputs: int) -> np.ndarray:
    """Return operands whose bit i of word 0 is row i of a truth table."""
    rows = np.arange(1 << inputs, dtype=np.uint64)
    shape = (inputs, 1)
    words = [np.sum((rows >> np.uint64(k) & np.uint64(1)) << rows) for k in range(inputs)]
    return np.array(words, dtype=np.uint64).reshape(shape)


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_every_function_of_a_few_inputs(inputs: int) -> None:
    rows = 1 << inputs
    operands = every_row(inputs)
    mask = (1 << rows) - 1
    for table in range(1 << rows):
        assert int(evaluate(table, operands)[0]) & mask == table


def test_random_functions_of_six_inputs() -> None:
    rng = np.random.default_rng(1)
    operands = every_row(6)
    for table in rng.integers(0, 1 << 64, 200, dtype=np.uint64):
        assert evaluate(int(table), operands)[0] == table


def test_a_function_of_nothing() -> None:
    assert evaluate(1, np.zeros((0, 2), np.uint64)).tolist() == [2**64 - 1] * 2


def test_packing_puts_streams_side_by_side() -> None:
    # 64 streams of two cycles; stream s is codes[2 s], codes[2 s + 1].
    codes = np.arange(128, dtype=np.uint8)
    words = pack(codes, 7, 64)
    assert words.shape == (2, 7, 1)
    for stream in range(64):
        for cycle in range(2):
            bits = [int(words[cycle, bit, 0]) >> stream & 1 for bit in range(7)]
            assert sum(bit << i for i, bit in enumerate(bits)) == 2 * stream + cycle


def test_packing_lanes_and_long_codes() -> None:
    lanes = np.array([[1, 2]] * 64, np.uint8)  # lane 0 in the low bits: 0b10_01
    assert (pack(lanes, 2, 64)[0, :, 0] != 0).tolist() == [True, False, False, True]
    long = np.array([1 << 70 | 1] * 64, dtype=object)
    assert np.flatnonzero(pack(long, 71, 64)[0, :, 0]).tolist() == [0, 70]


def test_gates_constants_and_registers(tiny: Library) -> None:
    # y = !(a & 1), one cycle later in q; b is not connected.
    netlist = Netlist(
        "top",
        {"clk": 0, "a": 1},
        {"y": 2, "q": 3},
        (
            Instance("g", "NAND2", {"A": 1, "Y": 2}, {"B": 1}),
            Instance("r", "REG", {"CK": 0, "D": 2, "Q": 3}),
            Instance("i", "INV", {}, {"A": 0}),
        ),
        4,
    )
    a = np.array([[5], [3], [0]], np.uint64)
    values = Simulation(netlist, tiny).run({1: a})
    seen = [(int(y), int(q)) for y, q in zip(values[2, :, 0], values[3, :, 0], strict=True)]
    full = 2**64 - 1
    assert seen == [(full ^ 5, 0), (full ^ 3, full ^ 5), (full, full ^ 3)]


def test_loops_and_what_is_before_and_after(tiny: Library) -> None:
    # p follows a by a cycle; the loop s becomes !(p & s) every cycle; o follows !s by a cycle.
    netlist = Netlist(
        "top",
        {"clk": 0, "a": 1},
        {"s": 4, "o": 6},
        (
            Instance("p", "REG", {"CK": 0, "D": 1, "Q": 2}),
            Instance("g", "NAND2", {"A": 2, "B": 4, "Y": 3}),
            Instance("s", "REG", {"CK": 0, "D": 3, "Q": 4}),
            Instance("i", "INV", {"A": 4, "Y": 5}),
            Instance("o", "REG", {"CK": 0, "D": 5, "Q": 6}),
        ),
        7,
    )
    a = np.random.default_rng(1).integers(0, 1 << 64, (9, 2), dtype=np.uint64)
    values = Simulation(netlist, tiny).run({1: a})
    p = s = o = np.zeros(2, np.uint64)
    for cycle in range(9):
        np.testing.assert_array_equal(values[4, cycle], s)
        np.testing.assert_array_equal(values[6, cycle], o)
        p, s, o = a[cycle], ~(p & s), ~s


def test_what_cannot_be_simulated(tiny: Library) -> None:
    loop = Netlist(
        "top",
        {},
        {"y": 0},
        (
            Instance("a", "INV", {"A": 1, "Y": 0}),
            Instance("b", "INV", {"A": 0, "Y": 1}),
        ),
        2,
    )
    with pytest.raises(ToolError, match="simulation: combinational loop through 2 cells"):
        Simulation(loop, tiny)
    gated = Netlist(
        "top",
        {"a": 0},
        {"q": 2},
        (
            Instance("a", "INV", {"A": 0, "Y": 1}),
            Instance("b", "REG", {"CK": 1, "D": 0, "Q": 2}),
        ),
        3,
    )
    with pytest.raises(ToolError, match="simulation: REG has a clock that is no port"):
        Simulation(gated, tiny)
    latch = Netlist("top", {"a": 0}, {"q": 1}, (Instance("l", "DLH_X1", {"D": 0, "Q": 1}),), 2)
    with pytest.raises(ConfigError, match="cannot simulate DLH_X1: no plain flip-flop"):
        Simulation(latch, load_library("nangate45"))
