from __future__ import annotations

import re
import shutil
import subprocess
from itertools import count
from pathlib import Path

import pytest

from gen.errors import ToolError
from synth.libraries import Library, load_library
from synth.mapping import Mapper
from synth.netlist import Instance, Netlist
from synth.recipes import candidates
from synth.timing import Step, longest_path


@pytest.fixture(scope="module")
def tiny() -> Library:
    return load_library(Path(__file__).with_name("tiny.lib"))


def netlist(inputs: str, outputs: str, *cells: str) -> Netlist:
    """Return a netlist from lines such as ``NAND2 A=a B=b Y=y``; the nets are words."""
    numbers: dict[str, int] = {}
    fresh = count()

    def number(net: str) -> int:
        if net not in numbers:
            numbers[net] = next(fresh)
        return numbers[net]

    instances = []
    for index, cell in enumerate(cells):
        kind, *pins = cell.split()
        nets = {pin: number(net) for pin, net in (word.split("=") for word in pins)}
        instances.append(Instance(f"u{index}", kind, nets))
    ins = {net: number(net) for net in inputs.split()}
    outs = {net: number(net) for net in outputs.split()}
    return Netlist("top", ins, outs, tuple(instances), len(numbers))


def test_one_gate_without_load(tiny: Library) -> None:
    # Table's corner: rising 10, falling 15; the falling output is the later one.
    path = longest_path(netlist("a", "y", "INV A=a Y=y"), tiny)
    assert path.delay_ps == 15.0
    assert (path.start, path.end, path.setup_ps) == ("a", "y", 0.0)
    assert path.steps == (Step("INV", "Y", 15.0),)


def test_load_and_slew_count(tiny: Library) -> None:
    # n drives one input of a NAND2: 2 fF rising, 1 fF falling.
    # n rising: 10 + 2 * 2 = 14, slew 20 + 5 * 2 = 30; then y falls after 15 + 30 / 10 = 18.
    # n falling: 15 + 2 * 1 = 17, slew 20 + 5 * 1 = 25; then y rises after 10 + 25 / 10 = 12.5.
    path = longest_path(netlist("a b", "y", "INV A=a Y=n", "NAND2 A=n B=b Y=y"), tiny)
    assert path.delay_ps == pytest.approx(14 + 18)
    assert [step.arrival_ps for step in path.steps] == pytest.approx([14, 32])


def test_beyond_the_tables_it_goes_on_straight(tiny: Library) -> None:
    # 12 inverters are 12 fF, the table ends at 10: 15 + 2 * 12 = 39 falling.
    # With slew 20 + 5 * 12 = 80 the next output rises after 10 + 8; rising first is 5 less, 5 more.
    cells = ["INV A=a Y=n", *(f"INV A=n Y=y{i}" for i in range(12))]
    path = longest_path(netlist("a", " ".join(f"y{i}" for i in range(12)), *cells), tiny)
    assert path.delay_ps == pytest.approx(39 + 18)


def test_non_unate_cells_take_the_later_of_both_directions(tiny: Library) -> None:
    # The inverter's falling output, 15 + 2, is the later one, and the sum may fall on it:
    # 17 + 15 + (20 + 5) / 10.
    cells = ("INV A=a Y=n", "ADDER A=n B=b C=c S=s")
    assert longest_path(netlist("a b c", "s", *cells), tiny).delay_ps == pytest.approx(34.5)


def test_register_to_register(tiny: Library) -> None:
    # Clock to Q with 1 fF: rising 42, falling 47, slew 25. Inverter into D, 3 fF:
    # falling 15 + 6 + 2.5 = 23.5, rising 18.5, slew 35.
    # Setup: rising 30 + 0.1 * 35 = 33.5 (rows are the data's slew), falling 30 + 0.2 * 35 = 37.
    # Q falls at 47, D rises at 65.5, +33.5 = 99; Q rises at 42, D falls at 65.5, +37 = 102.5.
    cells = ("REG CK=clk D=d Q=q", "INV A=q Y=d")
    path = longest_path(netlist("clk", "q", *cells), tiny)
    assert path.delay_ps == pytest.approx(102.5)
    assert (path.start, path.end) == ("REG", "REG")
    assert path.setup_ps == pytest.approx(37.0)
    assert [step.cell for step in path.steps] == ["REG", "INV"]


def test_from_a_port_to_a_register(tiny: Library) -> None:
    path = longest_path(netlist("clk a", "q", "REG CK=clk D=a Q=q"), tiny)
    assert (path.delay_ps, path.start, path.end) == (45.0, "REG", "q")  # longer than setup alone


def test_an_unclocked_pin_or_constant_output_starts_nothing(tiny: Library) -> None:
    path = longest_path(netlist("a", ""), tiny)
    assert (path.delay_ps, path.start, path.end, path.steps) == (0.0, "", "", ())


def test_combinational_loops_are_refused(tiny: Library) -> None:
    loop = netlist("a", "y", "NAND2 A=a B=z Y=y", "INV A=y Y=z")
    with pytest.raises(ToolError) as caught:
        longest_path(loop, tiny)
    assert str(caught.value) == "timing: combinational loop through 2 nets"


# Against OpenSTA, where it is installed.


def as_verilog(netlist: Netlist) -> str:
    ports = {net: f"p{net}" for net in (*netlist.inputs.values(), *netlist.outputs.values())}
    lines = [f"module {netlist.name} ({', '.join(ports.values())});"]
    lines += [f"  input p{net};" for net in netlist.inputs.values()]
    lines += [f"  output p{net};" for net in dict.fromkeys(netlist.outputs.values())]
    for number, instance in enumerate(netlist.instances):
        pins = ", ".join(
            f".{pin}({ports.get(net, f'n{net}')})" for pin, net in instance.nets.items()
        )
        lines.append(f"  {instance.cell} u{number} ({pins});")
    return "\n".join([*lines, "endmodule", ""])


def opensta_delay(netlist: Netlist, library: Library, directory: Path) -> float:
    """Return the longest path as OpenSTA sees it, in ps."""
    text = (library.cache / "cells.lib").read_text()
    # OpenSTA would add the wires that the library suggests.
    text = re.sub(r"default_wire_load\s*:[^;]*;", "", text)
    (directory / "cells.lib").write_text(text)
    (directory / "netlist.v").write_text(as_verilog(netlist))
    clock = netlist.inputs.get("clk")
    constraints = ["set_max_delay 0 -from [all_inputs] -to [all_outputs]"]
    if clock is not None:
        constraints = [
            f"create_clock -name clk -period 0 [get_ports p{clock}]",
            "set_input_delay 0 -clock clk [all_inputs]",
            "set_output_delay 0 -clock clk [all_outputs]",
        ]
    commands = [
        "read_liberty cells.lib",
        "read_verilog netlist.v",
        f"link_design {netlist.name}",
        *constraints,
        "report_checks -path_delay max -digits 6",
    ]
    (directory / "run.tcl").write_text("\n".join([*commands, "exit", ""]))
    report = subprocess.run(
        ["sta", "-no_splash", "-exit", "run.tcl"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    slacks = re.findall(r"(-?[\d.]+)\s+slack", report)
    assert slacks, report
    return -1000 * float(slacks[-1])


DESIGNS = {
    "adder": "module top (input [7:0] a, b, output [8:0] y); assign y = a + b; endmodule",
    "multiplier": "module top (input signed [5:0] a, b, output signed [11:0] y);"
    " assign y = a * b; endmodule",
    "shifter": "module top (input [15:0] a, input [3:0] b, output [15:0] y);"
    " assign y = a >> b; endmodule",
    "counter": "module top (input clk, rst, output reg [7:0] y);"
    " always @(posedge clk) y <= rst ? 0 : y + 1; endmodule",
    "pipeline": "module top (input clk, input [3:0] a, b, output reg [7:0] y);"
    " reg [3:0] c, d; always @(posedge clk) begin c <= a; d <= b; y <= c * d; end endmodule",
}


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")
@pytest.mark.parametrize("objective", ["area", "delay"])
@pytest.mark.parametrize("design", DESIGNS)
def test_opensta_agrees(design: str, objective: str, tmp_path: Path) -> None:
    library = load_library("nangate45")
    mapper = Mapper(tmp_path, DESIGNS[design], "top", library)
    recipe = candidates("area" if objective == "area" else "delay")[-1]
    mapped = mapper.flat(recipe, "mapped", 1.0).netlist
    ours = longest_path(mapped, library).delay_ps
    assert ours == pytest.approx(opensta_delay(mapped, library, tmp_path), rel=0.001)
