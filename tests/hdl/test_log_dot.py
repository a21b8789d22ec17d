# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

import random
import re

import pytest

from hdl.formats import parse_format
from hdl.log_dot import LogDot
from tests.hdl.simulate import run_pipeline


def log_dot(name, lanes=1, **options):
    return LogDot(parse_format(name), lanes, **options)


def play(unit, cycles):
    """Return y, y_log and overflow in the cycles that have a result."""
    driven = [{"in_valid": 1, **cycle} for cycle in cycles]
    idle = {"in_valid": 0, "first": 0, "last": 0}
    got = run_pipeline(
        unit, driven + [idle] * (unit.latency + 1), "out_valid", "y", "y_log", "overflow"
    )
    return [(cycle, *rest) for cycle, (valid, *rest) in enumerate(got) if valid]


def word(*codes):
    return sum(code << 8 * i for i, code in enumerate(codes))


def test_worked_sum():
    # 1.0 * 2^(3/8) - 2^(1/2) * 2^(1/4) + 2^(1/8) * 2^(1/4): exponents 131 = 16.3 twice, 134 = 16.6.
    # (2 * 332 - 431) * 2^16 = 233 * 2^16, and 2^(-1/8) is the number nearest to 233/256.
    unit = log_dot("log4.3", 3)
    a, b = word(0x40, 0xC4, 0x41), word(0x43, 0x42, 0x42)
    assert play(unit, [{"first": 1, "last": 1, "a": a, "b": b}]) == [(1, 233 << 16, 0x3F, 0)]


def test_weight_of_the_linear_result():
    y = next(port for port in log_dot("log4.3", 3, drop=5).ports if port.name == "y")
    # 2^5 dropped, 8 fraction bits of the constants, 2 * 64 / 8 of the biases.
    assert (y.format, y.lsb) == (parse_format("int42"), 5 - 8 - 16)


def test_long_sums_come_in_words():
    y = next(port for port in log_dot("log5.3", 32).ports if port.name == "y")
    # 2^6 + 5 + 1 bits a bin, and 12 for the constants: 82.
    assert (y.format, y.width, y.lanes) == (None, 82, 2)


def test_carry_of_the_fraction_reaches_the_integer():
    # 1.7 + 0.1 = 2.0 in EI.EF: 2^2 in the bin of remainder 0, times 256.
    unit = log_dot("log4.3")
    assert play(unit, [{"first": 1, "last": 1, "a": 0x0F, "b": 0x01}])[0][1] == 4 << 8


def test_top_midpoint_wraps():
    # 2^(15/8) + 2^(-22/8) = 3.668 + 0.149 = 3.817, whose half, 1.908, is below the last midpoint,
    # 1.915: 2^(15/8). With 2^(-20/8) = 0.177 it is 1.922, beyond: 2^(16/8).
    unit = log_dot("log4.3", 2, accumulator="linear")
    cycles = [
        {"first": 1, "last": 1, "a": word(0x4F, small), "b": word(0x40, 0x40)}
        for small in (0x2A, 0x2C)
    ]
    assert [y_log for _, _, y_log, _ in play(unit, cycles)] == [0x4F, 0x50]


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("stages", [0, 3])
def test_first_and_last(lanes, stages):
    # Powers of two in every cycle: y counts them.
    unit = log_dot("log3.0", lanes, stages=stages)
    pattern = [(1, 0), (0, 1), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0), (0, 1)]
    one = {"a": 0x4, "b": 0x4}
    got = play(unit, [{"first": f, "last": e} | one for f, e in pattern])
    unit_of_y = 1 << (8 + 8)
    assert [(cycle, y // unit_of_y) for cycle, y, _, _ in got] == [
        (cycle + stages + 1, count) for cycle, count in ((1, 2), (3, 4), (4, 1), (7, 2))
    ]


def test_overflow_is_sticky_until_first():
    # Bins of 6 bits hold -32 to 31; 2^4 twice is one too many, and -2^4 brings it back to 15.
    unit = log_dot("log2.1", bin_width=6)
    up, down = {"a": 0x4, "b": 0x4}, {"a": 0xC, "b": 0x4}
    cycles = [up, up, down, up]
    got = play(unit, [{"first": k in (0, 3), "last": 1} | c for k, c in enumerate(cycles)])
    assert [(y >> 8, overflow) for _, y, _, overflow in got] == [(16, 0), (31, 1), (15, 1), (16, 0)]


def test_serial_finish_beside_the_next_sum():
    # Two bins: a result every other cycle, two cycles later than from a parallel finish.
    cycles = [
        {"first": k % 2 == 0, "last": k % 2, "a": 0x4 + k, "b": 0x5 + k % 3} for k in range(8)
    ]
    serial, parallel = (
        play(log_dot("log3.1", finish=finish), cycles) for finish in ("serial", "parallel")
    )
    assert len(parallel) == 4
    assert serial == [(cycle + 2, *rest) for cycle, *rest in parallel]


def test_serial_finish_does_not_hear_a_last_that_comes_early():
    # Four bins. The row without in_valid does not count: cycle 6 is the fourth valid one after 1.
    unit = log_dot("log2.2", finish="serial")
    lasts = [1, 2, 4, 6]
    one = {"a": 0x8, "b": 0x8}
    cycles = [{"first": k == 0, "last": k in lasts, "in_valid": k != 3} | one for k in range(9)]
    got = play(unit, cycles)
    assert [(cycle, y >> 12) for cycle, y, _, _ in got] == [(1 + 5, 2), (6 + 5, 6)]


@pytest.mark.parametrize("options", [{}, {"accumulator": "pairs"}], ids=["signed", "pairs"])
def test_sorted_lanes_have_the_same_sums(options):
    rng = random.Random(1)
    cycles = [
        {"first": k % 5 == 0, "last": 1, "a": rng.getrandbits(20), "b": rng.getrandbits(20)}
        for k in range(60)
    ]
    plain, pairs, all_four = (
        play(log_dot("log2.2", 4, sort=sort, **options), cycles) for sort in (1, 2, 4)
    )
    assert len(plain) == 60
    assert plain == pairs == all_four


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("e4m3", {}, "format = e4m3 is no log format"),
        (
            "log7.0",
            {},
            "format = log7.0: a log format of this unit has up to 6 integer and 6 fraction bits",
        ),
        (
            "log4.3b90",
            {},
            "format = log4.3b90: twice the bias is no multiple of 2^3, so that y would have no "
            "power of two as its unit",
        ),
        ("log4.3", {"lanes": 0}, "lanes = 0 is not in 1..1024"),
        ("log4.3", {"drop": 31}, "drop = 31 is not in 0..30"),
        ("log4.3", {"lut_entries": 3}, "lut_entries = 3 is no power of two up to 2^3"),
        ("log4.3", {"bin_width": 1}, "bin_width = 1 is not in 2..256"),
        ("log4.3", {"finish": "late"}, "finish = 'late' is not one of parallel, serial"),
        ("log4.0", {"finish": "serial"}, "finish = 'serial' needs more than one bin"),
        ("log4.3", {"lanes": 6, "sort": 4}, "sort = 4 is no power of two that divides 6 lanes"),
        ("log4.3", {"lanes": 6, "sort": 3}, "sort = 3 is no power of two that divides 6 lanes"),
        ("log4.0", {"lanes": 2, "sort": 2}, "sort needs more than one bin"),
        ("log4.3", {"stages": 65}, "stages = 65 is not in 0..64"),
    ],
)
def test_what_cannot_be_built(name, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        log_dot(name, **options)
