import re

from cosim.mutants import SELECT, plant

VERILOG = """\
module inner (input [3:0] x, output [3:0] y);
    assign y = x + 4'd3;
endmodule
module outer (input [3:0] a, input [3:0] b, output [3:0] y);
    wire [3:0] sum;
    inner add (.x(a ^ b), .y(sum));
    assign y = sum & a;
endmodule
"""


def test_faults_are_described_by_where_they_are():
    planted = plant(VERILOG, "outer", 40, 1)
    assert planted.select_bits == 6
    assert [mutant.number for mutant in planted.mutants] == list(range(1, 41))
    assert re.search(rf"input \[5:0\] {SELECT};", planted.verilog)
    added = [mutant for mutant in planted.mutants if mutant.place.startswith("add/add ")]
    assert added
    assert {(mutant.line, mutant.text) for mutant in added} == {(2, "assign y = x + 4'd3;")}
    known = re.compile(r"inverted( when bit \d is [01])?|stuck at [01]")
    assert all(known.fullmatch(mutant.fault) for mutant in planted.mutants)
    assert any(mutant.wire.startswith("sum[") for mutant in planted.mutants)


def test_the_choice_depends_on_the_seed_only():
    assert plant(VERILOG, "outer", 20, 1) == plant(VERILOG, "outer", 20, 1)
    assert plant(VERILOG, "outer", 20, 1).mutants != plant(VERILOG, "outer", 20, 2).mutants
