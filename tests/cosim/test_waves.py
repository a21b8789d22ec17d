import struct

import numpy as np
import pytest

from cosim import waves
from cosim.checker import Batch
from cosim.waves import dump_waves, viewer_command
from tests.cosim.duts import RUNNING, SUM, random_sequence, random_sums, running_unit, sum_unit

SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.tool("iverilog", "vvp"))]
CYCLE = 2  # ns


def cycles_of(content):
    """Return first and last clock cycle of a dump; FST begins with a block that has the times."""
    kind, length, start, end = struct.unpack_from(">BQQQ", content)
    assert (kind, length) == (0, 329)
    scale = struct.unpack_from(">b", content, 73)[0]
    return start * 10 ** (scale + 9) / CYCLE, end * 10 ** (scale + 9) / CYCLE


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_only_what_is_around_the_operands_is_shown(simulator, tmp_path):
    unit, operands = running_unit(), random_sequence(500)
    operands["first"][:] = 0
    operands["first"][300] = 1
    batch = Batch(operands, *unit.respond(operands))
    start, end = cycles_of(dump_waves(unit, RUNNING, simulator, batch, 400, work=tmp_path))
    # Played from operand 300 on, after the reset; shown from 380 on, and the latency after 420.
    assert start == 1 + 80
    assert end - start == pytest.approx(41 + 2 + 1, abs=0.5)


def test_names_can_be_read(tmp_path):
    unit, operands = sum_unit(), random_sums(5)
    batch = Batch(operands, *unit.respond(operands))
    content = dump_waves(unit, SUM, "verilator", batch, 4, work=tmp_path)
    for name in (b"slipstick_waves", b"unit", b"in_valid", b"low [9:0]"):
        assert name in content  # the dump is not compressed
    assert cycles_of(content) == (0, pytest.approx(5.5))


def test_neighbours_are_those_of_the_same_copy(tmp_path):
    unit, operands = sum_unit(), random_sums(16)
    operands["b"] = np.arange(16, dtype=np.uint16)
    batch = Batch(operands, *unit.respond(operands), streams=8)
    start, end = cycles_of(dump_waves(unit, SUM, "verilator", batch, 9, work=tmp_path))
    assert end - start == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("installed", "command"),
    [
        (("surfer", "gtkwave"), "surfer 'my waves.fst'"),
        (("gtkwave",), "gtkwave 'my waves.fst'"),
        ((), "gtkwave 'my waves.fst'"),
    ],
)
def test_the_viewer_that_is_there(installed, command, tmp_path, monkeypatch):
    monkeypatch.setattr(waves.shutil, "which", lambda name: name if name in installed else None)
    assert viewer_command(waves.Path("my waves.fst")) == command
