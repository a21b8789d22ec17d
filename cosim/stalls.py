"""Units in streams whose sides stall at random: nothing lost, duplicated, reordered or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.build import RANDOM_START, Simulator, build_program
from cosim.operands import unit_of
from cosim.processes import run
from cosim.stimuli import get_stimuli
from cosim.toolchain import find_icarus
from cosim.unit import Codes, Unit, count_of, part_of
from gen.config import Config
from gen.emit import StreamKind, generate

__all__ = ["Flow", "play_stalled"]

TOP = "slipstick_stalls"
OPERANDS, RESULTS, LOG = "operands.hex", "results.hex", "stalls.log"

_CHUNK = 1 << 12
"""Operands that are taken apart into bits at a time."""

_BENCH = """\
// Offers operands and wants results at random times: sides go on, stop, do now and then or rarely.
module {top} (
    input wire clk
);
    reg [{operand_bits} - 1:0] operands [0:{count} - 1];
    reg [31:0] draws = 32'd{seed}, cycle = 0, taken = 0, changed = 0;
    reg [1:0] offers = 0, wants = 0;
    reg rst = 1, offered = 0, wanted = 0, held = 0;
    reg [{result_bits} - 1:0] kept = 0;
    wire [{operand_bits} - 1:0] operand = operands[taken];
    wire [{result_bits} - 1:0] result;
    wire in_ready, out_valid;
    integer file;

    function [31:0] shuffled(input [31:0] word);  // Marsaglia's xorshift
        reg [31:0] x;
        begin
            x = word ^ (word << 13);
            x = x ^ (x >> 17);
            shuffled = x ^ (x << 5);
        end
    endfunction

    function goes(input [1:0] mode, input [2:0] dice);
        goes = mode == 0 || (mode == 1 && dice[0]) || (mode == 2 && dice[1:0] == 0);
    endfunction

    wire [31:0] next = shuffled(draws);
    wire takes = offered & in_ready;
    wire more = taken + {{31'b0, takes}} < {count};

    {name} unit (
{connections}
    );

    initial begin
        $readmemh("{operands}", operands);
        file = $fopen("{results}", "w");
    end

    always @(posedge clk) begin
        cycle <= cycle + 1;
        draws <= next;
        rst <= cycle < 3;
        if (next[31:28] == 0) offers <= next[1:0];
        if (next[27:24] == 0) wants <= next[3:2];
        if (cycle > 4) begin
            // Whoever has offered something keeps offering it.
            offered <= (offered & ~in_ready) | (more & goes(offers, next[10:8]));
            wanted <= goes(wants, next[14:12]);
            if (takes) taken <= taken + 1;
            if (out_valid & wanted) $fdisplay(file, "%h", result);
            held <= out_valid & ~wanted;
            kept <= result;
            if (held & (~out_valid | (result !== kept))) changed <= changed + 1;
        end
        if (cycle == {cycles} + 4) begin
            $fdisplay(file, "%0d %0d", taken, changed);
            $fclose(file);
            $finish;
        end
    end
endmodule
"""

_CLOCK = """\
module clocked;
    reg clk = 0;
    always #1 clk = ~clk;
    {top} bench (.clk(clk));
endmodule
"""

_MAIN = """\
#include "Vtop.h"
int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vtop top{&context};
    while (!context.gotFinish()) {
        top.clk = !top.clk;
        top.eval();
    }
    top.final();
}
"""


@dataclass(frozen=True)
class Flow:
    """What went through a unit in streams.

    Attributes
    ----------
    taken
        Operands that it took.
    results
        What came out, in this order: all outputs side by side, the first one lowest.
    expected
        What has to come of the operands taken, at last.
    depth
        Results that may still be on their way.
    changed
        Cycles in which a result that nobody wanted yet was taken back, or became another.
    """

    taken: int
    results: list[int]
    expected: list[int]
    depth: int
    changed: int

    @property
    def problem(self) -> str | None:
        """What is wrong, if anything is."""
        given = len(self.results)
        for place, (found, wanted) in enumerate(zip(self.results, self.expected, strict=False)):
            if found != wanted:
                return f"result {place} is {found:#x}, not {wanted:#x}"
        if given > len(self.expected):
            return f"{given} results of {len(self.expected)}"
        if given < len(self.expected) - self.depth:
            return f"{given} results of {len(self.expected)}, and {self.depth} can be on their way"
        if self.changed:
            return f"results were taken back in {self.changed} cycles"
        return None


def play_stalled(
    config: Config,
    kind: StreamKind,
    directory: Path,
    *,
    cycles: int,
    seed: int = 1,
    simulator: Simulator = "icarus",
) -> Flow:
    """Simulate the Verilog of a unit in streams, both of whose sides stall at random.

    Parameters
    ----------
    config
        The unit.
    kind
        Which streams, as for `gen.emit.generate`.
    directory
        Where the files of the simulation go.
    cycles
        Clock cycles after the reset.
    seed
        Of operands and stalls.
    simulator
        Icarus starts at once, Verilator is faster in the end.

    Raises
    ------
    ToolError
        If a tool is missing or fails.
    """
    made = generate(config, kind)
    unit = unit_of(config)
    rng = np.random.default_rng(seed)
    operands = dict(get_stimuli(config.unit).random(unit.params, cycles, rng))
    words = list(_words(operands, unit.operands))
    (directory / OPERANDS).write_text("".join(f"{word:x}\n" for word in words))
    bench = _bench_of(made.manifest, unit, cycles, seed)
    _simulate({"unit.v": made.verilog, "bench.v": bench}, directory, simulator)
    *lines, last = (directory / RESULTS).read_text().split("\n")[:-1]
    taken, changed = map(int, last.split())
    expected: list[int] = []
    if taken:
        answers, due = unit.respond(part_of(operands, 0, taken))
        chosen = {name: codes[due] for name, codes in answers.items()}
        expected = list(_words(chosen, unit.results))
    # A unit without a clock has no place for a result, but one may wait in front of it.
    results = [int(line, 16) for line in lines]
    return Flow(taken, results, expected, made.manifest["stream"]["depth"], changed)


def _words(codes: Codes, ports: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Return the ports' codes side by side, the first port lowest, one number a cycle."""
    for start in range(0, count_of(codes), _CHUNK):
        part = part_of(codes, start, start + _CHUNK)
        bits = np.hstack([_bits(part[p["name"]], p["width"] // p["lanes"]) for p in ports])
        rows = np.packbits(bits, axis=1, bitorder="little")
        yield from (int.from_bytes(row.tobytes(), "little") for row in rows)


def _bits(codes: NDArray[Any], width: int) -> NDArray[np.uint8]:
    """Return the bits of codes, lane 0 and the lowest bit of each first."""
    flat = codes.reshape(len(codes), -1, 1).astype(np.uint64)
    places = np.arange(width, dtype=np.uint64)
    return (flat >> places & np.uint64(1)).astype(np.uint8).reshape(len(codes), -1)


def _bench_of(manifest: Mapping[str, Any], unit: Unit, cycles: int, seed: int) -> str:
    """Return the Verilog around a module in streams."""
    clocked = manifest["clock"] is not None
    connections = {"clk": "clk", "rst": "rst"} if clocked else {}
    sides = {"operand": unit.operands, "result": unit.results}
    if manifest["stream"]["kind"] == "axi":
        names = [f"{side}_axis_{part}" for side in "sm" for part in ("tvalid", "tready")]
        connections |= {"s_axis_tdata": "operand", "m_axis_tdata": "result"}
        widths = {p["name"]: p["width"] for p in manifest["ports"]}
        bits = {"operand": widths["s_axis_tdata"], "result": widths["m_axis_tdata"]}
    else:
        names = ["in_valid", "in_ready", "out_valid", "out_ready"]
        bits = {side: sum(p["width"] for p in ports) for side, ports in sides.items()}
        for side, ports in sides.items():
            low = 0
            for port in ports:
                connections[port["name"]] = f"{side}[{low + port['width'] - 1}:{low}]"
                low += port["width"]
    connections |= dict(zip(names, ("offered", "in_ready", "out_valid", "wanted"), strict=True))
    return _BENCH.format(
        top=TOP,
        name=manifest["name"],
        connections=",\n".join(f"        .{port}({wire})" for port, wire in connections.items()),
        operand_bits=bits["operand"],
        result_bits=bits["result"],
        count=cycles,
        cycles=cycles,
        seed=2 * seed + 1,  # never zero, which xorshift would keep
        operands=OPERANDS,
        results=RESULTS,
    )


def _simulate(files: Mapping[str, str], directory: Path, simulator: Simulator) -> None:
    log = directory / LOG
    if simulator == "verilator":
        program = build_program(TOP, files, _MAIN, log)
        run("simulation", [program, *RANDOM_START], cwd=directory, log=log)
        return
    icarus = find_icarus()
    files = {**files, "clock.v": _CLOCK.format(top=TOP)}
    for name, text in files.items():
        (directory / name).write_text(text)
    compile_ = [icarus.iverilog, "-g2012", "-o", "bench.vvp", "-s", "clocked", *files]
    run("iverilog", compile_, cwd=directory, log=log)
    run("vvp", [icarus.vvp, "-n", "bench.vvp"], cwd=directory, log=log)
