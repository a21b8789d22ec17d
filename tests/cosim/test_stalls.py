from dataclasses import replace

import pytest

from cosim import stalls
from cosim.stalls import Flow, play_stalled
from gen.catalog import UNITS
from gen.config import resolve
from gen.emit import generate

STREAMED = {
    "fma": "fma a=e4m3 b=e4m3 c=fp16 y=fp16 stages=3",
    "dot": "dot a=int4 b=int4 lanes=2 y=int16 accumulate=true stages=2",
    "convert": "convert x=fp16 y=e4m3 stages=1",
    "quantize": "quantize x=int16 y=int8 scale=e8m0 stages=2",
    "sparse_mux": "sparse_mux x=int4 groups=2 stages=1",
    "vector_scale": "vector_scale x=int9 scale_a=uint4 scale_b=uint4 scale_bits=5 stages=1",
    "block_dot": "block_dot a=mxfp4v4 b=mxfp4v4 y=fp32 accumulate=true stages=2",
    "block_quantize": "block_quantize x=bf16 y=nvfp4v4 lanes=2 outer=bf16 stages=2",
    "tile": "tile m=2 n=2 k=2 a=int4 b=int4 y=int12 accumulate=true stages=1",
    "systolic": "systolic rows=2 cols=2 a=int4 b=int4 y=int10 c=int8 stages=1",
    "log_dot": "log_dot format=log3.1 lanes=2 stages=1",
    "log_add": "log_add format=log3.2 stages=1",
}
"""A small config of every unit, with operands that bring no result where it can have them."""


def config_of(words):
    (config,) = resolve(words.split())
    return config


def test_every_unit_is_there():
    assert set(STREAMED) == set(UNITS)


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize("words", STREAMED.values(), ids=STREAMED)
def test_nothing_is_lost_duplicated_or_reordered(words, tmp_path):
    flow = play_stalled(config_of(words), "ready", tmp_path, cycles=400)
    assert flow.problem is None
    assert len(flow.results) > 20


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize("unit", ["fma", "tile", "block_quantize"])
def test_the_same_under_the_names_of_axi(unit, tmp_path):
    flow = play_stalled(config_of(STREAMED[unit]), "axi", tmp_path, cycles=400)
    assert flow.problem is None
    assert len(flow.results) > 20


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize("kind", ["ready", "axi"])
def test_handshakes_pass_through_a_unit_without_a_clock(kind, tmp_path):
    flow = play_stalled(config_of("fma a=int4 b=int4 c=int8 y=int8"), kind, tmp_path, cycles=400)
    assert flow.problem is None
    assert len(flow.results) == flow.taken > 20
    assert flow.depth == 0


@pytest.mark.slow
def test_verilator_finds_the_same(tmp_path):
    config = config_of(STREAMED["convert"])
    flow = play_stalled(config, "ready", tmp_path, cycles=2000, simulator="verilator")
    assert flow.problem is None
    assert flow == play_stalled(config, "ready", tmp_path, cycles=2000)


PLAIN = """
module unit (
    input wire clk, rst, in_valid, out_ready, input wire [3:0] a, b, input wire [7:0] c,
    output reg out_valid, output wire in_ready, output reg [7:0] y
);
    assign in_ready = {ready};
    always @(posedge clk) begin
        out_valid <= (in_valid & in_ready) {keeps};
        if (in_valid & in_ready) y <= $signed(a) * $signed(b) + $signed(c);
    end
endmodule
"""


@pytest.mark.tool("iverilog", "vvp")
@pytest.mark.parametrize(
    ("ready", "keeps", "problem"),
    [
        ("~out_valid | out_ready", "| (out_valid & ~out_ready)", None),
        ("1'b1", "| (out_valid & ~out_ready)", "result "),
        ("~out_valid | out_ready", "", "result "),
        ("~out_valid | out_ready", "| (out_valid & ~(out_ready & c[0]))", "result "),
    ],
    ids=["a register", "it takes too much", "nothing waits", "again and again"],
)
def test_what_loses_or_repeats_is_found(ready, keeps, problem, tmp_path, monkeypatch):
    config = config_of("fma a=int4 b=int4 c=int8 y=int8 stages=1")
    made = generate(config, "ready")
    manifest = made.manifest | {"name": "unit", "stream": {"kind": "ready", "depth": 1}}
    verilog = PLAIN.format(ready=ready, keeps=keeps)
    broken = replace(made, verilog=verilog, manifest=manifest)
    monkeypatch.setattr(stalls, "generate", lambda *_: broken)
    flow = play_stalled(config, "ready", tmp_path, cycles=300)
    assert (flow.problem or "None").startswith(str(problem))


@pytest.mark.parametrize(
    ("results", "changed", "problem"),
    [
        ([1, 2, 3, 4], 0, None),
        ([1, 2, 3], 0, None),
        ([1, 3, 2], 0, "result 1 is 0x3, not 0x2"),
        ([1, 2], 0, "2 results of 4, and 1 can be on their way"),
        ([1, 2, 3, 4, 4], 0, "5 results of 4"),
        ([1, 2, 3, 4], 2, "results were taken back in 2 cycles"),
    ],
)
def test_problems_in_words(results, changed, problem):
    assert Flow(4, results, [1, 2, 3, 4], 1, changed).problem == problem
