"""Two small units, written by hand, with the manifests and models that generated ones have."""

from contextlib import contextmanager

import numpy as np

from cosim.build import build_bulk, build_cycle
from cosim.checker import Checker
from cosim.simulation import Crew
from cosim.unit import Unit


def port(name, direction, width, role, fmt=None, *, lanes=1):
    return {
        "name": name,
        "dir": direction,
        "width": width,
        "lanes": lanes,
        "format": fmt,
        "role": role,
    }


SUM = """\
module tree (
    input in_valid, input [14:0] a, input [11:0] b,
    output out_valid, output [39:0] y, output [9:0] low
);
    assign out_valid = in_valid;
    assign y = 40'h8000000000 + b + a[4:0] + a[9:5] + a[14:10];
    assign low = {a[9:5], a[4:0]};
endmodule
"""
"""Combinational: y = 2^39 + b + the sum of three lanes of a; low is the first two lanes again."""

SUM_PORTS = [
    port("in_valid", "in", 1, "valid"),
    port("a", "in", 15, "data", "uint5", lanes=3),
    port("b", "in", 12, "data", "uint12"),
    port("out_valid", "out", 1, "valid"),
    port("y", "out", 40, "data", "uint40"),
    port("low", "out", 10, "data", "uint5", lanes=2),
]


def sum_model(_params, operands):
    a, b = operands["a"].astype(np.uint64), operands["b"].astype(np.uint64)
    return {"y": np.uint64(1 << 39) + b + a.sum(axis=1), "low": operands["a"][:, :2].copy()}


def sum_unit(model=sum_model):
    manifest = {"name": "tree", "latency": 0, "ports": SUM_PORTS, "clock": None, "reset": None}
    return Unit(manifest, {}, model)


def random_sums(count, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "a": rng.integers(0, 32, (count, 3), np.uint8),
        "b": rng.integers(0, 4096, count, np.uint16),
    }


RUNNING = """\
module running (
    input clk, input rst, input in_valid, input [7:0] x, input first,
    output reg out_valid, output reg [7:0] y
);
    reg valid, start;
    reg [7:0] held;
    always @(posedge clk) begin
        held <= x;
        start <= first;
        valid <= in_valid;
        out_valid <= valid;
        if (valid) y <= held + (start ? 8'd0 : y);
        if (rst) begin
            valid <= 0;
            out_valid <= 0;
            y <= 0;
        end
    end
endmodule
"""
"""y = the sum of all x since `first`, modulo 256; latency 2."""

RUNNING_PORTS = [
    port("clk", "in", 1, "clock"),
    port("rst", "in", 1, "reset"),
    port("in_valid", "in", 1, "valid"),
    port("x", "in", 8, "data", "uint8"),
    port("first", "in", 1, "control"),
    port("out_valid", "out", 1, "valid"),
    port("y", "out", 8, "data", "uint8"),
]


def running_model(_params, operands):
    total = np.cumsum(operands["x"].astype(np.int64))
    before = np.concatenate([[0], total[:-1]])
    starts = np.maximum.accumulate(np.where(operands["first"] != 0, np.arange(len(total)), 0))
    return {"y": (total - before[starts]).astype(np.uint8)}


def running_unit(model=running_model):
    manifest = {
        "name": "running",
        "latency": 2,
        "ports": RUNNING_PORTS,
        "clock": "clk",
        "reset": "rst",
    }
    return Unit(manifest, {}, model)


LATE = """\
module late (
    input clk, input rst, input in_valid, input [7:0] x, input last,
    output reg out_valid, output reg [7:0] y
);
    reg [7:0] sum;
    always @(posedge clk) begin
        out_valid <= in_valid && last;
        if (in_valid) begin
            y <= sum + x;
            sum <= last ? 8'd0 : sum + x;
        end
        if (rst) begin
            sum <= 0;
            out_valid <= 0;
        end
    end
endmodule
"""
"""y = the sum of all x since the last `last`, modulo 256, with that only; latency 1."""

LATE_PORTS = [
    port("clk", "in", 1, "clock"),
    port("rst", "in", 1, "reset"),
    port("in_valid", "in", 1, "valid"),
    port("x", "in", 8, "data", "uint8"),
    port("last", "in", 1, "control"),
    port("out_valid", "out", 1, "valid"),
    port("y", "out", 8, "data", "uint8") | {"lsb": -3},
]


def late_model(_params, operands):
    last = operands["last"] != 0
    total = np.cumsum(operands["x"].astype(np.int64))
    before = np.concatenate([[0], np.where(last, total, 0)[:-1]])
    sums = total - np.maximum.accumulate(before)
    return {"y": sums.astype(np.uint8), "out_valid": last}


def late_unit():
    manifest = {"name": "late", "latency": 1, "ports": LATE_PORTS, "clock": "clk", "reset": "rst"}
    return Unit(manifest, {}, late_model)


def random_sequence(count, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.integers(0, 256, count, np.uint8),
        "first": (rng.random(count) < 0.1).astype(np.uint8),
    }


def with_gaps(operands, resets=(), seed=2):
    """Return the operands with a random valid port and resets in these cycles."""
    count = len(next(iter(operands.values())))
    rst = np.zeros(count, np.uint8)
    rst[list(resets)] = 1
    valid = np.random.default_rng(seed).integers(0, 2, count, np.uint8)
    return operands | {"in_valid": valid} | ({"rst": rst} if resets else {})


@contextmanager
def checker_of(unit, verilog, directory, *, rows=256, cycle_in=None, most=1):
    """Simulate a unit with the bulk bench, or with the plain one in the simulator `cycle_in`."""
    log = directory / "build.log"
    if cycle_in is None:
        model = build_bulk(unit.manifest, verilog, log)
    else:
        model = build_cycle(unit.manifest, verilog, log, cycle_in)
    with Crew(model, unit.ports, rows, directory, most) as crew:
        yield Checker(unit, crew)
