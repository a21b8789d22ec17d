"""Coverage from ports: by hand, and of units that have no bins of their own."""

import numpy as np
import pytest

from cosim.coverage import counter_for
from cosim.coverage.ports import PortCoverage
from cosim.operands import unit_of
from cosim.plan import plan_vectors
from cosim.unit import Unit
from gen.config import resolve
from tests.cosim.duts import port


def toy(monkeypatch, bits=3):
    """Return a unit that answers with half of x, whose stimuli are all of x."""
    ports = [
        port("in_valid", "in", 1, "valid"),
        port("x", "in", bits, "data"),
        port("out_valid", "out", 1, "valid"),
        port("y", "out", bits, "data", f"uint{bits}"),
    ]

    class Stimuli:
        @staticmethod
        def space_bits(_params):
            return bits

        @staticmethod
        def enumerate_space(_params, start, count):
            return {"x": np.arange(start, start + count, dtype=np.uint8)}

    monkeypatch.setattr("cosim.coverage.ports.get_stimuli", lambda _name: Stimuli)
    return Unit({"ports": ports, "latency": 0}, {}, lambda _, operands: {"y": operands["x"] >> 1})


def test_all_operands_tell_which_results_there_can_be(monkeypatch):
    unit = toy(monkeypatch)
    counter = PortCoverage("toy", unit)
    x = np.array([0, 2], np.uint8)
    counter.count({"x": x}, {"y": x >> 1})
    groups = {group.name: group for group in counter.coverage().groups}
    assert groups["x"].missed == ["0x1", "0x3", "0x4", "0x5", "0x6", "0x7"]
    # Of x / 2 the largest number, 7, is out of reach.
    assert (groups["y"].bins, groups["y"].reached, groups["y"].missed) == (2, 2, [])
    counter.count({"x": x}, {"y": x + 5})
    assert counter.coverage().groups[1].unforeseen == ["+largest"]


def test_wide_lanes_are_counted_bit_by_bit(monkeypatch):
    monkeypatch.setattr("cosim.coverage.ports.LISTED_BITS", 2)
    counter = PortCoverage("toy", toy(monkeypatch))
    counter.count({"x": np.array([0, 5], np.uint8)}, {"y": np.array([0, 2], np.uint8)})
    assert counter.coverage().groups[0].missed == ["bit 1 = 1"]


@pytest.mark.parametrize(
    "words",
    [
        "sparse_mux x=int4 groups=2",
        "convert x=e4m3 y=int4",
        "convert x=fp32 y=e4m3 rounding=stochastic",
        "quantize x=fp16 y=int8 scale=e8m0",
    ],
)
def test_default_vectors_reach_everything(words):
    (config,) = resolve(words.split())
    unit = unit_of(config)
    counter = counter_for(config.unit, unit.params, unit)
    for chunk in plan_vectors(unit, config.unit, 100_000, 1, exhaustive=False).chunks:
        counter.count(chunk.operands, unit.respond(chunk.operands)[0])
    coverage = counter.coverage()
    assert coverage.is_complete, coverage.rows()
