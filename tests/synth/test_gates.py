from pathlib import Path

import pytest

from cosim.formal.circuit import read_circuit
from cosim.formal.graph import Graph
from cosim.formal.solver import solve
from gen.errors import ConfigError
from synth.cells import Cell, Pin
from synth.gates import _expression, cell_verilog, netlist_verilog
from synth.libraries import load_library
from synth.netlist import Instance, Netlist

TINY = Path(__file__).with_name("tiny.lib")


def pins(inputs, **functions):
    return {name: Pin("input", 0, 0, None) for name in inputs} | {
        name: Pin("output", 0, 0, function) for name, function in functions.items()
    }


def test_expressions_are_what_truth_tables_say():
    # All functions of three inputs, beside a look-up of their tables.
    assigns = "".join(
        f"assign e[{t}] = {_expression(t, 'abc')}; assign w[{t}] = ({t} >> {{c, b, a}}) & 1;\n"
        for t in range(256)
    )
    ports = "input a, input b, input c, output [255:0] e, output [255:0] w"
    circuit = read_circuit(f"module all ({ports});\n{assigns}endmodule\n", "all")
    graph = Graph()
    placed, _ = circuit.place(graph, circuit.free_inputs(graph))
    assert solve(graph, graph.unequal(placed["e"], placed["w"]), 60).is_possible is False
    assert solve(graph, graph.unequal(placed["e"], placed["w"][::-1]), 60).is_possible is True


@pytest.mark.parametrize(
    ("table", "expression"),
    [(0b1000, "(b & a)"), (0b0111, "(~b | ~a)"), (0b0110, "(b ^ a)"), (0b1111, "1'b1")],
    ids=["and", "nand", "xor", "constant"],
)
def test_expressions_are_short(table, expression):
    assert _expression(table, "ab") == expression


def test_a_combinational_cell():
    cell = Cell("AO", 1, 0, "", pins("ABC", Y=0b1111_1000, Z=0b0000_0001), ())
    assert (
        cell_verilog(cell)
        == """\
module AO (
    input A,
    input B,
    input C,
    output Y,
    output Z
);
    assign Y = (C | (B & A));
    assign Z = (~C & (~B & ~A));
endmodule
"""
    )


def test_flip_flops_of_the_tiny_library_have_an_edge_and_a_complement():
    cells = load_library(TINY).cells
    registers = [(cell, cell.register) for cell in cells.values() if cell.register]
    assert registers
    for cell, register in registers:
        text = cell_verilog(cell)
        assert f"always @(posedge {register.clock}) state <= " in text
        assert "= state;" in text


def test_a_falling_edge(tmp_path):
    text = TINY.read_text()
    assert 'clocked_on : "CK"' in text
    falling = tmp_path / "falling.lib"
    falling.write_text(text.replace('clocked_on : "CK"', 'clocked_on : "!CK"'))
    cells = load_library(falling).cells
    assert any("negedge CK" in cell_verilog(cell) for cell in cells.values() if cell.register)


def test_a_cell_that_the_library_does_not_describe():
    with pytest.raises(ConfigError) as error:
        cell_verilog(Cell("LATCH", 1, 0, "latch", pins("DG", Q=None), ()))
    assert str(error.value) == (
        "LATCH: cannot simulate this cell: the library gives no function of its inputs for Q, and "
        "no flip-flop with one clock edge"
    )


def test_a_netlist_with_constants():
    netlist = Netlist(
        "top",
        inputs={"a[0]": 0, "a[1]": 1},
        outputs={"y[1]": 2},
        instances=(
            Instance("INV_0", "INV", {"A": 1, "Y": 2}),
            Instance("u.1", "INV", {}, {"A": 0}),
        ),
        net_count=3,
        tied={"y[0]": 1},
    )
    text = netlist_verilog(netlist, load_library(TINY))
    assert (
        text
        == """\
module top (
    input [1:0] a,
    output [1:0] y
);
    wire n0;
    wire n1;
    wire n2;
    assign n0 = a[0];
    assign n1 = a[1];
    INV INV_0 (.A(n1), .Y(n2));
    INV \\u.1  (.A(1'b0));
    assign y[1] = n2;
    assign y[0] = 1'b1;
endmodule

module INV (
    input A,
    output Y
);
    assign Y = ~A;
endmodule
"""
    )
