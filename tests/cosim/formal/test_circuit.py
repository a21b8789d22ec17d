import pytest

from cosim.formal.circuit import read_circuit
from cosim.formal.graph import FALSE, TRUE, Graph
from gen.errors import ToolError

COUNTER = """\
module step(input [10:0] x, output [10:0] y); assign y = x + 3; endmodule
module counter(input clk, input rst, input [10:0] add, output reg [10:0] total, output odd);
    wire [10:0] next;
    step step(.x(total + add), .y(next));
    assign odd = total[0];
    always @(posedge clk) if (rst) total <= 5; else total <= next;
endmodule
"""


def bits(value):
    return [TRUE if value >> index & 1 else FALSE for index in range(11)]


def value(literals):
    assert set(literals) <= {FALSE, TRUE}
    return sum(literal << index for index, literal in enumerate(literals))


def test_a_circuit_steps():
    circuit = read_circuit(COUNTER, "counter", clock="clk")
    assert circuit.inputs == {"rst": 1, "add": 11}
    assert circuit.outputs == {"total": 11, "odd": 1}
    assert circuit.registers == 11
    graph = Graph()
    state = circuit.free_state(graph)
    totals = []
    for add, rst in [(0, TRUE), (1000, FALSE), (2000, FALSE), (0, FALSE)]:
        outputs, state = circuit.place(graph, {"add": bits(add), "rst": [rst]}, state)
        totals.append(outputs["total"])
        assert outputs["odd"] == outputs["total"][:1]
    # 5, 5 + 1000 + 3, 1008 + 2000 + 3 - 2048
    assert [value(total) for total in totals[1:]] == [5, 1008, 963]
    assert value(state) == 966


def test_names_of_free_inputs():
    circuit = read_circuit(COUNTER, "counter", clock="clk")
    graph = Graph()
    circuit.free_inputs(graph, "7.")
    assert set(graph.inputs.values()) == {"7.rst[0]", *(f"7.add[{i}]" for i in range(11))}


def test_verilog_that_yosys_does_not_accept():
    with pytest.raises(ToolError, match=r"^yosys: "):
        read_circuit("module counter(input a; endmodule", "counter")
