from cosim.benches.records import layout_of
from cosim.player import player_verilog, waves_verilog
from tests.cosim.duts import RUNNING_PORTS, port, running_unit

WIDE = {
    "name": "wide",
    "clock": None,
    "ports": [
        port("in_valid", "in", 1, "valid"),
        port("a", "in", 10, "data", "uint5", lanes=2),
        port("out_valid", "out", 1, "valid"),
        port("y", "out", 6, "data", "uint6"),
    ],
}


def test_lanes_are_taken_from_their_containers_and_put_back_with_zeros_above():
    # Stimulus: in_valid in bytes 0 and 1, a in 2 to 5. Result: out_valid in 0 and 1, y in 2 and 3.
    assert (
        player_verilog(WIDE, layout_of(WIDE["ports"], 2), 2)
        == """\
module slipstick_player (
    input clk,
    input [127:0] stimulus,
    output [127:0] result
);
    wire [127:0] held = stimulus;
    wire [0:0] out_valid_0;
    wire [5:0] y_0;
    wide copy_0 (.in_valid({held[0+:1]}), .a({held[24+:5], held[16+:5]}), \
.out_valid(out_valid_0), .y(y_0));
    assign result[0+:8] = out_valid_0[0+:1];
    assign result[16+:8] = y_0[0+:6];
    wire [0:0] out_valid_1;
    wire [5:0] y_1;
    wide copy_1 (.in_valid({held[8+:1]}), .a({held[40+:5], held[32+:5]}), \
.out_valid(out_valid_1), .y(y_1));
    assign result[8+:8] = out_valid_1[0+:1];
    assign result[24+:8] = y_1[0+:6];
    assign result[127:32] = 0;
endmodule
"""
    )


def test_copies_share_the_clock():
    text = player_verilog(running_unit().manifest, layout_of(RUNNING_PORTS, 2), 2)
    assert text.count(".clk(clk)") == 2


def test_a_unit_that_dumps_waves_keeps_its_ports():
    assert (
        waves_verilog(WIDE)
        == """\
module slipstick_waves (
    input [0:0] in_valid,
    input [9:0] a,
    output [0:0] out_valid,
    output [5:0] y,
    input bit dump
);
    wide unit (.in_valid(in_valid), .a(a), .out_valid(out_valid), .y(y));
    always @(posedge dump) begin
        $dumpfile("waves.fst");
        $dumpvars(0, unit);
    end
endmodule
"""
    )
