from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.errors import ConfigError, ToolError
from synth.energy import Workload, macs_of, measure
from synth.flow import synthesize_verilog
from synth.libraries import Library, load_library
from synth.mapping import Mapper
from synth.netlist import Instance, Netlist
from synth.recipes import candidates
from synth.result import Energy

STREAMS = 64


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(Path(__file__).with_name("tiny.lib"))


def port(name: str, way: str, width: int = 1, role: str = "data") -> dict[str, Any]:
    return {"name": name, "dir": way, "width": width, "lanes": 1, "role": role}


def alternating(cycles: int, *, latency: int = 0, invert: bool = False) -> Workload:
    """Return a workload in which bit `a` moves every cycle and `y` is the same, or inverted."""
    a = np.tile(np.arange(cycles) % 2, STREAMS).astype(np.uint8)
    return Workload(
        name="alternating",
        ports=[port("a", "in"), port("y", "out")],
        latency=latency,
        operands={"a": a},
        expected={"y": 1 - a if invert else a},
        due=np.ones(len(a), np.bool_),
        streams=STREAMS,
        macs=0,
    )


def inverters(block: str = "") -> Netlist:
    return Netlist(
        "top",
        {"a": 0},
        {"y": 2},
        (
            Instance("u0", "INV", {"A": 0, "Y": 1}, block=block),
            Instance("u1", "INV", {"A": 1, "Y": 2}),
        ),
        3,
    )


def test_gates_and_nets_by_hand(tiny: Library) -> None:
    # A falling output takes 1 fJ, a rising one 2 fJ and 0.2 fJ for each fF: the net between has 1.
    # First inverter (1 + 2.2) / 2, second (1 + 2) / 2; the net between and the port have 1 fF at
    # 1 V, which is 0.5 fJ a movement. 33 cycles are 32 movements, as many up as down.
    energy = measure(inverters(), inverters("front"), tiny, alternating(33))
    assert energy.cells_fj == pytest.approx(1.6 + 1.5)
    assert energy.nets_fj == pytest.approx(0.5)
    assert energy.inputs_fj == pytest.approx(0.5)
    assert energy.fj_per_op == pytest.approx(4.1)
    assert energy.toggles == 3.0
    assert energy.operations == 32 * STREAMS
    assert energy.checked_bits == 33 * STREAMS
    assert energy.leakage_nw == pytest.approx(3.0)
    assert {block.name: block.fj for block in energy.blocks} == pytest.approx(
        {"front": 2.1, "top level": 1.5, "input ports": 0.5}
    )
    assert sum(block.share for block in energy.blocks) == pytest.approx(1.0, abs=1e-5)


def test_registers_and_their_clock_by_hand(tiny: Library) -> None:
    # Each cycle the clock pin's 2 fF take 2 fJ; what moves inside with the clock 7 fJ up if D was
    # 0, 9 if it was 1, and 1 down. Q moves each cycle, 4 fJ; D's 3 fF are 1.5 fJ a movement.
    netlist = Netlist(
        "top",
        {"clk": 0, "a": 1},
        {"y": 2},
        (Instance("r", "REG", {"CK": 0, "D": 1, "Q": 2}),),
        3,
    )
    energy = measure(netlist, netlist, tiny, alternating(34, latency=1))
    assert energy.operations == 32 * STREAMS
    assert energy.clock_fj == pytest.approx(2 + 8 + 1)
    assert energy.registers_fj == pytest.approx(4)
    assert energy.inputs_fj == pytest.approx(1.5)
    assert (energy.cells_fj, energy.nets_fj) == (0, 0)


def test_a_movement_of_two_inputs_is_shared_between_their_arcs(tiny: Library) -> None:
    # Both inputs of a NAND2 move. It rises with 3 fJ by A's table, 5 fJ by B's; it falls with 1.
    gate = Netlist(
        "top", {"a": 0}, {"y": 1}, (Instance("u", "NAND2", {"A": 0, "B": 0, "Y": 1}),), 2
    )
    energy = measure(gate, gate, tiny, alternating(33, invert=True))
    assert energy.cells_fj == pytest.approx((4 + 1) / 2)


def test_there_is_no_energy_of_a_wrong_netlist(tiny: Library) -> None:
    with pytest.raises(ToolError) as caught:
        measure(inverters(), inverters(), tiny, alternating(33, invert=True))
    assert str(caught.value) == (
        "simulation: top: the mapped netlist disagrees with the golden model: "
        "y of 64 operations in cycle 0"
    )


def test_what_is_not_due_is_not_compared(tiny: Library) -> None:
    workload = alternating(33, invert=True)
    energy = measure(
        inverters(), inverters(), tiny, dataclasses.replace(workload, due=workload.due & False)
    )
    assert energy.checked_bits == 0


def test_a_library_without_energies(tiny: Library) -> None:
    with pytest.raises(ConfigError, match="the library has no voltage or no internal power"):
        measure(inverters(), inverters(), load_library("generic"), alternating(33))


MAC = """
module mac (input clk, input [5:0] a, b, output reg [15:0] y);
  reg [5:0] a1, b1;
  always @(posedge clk) begin a1 <= a; b1 <= b; y <= y + a1 * b1; end
endmodule
"""


def mac_energy(a: np.ndarray, b: np.ndarray) -> Energy:
    sums = np.cumsum((a.astype(np.int64) * b).reshape(STREAMS, -1), axis=1) & 0xFFFF
    workload = Workload(
        name="mac",
        ports=[port("a", "in", 6), port("b", "in", 6), port("y", "out", 16)],
        latency=2,
        operands={"a": a, "b": b},
        expected={"y": sums.ravel()},
        due=np.ones(len(a), np.bool_),
        streams=STREAMS,
        macs=1,
    )
    result = synthesize_verilog(MAC, "mac", objective="area", workload=workload)
    assert result.energy is not None
    return result.energy


def test_operands_decide() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 64, (2, STREAMS * 32), dtype=np.uint8)
    busy = mac_energy(a, b)
    calm = mac_energy(a & 3, b & 3)
    still = mac_energy(a * 0, b * 0)
    assert busy.fj_per_op > 1.3 * calm.fj_per_op > 1.3 * still.fj_per_op
    # The clock runs on; nothing else does.
    assert still.clock_fj == pytest.approx(still.fj_per_op)
    assert still.toggles == 0
    assert sum(block.fj for block in busy.blocks) == pytest.approx(busy.fj_per_op, rel=1e-4)
    assert busy.fj_per_mac == busy.fj_per_op


def settle(netlist: Netlist, library: Library, inputs: dict[int, int]) -> list[int]:
    """Return the value of every net, cell by cell from truth tables, one vector at a time."""
    values: dict[int, int] = dict(inputs)
    waiting = list(netlist.instances)
    while waiting:
        instance = waiting.pop(0)
        cell = library.cells[instance.cell]
        bits = [
            instance.tied[pin] if pin in instance.tied else values.get(instance.nets[pin])
            for pin in cell.inputs
        ]
        if None in bits:
            waiting.append(instance)
            continue
        row = sum((bit or 0) << k for k, bit in enumerate(bits))
        for pin in cell.outputs:
            function = cell.pins[pin].function
            if pin in instance.nets and function is not None:
                values[instance.nets[pin]] = function >> row & 1
    return [values[net] for net in range(netlist.net_count)]


def test_movements_are_those_of_a_plain_simulation(tmp_path: Path) -> None:
    library = load_library("nangate45")
    text = "module top (input [3:0] a, b, output [7:0] y); assign y = a * b; endmodule"
    mapper = Mapper(tmp_path, text, "top", library)
    netlist = mapper.flat(candidates("area")[-1], "mapped", 1.0).netlist
    rng = np.random.default_rng(1)
    cycles = 5
    a, b = rng.integers(0, 16, (2, STREAMS * cycles))
    workload = Workload(
        name="random",
        ports=[port("a", "in", 4), port("b", "in", 4), port("y", "out", 8)],
        latency=0,
        operands={"a": a, "b": b},
        expected={"y": a * b},
        due=np.ones(len(a), np.bool_),
        streams=STREAMS,
        macs=1,
    )
    moved = 0
    for stream in range(STREAMS):
        states = [
            settle(
                netlist,
                library,
                {
                    net: int({"a": a, "b": b}[label[0]][stream * cycles + cycle]) >> int(label[2])
                    & 1
                    for label, net in netlist.inputs.items()
                },
            )
            for cycle in range(cycles)
        ]
        moved += sum(
            old != new for pair in pairwise(states) for old, new in zip(*pair, strict=True)
        )
    energy = measure(netlist, netlist, library, workload)
    assert energy.toggles == pytest.approx(moved / (STREAMS * (cycles - 1)), abs=0.001)


@pytest.mark.parametrize(
    ("params", "macs"),
    [
        ({"a": "int8", "b": "int8", "c": "int32"}, 1),
        ({"a": "int8", "b": "int8", "lanes": 32}, 32),
        ({"a": "mxfp4", "b": "mxfp4", "blocks": 2}, 64),
        ({"a": "vsq4v64", "b": "vsq4v64", "blocks": 1, "sparsity": "2:4"}, 64),
        ({"format": "log4.3", "lanes": 8}, 8),
        ({"a": "int8", "m": 2, "n": 3, "k": 4}, 24),
        ({"rows": 4, "cols": 5}, 20),
        ({"x": "fp16", "y": "e4m3"}, 0),
        ({"x": "int8", "n": 2, "m": 4}, 0),
    ],
)
def test_macs(params: dict[str, Any], macs: int) -> None:
    assert macs_of(params) == macs
