// A testbench for top.sv that says PASS or FAIL: two sums of two cycles each, one after the other.
module bench;
    localparam int CHANNELS = 8;

    logic clk = 1'b0, rst = 1'b1, valid = 1'b0, first = 1'b0;
    logic [31:0] activations = '0;
    logic [CHANNELS-1:0][31:0] weights = '0;
    logic sums_valid;
    logic [CHANNELS-1:0][31:0] sums;
    int answers = 0;

    top #(.CHANNELS(CHANNELS)) dut (.*);

    always #5 clk = ~clk;

    initial begin
        // Inputs change while the clock falls, half a cycle before they are taken.
        repeat (2) @(negedge clk);
        rst = 1'b0;
        for (int cycle = 0; cycle < 4; cycle++) begin
            valid = 1'b1;
            first = (cycle % 2) == 0;
            activations = {8'd4, 8'd3, 8'd2, 8'd1};
            // Channel k has the weights k, k, k, k: 10 k a cycle.
            for (int k = 0; k < CHANNELS; k++) weights[k] = {4{8'(k)}};
            @(negedge clk);
        end
        valid = 1'b0;
        repeat (4) @(negedge clk);
        if (answers == 4) $display("PASS");
        else $display("FAIL: %0d answers of 4", answers);
        $finish;
    end

    always @(negedge clk) begin
        if (sums_valid) begin
            for (int k = 0; k < CHANNELS; k++) begin
                if (sums[k] !== 32'(10 * k * (1 + answers % 2))) begin
                    $display("FAIL: answer %0d, channel %0d is %0d", answers, k, $signed(sums[k]));
                    $finish;
                end
            end
            answers = answers + 1;
        end
    end
endmodule
