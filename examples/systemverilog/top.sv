// Four lanes of INT8 multiply-accumulate per output channel, in somebody else's SystemVerilog.
// The unit: slipstick generate dot name=int8_dot4 a=int8 b=int8 y=int32 lanes=4 accumulate=true -o rtl
module top #(
    parameter int CHANNELS = 8
) (
    input  logic                      clk,
    input  logic                      rst,
    input  logic                      valid,
    input  logic                      first,
    input  logic [31:0]               activations,  // four codes, the first in the low bits
    input  logic [CHANNELS-1:0][31:0] weights,
    output logic                      sums_valid,
    output logic [CHANNELS-1:0][31:0] sums
);
    logic [CHANNELS-1:0] valids;
    assign sums_valid = valids[0];

    for (genvar channel = 0; channel < CHANNELS; channel++) begin : gen_channel
        int8_dot4 dot (
            .clk,
            .rst,
            .in_valid(valid),
            .first,
            .a(activations),
            .b(weights[channel]),
            .out_valid(valids[channel]),
            .y(sums[channel])
        );
    end

    // All channels run in step: one valid bit stands for all.
    logic unused;
    assign unused = &{1'b0, valids[CHANNELS-1:1]};
endmodule
